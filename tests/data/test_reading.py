"""Files, folders and standard input; each mistake gets one line with the cure."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path

import pytest

from tinygrad_seq.data import ByteVocab, read
from tinygrad_seq.errors import DataError, OutOfMemoryError


@pytest.fixture
def folder(tmp_path):
    root = tmp_path / "notes"
    (root / "b").mkdir(parents=True)
    (root / ".git").mkdir()
    (root / "z.txt").write_text("last", encoding="utf-8")
    (root / "b" / "zebra.txt").write_text("inner\n", encoding="utf-8")
    (root / "a.txt").write_text("first\n", encoding="utf-8")
    (root / "empty.txt").touch()
    (root / "picture.png").write_bytes(b"\x89PNG\0\0")
    (root / "latin.txt").write_bytes(b"caf\xe9")
    (root / ".git" / "HEAD").write_text("hidden", encoding="utf-8")
    (root / ".hidden").write_text("hidden", encoding="utf-8")
    return root


@pytest.fixture
def stdin(monkeypatch):
    def give(raw):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(raw), encoding="ascii"))

    return give


def test_one_file_is_read_as_it_is(tmp_path):
    path = tmp_path / "poem.txt"
    path.write_text("né\u2028x", encoding="utf-8", newline="")
    corpus = read(path)
    assert corpus.text == "né\u2028x"
    assert corpus.source == str(path)
    assert read(str(path)).sha256 == corpus.sha256


def test_newlines_become_one_kind_and_a_byte_order_mark_is_dropped(tmp_path):
    path = tmp_path / "windows.txt"
    path.write_bytes(b"\xef\xbb\xbfone\r\ntwo\rthree\n")
    assert read(path).text == "one\ntwo\nthree\n"
    assert read(path, vocab="bytes").content == b"\xef\xbb\xbfone\r\ntwo\rthree\n"


def test_a_folder_gives_its_text_files_sorted_and_counts_the_binary_ones(folder):
    corpus = read(folder)
    assert corpus.text == "first\ninner\nlast\n"
    assert [document.name for document in corpus.documents] == ["a.txt", "b/zebra.txt", "z.txt"]
    assert corpus.source == f"3 files of {folder} (2 binary files skipped)"


def test_in_bytes_a_folder_gives_every_file(folder):
    corpus = read(folder, vocab=ByteVocab())
    assert corpus.content == b"first\ninner\ncaf\xe9\x89PNG\0\0last"
    assert corpus.source == f"5 files of {folder}"


def test_a_link_that_leads_back_is_not_followed(folder):
    try:
        (folder / "b" / "back").symlink_to(folder, target_is_directory=True)
    except OSError:
        pytest.skip("this system allows no links")
    assert len(read(folder).documents) == 3


def test_several_paths_are_read_in_the_order_given(folder):
    corpus = read([folder / "z.txt", str(folder / "a.txt")])
    assert corpus.text == "last\nfirst\n"
    assert corpus.source == f"{folder / 'z.txt'}, {folder / 'a.txt'}"


def test_a_dash_is_standard_input(stdin):
    stdin("né\r\n".encode())
    corpus = read("-")
    assert (corpus.text, corpus.source) == ("né\n", "standard input")


def test_rare_characters_share_the_unknown_symbol(tmp_path):
    path = tmp_path / "text.txt"
    path.write_text("aaab", encoding="utf-8")
    assert read(path, min_count=2).vocab.symbols == "a"


def test_what_is_not_utf8_is_named_with_its_byte_and_line(tmp_path):
    path = tmp_path / "latin.txt"
    path.write_bytes(b"one\ntwo caf\xe9\n")
    message = r"latin\.txt is not UTF-8: byte 0xe9 at offset 11 \(line 2\)\. Convert it .*latin-1.*--vocab bytes"
    with pytest.raises(DataError, match=message):
        read(path)
    assert read(path, vocab="bytes").content == b"one\ntwo caf\xe9\n"


def test_the_offset_counts_the_byte_order_mark(tmp_path):
    path = tmp_path / "bom.txt"
    path.write_bytes(b"\xef\xbb\xbfab\xff")
    with pytest.raises(DataError, match="offset 5 "):
        read(path)


def test_utf16_is_recognised(tmp_path):
    path = tmp_path / "wide.txt"
    path.write_text("text", encoding="utf-16")
    with pytest.raises(DataError, match=r"begins like UTF-16.*iconv -f utf-16"):
        read(path)


@pytest.mark.parametrize("content", [b"", b"\xef\xbb\xbf"])
def test_an_empty_file_is_named(tmp_path, content):
    path = tmp_path / "empty.txt"
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"empty\.txt is empty"):
        read(path)


def test_empty_standard_input_is_named(stdin):
    stdin(b"")
    with pytest.raises(DataError, match="standard input is empty"):
        read("-")


def test_a_folder_without_text_is_named(tmp_path):
    (tmp_path / "picture.png").write_bytes(b"\0")
    with pytest.raises(DataError, match=r"no text file in the folder .* \(1 binary file skipped\)"):
        read(tmp_path)


@pytest.mark.parametrize("path", ["nowhere.txt", "nowhere/at/all.txt", "", "x" * 5000, "nul\0name", "a\ud800b"])
def test_a_missing_file_or_an_impossible_name_is_a_data_error(tmp_path, monkeypatch, path):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError):
        read(path)


def test_a_missing_file_says_where_it_was_looked_for(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError, match=r"no file 'nowhere\.txt' \(looked in "):
        read("nowhere.txt")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="the superuser may read every file")
def test_a_file_without_permission_is_a_data_error(tmp_path):
    path = tmp_path / "secret.txt"
    path.write_text("x", encoding="utf-8")
    path.chmod(0)
    with pytest.raises(DataError, match="cannot be read: Permission denied"):
        read(path)


def test_no_path_is_a_data_error():
    with pytest.raises(DataError, match="No path"):
        read([])


@pytest.mark.parametrize("vocab", ["chars", "bytes"])
def test_as_many_bytes_as_are_allowed_are_read_and_not_one_more(tmp_path, vocab):
    for name in ("a.txt", "b.txt"):
        (tmp_path / name).write_bytes(b"abcde")
    paths = [tmp_path / "a.txt", tmp_path / "b.txt"]
    assert len(read(paths, vocab=vocab, most=10)) == len(read(tmp_path, vocab=vocab, most=10)) > 0
    for text in (paths, tmp_path):
        with pytest.raises(OutOfMemoryError, match="This text has 10 bytes or more, and 9 may be read"):
            read(text, vocab=vocab, most=9)


def test_of_files_that_are_too_large_none_is_opened(tmp_path, monkeypatch):
    (tmp_path / "a.txt").write_bytes(b"abcde")
    monkeypatch.setattr(Path, "open", None)
    with pytest.raises(OutOfMemoryError):
        read(tmp_path, most=4)


def test_standard_input_counts_with_the_files(stdin, tmp_path):
    (tmp_path / "a.txt").write_bytes(b"abcde")
    stdin(b"abcde")
    assert len(read([tmp_path / "a.txt", "-"], most=10)) == 12  # two newlines end them
    stdin(b"abcde")
    with pytest.raises(OutOfMemoryError, match="10 bytes or more, and 9"):
        read([tmp_path / "a.txt", "-"], most=9)


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="there is no file without an end")
def test_a_file_without_an_end_is_read_as_far_as_is_allowed():
    with pytest.raises(OutOfMemoryError, match="and 3,000,000 may be read"):
        read("/dev/zero", vocab="bytes", most=3e6)
