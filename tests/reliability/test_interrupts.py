"""Ctrl-C finishes the step and saves; a second one quits at once: real signals to a real process."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from time import monotonic, sleep

import pytest

from benchmarks.reliability.interrupts import attempts
from tinygrad_seq.checkpoint import load

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals are Unix's")

TINY = ("--hidden", "8", "--batch-size", "4", "--seq-length", "10", "--save-every", "2", "--eval-every", "2")
IN_THE_FOURTH_STEP = """
from tinygrad_seq.models import CharLM
loss, steps = CharLM.loss, [0]
def slow(self, batch, state):
    steps[0] += 1
    if steps[0] == 4:
        print("slow", flush=True)
        stay()
    return loss(self, batch, state)
CharLM.loss = slow
"""


def saved(run: Path) -> int:
    return int(json.loads(load(run / "last.safetensors")[1]["training"])["step"])


def waiting(start: Callable[..., subprocess.Popen[str]], text: Path, run: Path, stay: str) -> subprocess.Popen[str]:
    """A training that stays in its fourth step; two steps were saved."""
    process = start(stay + IN_THE_FOURTH_STEP, "train", text, "--out", run, "--steps", 1000, *TINY)
    assert process.stdout is not None
    while process.stdout.readline() != "slow\n":
        assert process.poll() is None
    return process


def test_the_first_finishes_the_step_and_saves(
    start: Callable[..., subprocess.Popen[str]], text: Path, tmp_path: Path
) -> None:
    process = waiting(start, text, tmp_path / "run", "from time import sleep\nstay = lambda: sleep(1)")
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (130, "")
    assert "Stopped after step 4, which is saved." in out
    assert saved(tmp_path / "run") == 4


def test_the_second_quits_at_once_and_leaves_what_was_saved(
    start: Callable[..., subprocess.Popen[str]], text: Path, tmp_path: Path
) -> None:
    process = waiting(start, text, tmp_path / "run", "from time import sleep\nstay = lambda: sleep(600)")
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


NOT_RETURNING = {
    "compiled by NumPy's backend": """
from tinygrad_seq_numpy.compiled.jit import compiled
@compiled
def endless(x):
    while x[0] < 1.0:
        x[0] *= 0.5
    return x[0]
import numpy as np
def stay():
    endless(np.zeros(1))
endless(np.ones(1))
""",
    "of Python's library": """
from hashlib import pbkdf2_hmac
def stay():
    pbkdf2_hmac("sha256", b"", b"", 10**9)
""",
}


@pytest.mark.parametrize("kernel", NOT_RETURNING)
def test_the_second_quits_in_compiled_code_that_does_not_return(
    start: Callable[..., subprocess.Popen[str]], text: Path, tmp_path: Path, kernel: str
) -> None:
    if "compiled" in kernel:
        pytest.importorskip("numba")
    process = waiting(start, text, tmp_path / "run", NOT_RETURNING[kernel])
    process.send_signal(signal.SIGINT)
    sleep(2)
    assert process.poll() is None, "one alone is no reason to break it off"
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (130, "Interrupted.\n")
    assert "Stopped" not in out
    assert saved(tmp_path / "run") == 2


ON_IMPORT = """
import signal, sys
class Finder:
    def find_spec(self, name, *rest):
        if name == "{name}":
            print("imports it", flush=True)
            signal.raise_signal(signal.SIGINT)
sys.meta_path.insert(0, Finder())
"""


@pytest.mark.parametrize(
    "name",
    ["tinygrad_seq.cli.app", "typer", "tinygrad_seq.cli.train", "numba", "llvmlite"],
)
def test_one_that_comes_while_something_is_imported(
    start: Callable[..., subprocess.Popen[str]], text: Path, tmp_path: Path, name: str
) -> None:
    if name in ("numba", "llvmlite"):
        pytest.importorskip("numba")
    process = start(ON_IMPORT.format(name=name), "train", text, "--out", tmp_path / "run", "--steps", 10**9, *TINY)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (130, "Interrupted.\n")
    assert "imports it" in out


AT_THE_START = """
import ctypes, signal
from tinygrad_seq.train.run import Run
begin = Run.begin
def press():
    signal.raise_signal(signal.SIGINT)
class Late:
    def __del__(self):
        press()
def struck(self, training):
    {what}
    print("goes on", flush=True)
    return begin(self, training)
Run.begin = struck
"""
LOST = {
    "in a callback of C": "ctypes.CFUNCTYPE(None)(press)()",
    "in a destructor": "Late()",
    "in an except that takes all": """
    try:
        press()
    except BaseException:
        pass""",
    "in an import that takes it for its own failure": """
    try:
        press()
    except BaseException:
        raise ImportError("a module failed to import")""",
    "nowhere": "press()",
}


@pytest.mark.parametrize("where", LOST)
def test_one_that_is_lost_before_training_is_heard_all_the_same(
    start: Callable[..., subprocess.Popen[str]], text: Path, tmp_path: Path, where: str
) -> None:
    before = AT_THE_START.format(what=LOST[where])
    process = start(before, "train", text, "--out", tmp_path / "run", "--steps", 10**9, *TINY)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (130, "Interrupted.\n")
    assert ("goes on" in out) == (where == "in an except that takes all")
    assert not (tmp_path / "run" / "log.jsonl").exists()


FORKS = """
import os, signal, time
from tinygrad_seq.train.run import Run
begin = Run.begin
def forking(self, training):
    child = os.fork()
    if not child:
        signal.signal(signal.SIGINT, lambda *_: None)
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)
        os._exit(0)
    os.waitpid(child, 0)
    time.sleep(2)
    return begin(self, training)
Run.begin = forking
"""


def test_those_of_a_copy_of_the_process_are_its_own(
    start: Callable[..., subprocess.Popen[str]], text: Path, tmp_path: Path
) -> None:
    process = start(FORKS, "train", text, "--out", tmp_path / "run", "--steps", 4, *TINY)
    process.communicate(timeout=60)
    assert process.returncode == 0
    assert saved(tmp_path / "run") == 4


def test_one_that_comes_when_all_is_done(start: Callable[..., subprocess.Popen[str]]) -> None:
    at_exit = "import atexit, signal\natexit.register(signal.raise_signal, signal.SIGINT)"
    process = start(at_exit, "--version")
    _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (130, "Interrupted.\n")


@pytest.mark.parametrize("compiled", [False, True], ids=["plain", "compiled"])
def test_at_random_moments_of_a_fresh_start(tmp_path: Path, compiled: bool) -> None:
    if compiled:
        pytest.importorskip("numba")
    outcome = attempts(tmp_path, 4, compiled=compiled, seed=2)
    assert outcome.good, outcome
