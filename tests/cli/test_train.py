"""`train`: what it writes, how it goes on, and what Ctrl-C leaves."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tinygrad_seq.checkpoint import load
from tinygrad_seq.cli.ctrl_c import interruptible
from tinygrad_seq.cli.interrupt import finishing_the_step

Call = Callable[..., Any]


def log(folder: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in Path(folder, "log.jsonl").read_text().splitlines()]


def test_it_writes_a_run_and_says_where_and_what_to_do_next(train: Call) -> None:
    done = train()
    assert done.code == 0, done
    written = ["best.safetensors", "config.json", "last.safetensors", "log.jsonl", "previous.safetensors", "vocab.json"]
    assert sorted(path.name for path in Path("run").iterdir()) == [".lock", *written]
    assert [line["step"] for line in log("run")] == [1, 2, 3, 4, 5, 6]
    assert [line["step"] for line in log("run") if "held_out" in line] == [4, 6]
    assert "504 characters, 16 different" in done.out
    assert "nats (" in done.out
    assert "bits) per character" in done.out
    assert "Wrote run: " + ", ".join(written) in done.out
    assert "Next:  tinygrad-seq sample run" in done.out
    assert done.err == ""


def test_it_learns(train: Call) -> None:
    train("--steps", 60, "--lr", "0.02")
    assert log("run")[-1]["held_out"] < 0.8 * log("run")[0]["loss"]


def test_a_resumed_run_is_the_uninterrupted_one(train: Call, call: Call) -> None:
    train("--out", "whole")
    train("--out", "parts", "--steps", 3)
    done = call("train", "--resume", "parts", "--steps", 6)
    assert done.code == 0, done
    assert "Going on after step 3 of 6" in done.out
    assert [line["loss"] for line in log("parts")] == [line["loss"] for line in log("whole")]
    whole, parts = load("whole/last.safetensors")[0], load("parts/last.safetensors")[0]
    assert whole.keys() == parts.keys()
    for name, array in whole.items():
        np.testing.assert_array_equal(array, parts[name], err_msg=name)


@pytest.mark.parametrize("schedule", ["step", "exponential", "cosine", "plateau"])
def test_a_schedule_is_one_option(train: Call, schedule: str) -> None:
    options = ["--decay", "0.5", "--decay-after", "1"] if schedule != "cosine" else []
    assert train("--schedule", schedule, "--warm-up", 2, *options).code == 0
    assert log("run")[0]["lr"] == pytest.approx(0.5 * log("run")[1]["lr"])


def test_epochs_are_steps_over_the_whole_text(train: Call, text: Path, call: Call) -> None:
    done = call("train", text, "--out", "run", "--epochs", 2, "--batch-size", 4, "--seq-length", 10, "--hidden", 8)
    assert done.code == 0, done
    assert len(log("run")) == 2 * ((453 - 1) // 4 // 10)


def test_text_comes_from_standard_input(call: Call, text: Path) -> None:
    done = call("train", "-", "--steps", 1, "--out", "run", "--hidden", 4, stdin=text.read_text() * 20)
    assert done.code == 0, done
    assert "standard input" in done.out


def test_bytes_need_no_encoding(call: Call, tmp_path: Path) -> None:
    (tmp_path / "binary").write_bytes(bytes(range(256)) * 20)
    done = call("train", "binary", "--vocab", "bytes", "--steps", 1, "--out", "run", "--hidden", 4)
    assert done.code == 0, done
    assert "5,120 bytes" in done.out
    assert call("sample", "run", "--length", 20).code == 0


def test_a_run_is_not_overwritten_unless_it_is_given_up(train: Call, call: Call) -> None:
    train()
    before = Path("run/best.safetensors").read_bytes()
    refused = train("--seed", 1)
    assert (refused.code, refused.out) == (1, "")
    assert "--resume run" in refused.err
    assert Path("run/best.safetensors").read_bytes() == before
    assert train("--seed", 1, "--force").code == 0
    assert Path("run/best.safetensors").read_bytes() != before


def test_a_run_resumed_elsewhere_says_so(train: Call, call: Call) -> None:
    train("--steps", 3)
    config = json.loads(Path("run/config.json").read_text())
    Path("run/config.json").write_text(json.dumps({**config, "environment": {**config["environment"], "numpy": "1.0"}}))
    assert "It began elsewhere (numpy 1.0, now" in call("train", "--resume", "run", "--steps", 4).out
    assert (
        "It began elsewhere"
        not in train("--force", "--steps", 3).out + call("train", "--resume", "run", "--steps", 4).out
    )


def test_a_finished_run_says_how_to_go_further(train: Call, call: Call) -> None:
    train()
    done = call("train", "--resume", "run")
    assert done.code == 1
    assert "tinygrad-seq train --resume run --steps 12" in done.err


def test_a_resumed_run_keeps_its_settings(train: Call, call: Call) -> None:
    train()
    done = call("train", "--resume", "run", "--hidden", 32, "--lr", 1)
    assert done.code == 2
    assert "leave out --hidden, --lr" in " ".join(done.err.replace("│", " ").split())


@pytest.mark.skipif(sys.platform == "win32", reason="signals are Unix's")
def test_ctrl_c_finishes_the_step_and_saves(
    start: Callable[..., subprocess.Popen[str]], text: Path, call: Call
) -> None:
    process = start(
        "train", text, "--out", "run", "--steps", 100_000, "--save-every", 100_000, "--hidden", 8, "--batch-size", 2
    )
    assert process.stdout is not None
    while not process.stdout.readline().startswith("step 1 "):
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (130, "")
    assert "Next:  tinygrad-seq train --resume run" in out
    stopped_after = log("run")[-1]["step"]
    assert f"Stopped after step {stopped_after:,}, which is saved." in out
    done = call("train", "--resume", "run", "--steps", stopped_after + 1)
    assert f"Going on after step {stopped_after:,}" in done.out
    assert [line["step"] for line in log("run")] == list(range(1, stopped_after + 2))


def test_the_second_ctrl_c_stops_at_once() -> None:
    before = signal.getsignal(signal.SIGINT)
    stopped = []
    with suppress(KeyboardInterrupt), interruptible(), finishing_the_step() as asked:
        assert not asked.to_stop
        signal.raise_signal(signal.SIGINT)
        assert asked.to_stop
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        stopped.append("inside")
    assert stopped == ["inside"]
    assert signal.getsignal(signal.SIGINT) is before
