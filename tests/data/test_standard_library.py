"""Python's own library as text, and what stands in for it where there are no sources."""

from __future__ import annotations

import ast
import builtins
import symtable
import sysconfig

import pytest

from tinygrad_seq.data import ByteVocab, fallback, stdlib
from tinygrad_seq.data.generated import PROGRAMS, program


@pytest.fixture
def library(tmp_path, monkeypatch):
    """A standard library of our own, with enough text to count as one."""
    root = tmp_path / "python"
    filling = "x = 1\n" * 40_000
    files = {
        "zlast.py": b"z = 'last'\r\n",
        "abc.py": filling.encode(),
        "json/decoder.py": "# -*- coding: latin-1 -*-\nname = 'é'\n".encode("latin-1"),
        "json/data.txt": b"no source",
        "empty.py": b"",
        "bad.py": b"# -*- coding: nonsense -*-\n",
        "worse.py": b"caf\xe9\n",
        "_sysconfigdata__linux.py": b"secret = '/home/somebody'\n",
        "config-3.11-linux/python-config.py": b"secret\n",
    }
    for name in ("test", "tests", "idlelib", "encodings", "pydoc_data", "lib2to3", "site-packages", "__pycache__"):
        files[f"{name}/module.py"] = b"skipped = True\n"
        files[f"package/{name}/module.py"] = b"skipped = True\n"
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)
    monkeypatch.setattr(sysconfig, "get_paths", lambda: {"stdlib": str(root)})
    return root


def test_sources_come_sorted_by_path_and_decoded_by_their_own_cookie(library):
    corpus = stdlib()
    assert [document.name for document in corpus.documents] == ["abc.py", "json/decoder.py", "zlast.py"]
    assert corpus.text.endswith("# -*- coding: latin-1 -*-\nname = 'é'\nz = 'last'\n")
    assert corpus.source.startswith("3 files of Python 3.")
    assert corpus.source.endswith("'s standard library (2 unreadable files skipped)")


def test_a_rare_character_is_unknown_to_the_library_vocabulary(library):
    corpus = stdlib()
    assert "é" not in corpus.vocab.symbols
    assert corpus.vocab.has_unknown
    assert isinstance(stdlib(vocab="bytes").vocab, ByteVocab)
    assert stdlib(vocab="bytes").sha256 == corpus.sha256


def test_without_sources_it_falls_back_and_says_so(tmp_path, monkeypatch):
    for root in (tmp_path, tmp_path / "python311.zip"):
        monkeypatch.setattr(sysconfig, "get_paths", lambda root=root: {"stdlib": str(root)})
        assert stdlib().source.startswith("generated fallback text: ")
        assert stdlib().sha256 == fallback().sha256


def test_the_real_library_is_large_python_text():
    corpus = stdlib()
    if corpus.source.startswith("generated"):
        pytest.skip("this interpreter ships no sources")
    assert 6_000_000 < len(corpus) < 20_000_000
    assert 300 < len(corpus.documents) < 1000
    assert 90 < len(corpus.vocab) < 130
    assert "def " in corpus.text
    train, held_out = corpus.split(0.1)
    assert not {d.name for d in train.documents} & {d.name for d in held_out.documents}
    assert abs(len(held_out) / len(corpus) - 0.1) < 0.02


def test_the_fallback_is_the_same_on_every_machine():
    corpus = fallback()
    assert len(corpus) >= 200_000
    assert corpus.sha256 == "80945fed0f010c691b6a4e50b7aadf239de71a6a5de3009aa55a43fec36d649a"
    assert len(corpus.documents) == PROGRAMS


def test_every_fallback_program_parses_and_defines_the_names_it_uses():
    for seed in range(PROGRAMS):
        text = program(seed)
        ast.parse(text)
        table = symtable.symtable(text, "program", "exec")
        defined = {symbol.get_name() for symbol in table.get_symbols() if symbol.is_assigned() or symbol.is_namespace()}
        assert undefined(table, defined | set(dir(builtins)) | {"__class__"}) == set()


def undefined(table, known):
    free = {s.get_name() for s in table.get_symbols() if s.is_referenced() and s.is_global()} - known
    return free.union(*(undefined(child, known) for child in table.get_children()))


def test_fallback_programs_differ():
    assert len({program(seed) for seed in range(PROGRAMS)}) == PROGRAMS
