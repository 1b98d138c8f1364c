"""Ctrl-C finishes the step and saves; a second one quits at once: real signals to a real process."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from time import monotonic, sleep
from types import ModuleType

import pytest

from tinygrad_seq import cli
from tinygrad_seq.checkpoint import load

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals are Unix's")

TINY = ("--hidden", "8", "--batch-size", "4", "--seq-length", "10", "--save-every", "2", "--eval-every", "2")
SLOW_FOURTH_STEP = """
from time import monotonic, sleep
from tinygrad_seq.models import CharLM
loss, steps = CharLM.loss, [0]
def slow(self, batch, state):
    steps[0] += 1
    if steps[0] == 4:
        print("slow", flush=True)
        sleep({seconds})
    return loss(self, batch, state)
CharLM.loss = slow
"""


def saved(run: Path) -> int:
    return int(json.loads(load(run / "last.safetensors")[1]["training"])["step"])


def waiting(start: Callable[..., subprocess.Popen[str]], text: Path, run: Path, seconds: int) -> subprocess.Popen[str]:
    """A training that is in its fourth step, which takes that long; two steps were saved."""
    process = start(SLOW_FOURTH_STEP.format(seconds=seconds), "train", text, "--out", run, "--steps", 1000, *TINY)
    assert process.stdout is not None
    while process.stdout.readline() != "slow\n":
        assert process.poll() is None
    return process


def test_the_first_finishes_the_step_and_saves(
    start: Callable[..., subprocess.Popen[str]], text: Path, tmp_path: Path
) -> None:
    process = waiting(start, text, tmp_path / "run", seconds=1)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (130, "")
    assert "Stopped after step 4, which is saved." in out
    assert saved(tmp_path / "run") == 4


def test_the_second_quits_at_once_and_leaves_what_was_saved(
    start: Callable[..., subprocess.Popen[str]], text: Path, tmp_path: Path
) -> None:
    process = waiting(start, text, tmp_path / "run", seconds=600)
    process.send_signal(signal.SIGINT)
    sleep(0.5)
    assert process.poll() is None, "the step is not broken off"
    before = monotonic()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert monotonic() - before < 30
    assert (process.returncode, err) == (130, "Interrupted.\n")
    assert "Stopped" not in out
    assert saved(tmp_path / "run") == 2
    assert not list((tmp_path / "run").glob(".*.tmp"))


def test_one_that_comes_before_anything_was_imported(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Interrupted(ModuleType):
        def __getattr__(self, name: str) -> object:
            raise KeyboardInterrupt

    monkeypatch.setitem(sys.modules, "tinygrad_seq.cli.app", Interrupted("app"))
    with pytest.raises(SystemExit) as end:
        cli.main()
    assert end.value.code == 130
    assert capsys.readouterr().err == "Interrupted.\n"
