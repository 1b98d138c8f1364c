"""`demo`: a run, a page, and figures beside what counting gives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import tinygrad_seq.cli.demo as module
import tinygrad_seq.train.settings as reading
from tinygrad_seq.cli.words import known_share
from tinygrad_seq.data import Corpus
from tinygrad_seq.errors import FolderInUseError
from tinygrad_seq.train.lock import held
from tinygrad_seq.train.run import Run

Call = Callable[..., Any]


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """A little text and a net to match; the recipe itself is for minutes, not for tests."""
    recipe = replace(module.RECIPE, hidden_size=8, batch_size=4, seq_length=8, validation=0.1)
    monkeypatch.setattr(module, "RECIPE", recipe)
    files = [(f"{i}.py", f"def __init__(self, x{i}):\n    return {i}\n" * 10) for i in range(10)]
    corpus = Corpus.from_documents(files, source="10 files of a standard library")
    monkeypatch.setattr(reading, "stdlib", lambda **options: corpus)


def test_it_leaves_a_run_and_a_page(call: Call) -> None:
    done = call("demo", "--steps", 10)
    assert done.code == 0, done
    written = {
        ".lock",
        "best.safetensors",
        "config.json",
        "demo.html",
        "graph.html",
        "last.safetensors",
        "log.jsonl",
        "previous.safetensors",
        "vocab.json",
    }
    assert {path.name for path in Path("runs/demo").iterdir()} == written
    page = Path("runs/demo/demo.html").read_text("utf-8")
    for shown in ("<svg", "unigram", "bigram", "Early, after step 1", "Middle, after step 3", "Late, after step 10"):
        assert shown in page
    for said in (
        "(unigram)",
        "(bigram)",
        "Backend: numpy",
        "bigram floor",
        "words that the last sample adds",
        "demo.html",
    ):
        assert said in done.out
    assert "Next:    tinygrad-seq sample runs/demo" in done.out
    assert "grammar" not in done.out
    assert len(Run.open("runs/demo").model().generate("def ", length=5)) == 9


def test_again_it_takes_the_next_free_folder(call: Call) -> None:
    for folder in ("shown", "shown-2", "shown-3"):
        assert f"Wrote:   {folder}:" in call("demo", "--steps", 2, "--out", "shown").out


def test_the_time_decides_the_steps(call: Call) -> None:
    done = call("demo", "--minutes", 0.01, "--cell", "rnn")
    assert done.code == 0, done
    assert f"Plan:    {Run.open('runs/demo').settings.steps:,} steps, about 0.01 min" in done.out


def test_meanwhile_nobody_else_trains_in_its_folder(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    watch = module.watch

    def tries(run: Run, *of: Any, **options: Any) -> None:
        with pytest.raises(FolderInUseError), held(run.folder):
            pass
        watch(run, *of, **options)

    monkeypatch.setattr(module, "watch", tries)
    done = call("demo", "--steps", 2)
    assert done.code == 0, done
    with held("runs/demo"):
        pass


def test_it_says_what_it_fell_back_to(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    corpus = Corpus.from_text("def __init__(self):\n    pass\n" * 50, source="generated text")
    monkeypatch.setattr(reading, "stdlib", lambda **options: corpus)
    done = call("demo", "--steps", 2)
    assert done.code == 0, done
    assert "no sources of its library; a text made by a grammar" in done.out


def test_the_share_of_known_words_leaves_out_the_last() -> None:
    assert known_share("one two three fou", {"one", "three"}) == pytest.approx(2 / 3)
    assert known_share("", {"one"}) == 0
