"""`sample` and `eval`: the model's text, the same for the same seed; its loss, in both units."""

from __future__ import annotations

import math
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tinygrad_seq.data import read
from tinygrad_seq.train import evaluate
from tinygrad_seq.train.run import Run

Call = Callable[..., Any]


def test_the_same_seed_writes_the_same_text(call: Call, trained: Path) -> None:
    one, same, other = (call("sample", trained, "--seed", seed, "--length", 50) for seed in (1, 1, 2))
    assert one.code == 0
    assert one.out == same.out
    assert one.out != other.out


def test_standard_output_is_the_text_alone(call: Call, trained: Path) -> None:
    done = call("sample", trained, "--prime", "to be", "--length", 30, "--temperature", 0.5)
    assert done.out == Run.open(trained).model().generate("to be", length=30, temperature=0.5) + "\n"
    assert "Next: tinygrad-seq sample" in done.err


def test_primetext_is_prime(call: Call, trained: Path) -> None:
    one, other = (call("sample", trained, name, "not ", "--length", 9).out for name in ("--prime", "--primetext"))
    assert one.startswith("not ")
    assert one == other


def test_the_likeliest_symbol_can_be_asked_for_in_three_ways(call: Call, trained: Path) -> None:
    ways = (["--temperature", 0], ["--top-k", 1], ["--top-p", 1e-6])
    assert len({call("sample", trained, *way, "--length", 30).out for way in ways}) == 1


def test_a_process_of_its_own_writes_what_a_call_does(
    start: Callable[..., subprocess.Popen[str]], call: Call, trained: Path
) -> None:
    out, _ = start("sample", trained, "--length", 40).communicate(timeout=60)
    assert out == call("sample", trained, "--length", 40).out


def test_eval_prints_nats_and_bits(call: Call, trained: Path, text: Path) -> None:
    done = call("eval", trained, text, "--streams", 1)
    assert done.code == 0, done
    found = re.search(r"([\d.]+) nats \(([\d.]+) bits\) per character", done.out)
    assert found is not None
    run = Run.open(trained)
    exact = evaluate(run.model(), read(text, vocab=run.vocab), streams=1)
    assert float(found[1]) == pytest.approx(exact, abs=6e-4)
    assert float(found[2]) == pytest.approx(exact / math.log(2), abs=6e-4)
    assert "Next: tinygrad-seq sample" in done.out


def test_a_model_of_bytes_is_measured_per_character_too(call: Call, tmp_path: Path) -> None:
    (tmp_path / "accents.txt").write_text("é" * 2000)
    call("train", "accents.txt", "--vocab", "bytes", "--hidden", 4, "--steps", 1, "--batch-size", 2, "--out", "run")
    done = call("eval", "run", "accents.txt")
    per_byte, per_character = (float(x) for x in re.findall(r"([\d.]+) nats", done.out))
    assert per_character == pytest.approx(2 * per_byte, rel=2e-3)
