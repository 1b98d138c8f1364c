"""A training on many processes ends as one: what befalls a rank is said once, and what was saved is gone on from."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tinygrad_seq.train.run import Run

pytestmark = pytest.mark.mpi

TINY = ("--hidden", "8", "--batch-size", "4", "--seq-length", "10", "--save-every", "2", "--eval-every", "4")
PROGRAM = """
import os, signal, sys
from tinygrad_seq import random
from tinygrad_seq.train.replay import Replay
take = Replay.__call__
def struck(self, batch, state):
    if random.position().step == 5 and os.environ["PMI_RANK"] == "{rank}":
        {blow}
    return take(self, batch, state)
Replay.__call__ = struck
from tinygrad_seq.cli import main
main()
"""
GO_ON = "One of 2 processes has died or was killed, and the training has ended."
DIES = "os._exit(3)"
FAILS = "raise MemoryError"
OVERFLOWS = "self.model.head.bias.data[...] = float('nan')"
IS_INTERRUPTED = "os.kill(os.getpid(), signal.SIGINT)"


def call(program: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Run `tinygrad-seq ARGUMENTS` on two processes."""
    return subprocess.run(
        ["mpiexec", "-n", "2", sys.executable, "-c", program, *map(str, arguments)],
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "TINYGRAD_SEQ_NUMBA": "0"},
    )


def struck(rank: int, blow: str, text: Path, run: Path) -> subprocess.CompletedProcess[str]:
    """What a training on two processes leaves behind if that happens to one of them in its fifth step."""
    return call(PROGRAM.format(rank=rank, blow=blow), "train", text, "--out", run, "--steps", 8, *TINY)


def losses(run: Path) -> list[float]:
    return [line["loss"] for line in Run.open(run).log()]


def check_whole_after_going_on(run: Path, text: Path, undisturbed: Path) -> None:
    """The run can be gone on with, and becomes the one that nobody disturbed, bit for bit."""
    again = call(PROGRAM.format(rank=-1, blow="pass"), "train", "--resume", run)
    assert (again.returncode, again.stderr) == (0, "")
    assert "It began elsewhere" not in again.stdout
    assert losses(run) == losses(undisturbed)


@pytest.fixture(scope="module")
def undisturbed(text: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = tmp_path_factory.mktemp("undisturbed") / "run"
    done = struck(-1, "pass", text, run)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("Text: ") == done.stdout.count("step 8 of 8") == 1
    assert ", 2 processes." in done.stdout
    return run


@pytest.mark.parametrize("rank", [0, 1])
def test_a_rank_that_dies_ends_all_and_leaves_a_run_to_go_on_with(
    rank: int, text: Path, tmp_path: Path, undisturbed: Path
) -> None:
    run = tmp_path / "a run"
    done = struck(rank, DIES, text, run)
    assert done.returncode != 0
    assert done.stderr.count(GO_ON) == 1
    assert f"mpiexec -n 2 tinygrad-seq train --resume '{run}'" in done.stderr
    assert len(losses(run)) == 4
    check_whole_after_going_on(run, text, undisturbed)


def test_a_rank_of_a_sweep_that_dies_is_explained(text: Path, tmp_path: Path) -> None:
    config = tmp_path / "sweep.toml"
    shared = f'text = ["{text}"]\nhidden_size = 8\nbatch_size = 4\nseq_length = 10\nsteps = 8\nsave_every = 2\n'
    config.write_text(f"{shared}[grid]\nseed = [1, 2]\n")
    out = tmp_path / "runs"
    done = call(PROGRAM.format(rank=1, blow=DIES), "sweep", config, "--out", out)
    assert done.returncode != 0
    assert done.stderr.count("One of 2 processes has died or was killed, and the sweep has ended.") == 1
    assert "Give the same command again: it goes on." in done.stderr
    again = call(PROGRAM.format(rank=-1, blow="pass"), "sweep", config, "--out", out)
    assert (again.returncode, again.stderr) == (0, "")
    (first, second) = [json.loads(line) for line in (out / "results.jsonl").read_text().splitlines()]
    assert (first["begun_after"], second["begun_after"]) == (4, 0)


def test_what_befalls_another_rank_alone_is_said_with_its_number(text: Path, tmp_path: Path) -> None:
    done = struck(1, FAILS, text, tmp_path / "run")
    assert done.returncode == 1
    assert "On rank 1 of 2:\nError: out of memory." in done.stderr
    assert done.stderr.count("Error: ") == 1


@pytest.mark.parametrize("rank", [0, 1])
def test_a_loss_that_is_not_finite_on_one_rank_is_explained_once(rank: int, text: Path, tmp_path: Path) -> None:
    done = struck(rank, OVERFLOWS, text, tmp_path / "run")
    assert done.returncode == 1
    assert done.stderr.count("step 5: the loss is nan.") == 1
    assert "First: Adam.step() of step 4: after it not all of head.bias is finite." in done.stderr
    assert GO_ON not in done.stderr


def test_ctrl_c_lets_all_finish_the_step_and_saves(text: Path, tmp_path: Path, undisturbed: Path) -> None:
    run = tmp_path / "run"
    done = struck(0, IS_INTERRUPTED, text, run)
    assert (done.returncode, done.stderr) == (130, "")
    assert "Stopped after step 5, which is saved." in done.stdout
    check_whole_after_going_on(run, text, undisturbed)


def test_the_others_leave_ctrl_c_to_the_first(text: Path, tmp_path: Path, undisturbed: Path) -> None:
    done = struck(1, IS_INTERRUPTED, text, tmp_path / "run")
    assert (done.returncode, done.stderr) == (0, "")
    assert losses(tmp_path / "run") == losses(undisturbed)


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (("--batch-size", 1), 1, "a batch of 1 rows leaves some of 2 processes without any"),
        (("--epochs", 1), 2, "--steps and --epochs both say how long"),
    ],
)
def test_a_wrong_call_is_told_once(
    options: tuple[object, ...], code: int, words: str, text: Path, tmp_path: Path
) -> None:
    program = PROGRAM.format(rank=-1, blow="pass")
    done = call(program, "train", text, "--out", tmp_path / "run", "--steps", 8, *TINY, *options)
    assert done.returncode == code
    assert done.stderr.count(words) == 1
    assert not (tmp_path / "run").exists()
