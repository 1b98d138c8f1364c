"""Texts that are too short, vocabularies of one, models that are too large: the right thing, or a clear error."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Call = Callable[..., Any]

SMALL = ("--hidden", 4, "--steps", 3, "--eval-every", 1)


def refused(done: Any, *needed: str) -> None:
    assert done.code == 1, done
    assert done.err.startswith("Error: ")
    for words in needed:
        assert words in done.err


@pytest.mark.parametrize("size", [{"batch-size": 500, "seq-length": 1}, {"batch-size": 1, "seq-length": 500}])
def test_a_batch_or_a_sequence_larger_than_the_text(call: Call, text: Path, size: dict[str, int]) -> None:
    options = [f"--{name}={value}" for name, value in size.items()]
    refused(call("train", text, "--out", "run", *options), "One batch needs 501 symbols", "this text has 453", "Lower")
    assert not Path("run").exists()


def test_the_largest_batch_and_the_longest_sequence_that_the_error_names(call: Call, text: Path) -> None:
    done = call("train", text, "--out", "run", "--batch-size", 453, "--seq-length", 1, *SMALL)
    refused(done, "452 is the largest for seq_len 1")
    assert call("train", text, "--out", "a", "--batch-size", 452, "--seq-length", 1, *SMALL).code == 0
    refused(
        call("train", text, "--out", "run", "--batch-size", 1, "--seq-length", 453, *SMALL),
        "Lower seq_len (--seq-length) to 452",
    )
    assert call("train", text, "--out", "b", "--batch-size", 1, "--seq-length", 452, *SMALL).code == 0


def test_a_vocabulary_of_one_symbol_is_learned_at_once(call: Call) -> None:
    Path("a.txt").write_text("a" * 300)
    done = call("train", "a.txt", "--out", "run", "--batch-size", 4, "--seq-length", 10, *SMALL)
    assert done.code == 0, done
    assert "300 characters, 1 different" in done.out
    assert [json.loads(line)["loss"] for line in Path("run/log.jsonl").read_text().splitlines()] == [0.0] * 3
    assert call("sample", "run", "--length", 5).out.strip() == "aaaaa"
    assert call("train", "--resume", "run", "--steps", 5).code == 0


@pytest.mark.parametrize("text", ["a", "ab"])
def test_a_text_of_one_or_two_symbols(call: Call, text: str) -> None:
    Path("short.txt").write_text(text)
    refused(call("train", "short.txt", "--out", "run"))
    assert not Path("run").exists()


def test_a_model_larger_than_the_memory_is_refused_before_anything_is_written(call: Call, text: Path) -> None:
    tiny = ("--batch-size", 4, "--seq-length", 10)
    refused(
        call("train", text, "--out", "run", "--hidden", 10_000_000, *tiny),
        *("this needs about", "weights", "Nothing was begun", "--memory"),
    )
    refused(call("train", text, "--out", "run", *tiny, "--memory", 0.001), "there are 1.0 MB")
    assert not Path("run").exists()


def test_the_user_may_overrule_the_estimate_and_must_again_on_the_way(call: Call, text: Path) -> None:
    done = call("train", text, "--out", "run", "--batch-size", 4, "--seq-length", 10, *SMALL, "--memory", 1e9)
    assert done.code == 0, done
    refused(call("train", "--resume", "run", "--steps", 5, "--memory", 0.00001), "Nothing was begun")
    assert call("train", "--resume", "run", "--steps", 5, "--memory", 1).code == 0


def test_a_text_larger_than_the_memory_is_refused_before_it_is_read(call: Call) -> None:
    with Path("hollow.txt").open("wb") as hollow:
        hollow.truncate(10**12)
    done = call("train", "hollow.txt", "--out", "run")
    refused(done, "1,000,000,000,000 bytes or more", "about 25 bytes of memory for each", "Give less text", "--memory")
    assert not Path("run").exists()


def test_what_the_user_says_reaches_the_text_and_the_model(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("text.txt").write_text("to be or not to be " * 30)
    monkeypatch.setattr("tinygrad_seq.train.room.free_of_machine", lambda: 0)
    size = ("--batch-size", 4, "--seq-length", 10)
    refused(call("train", "text.txt", "--out", "run", *size, *SMALL), "570 bytes or more", "there are 0.0 kB")
    assert call("train", "text.txt", "--out", "run", *size, *SMALL, "--memory", 1).code == 0
    assert call("train", "--resume", "run", "--steps", 5, "--memory", 1).code == 0
