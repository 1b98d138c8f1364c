"""A sweep and its workers live and die together, and no two processes train in one folder."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from time import monotonic, sleep

import pytest

from tinygrad_seq.checkpoint import load
from tinygrad_seq.train.lock import held
from tinygrad_seq.train.run import LAST
from tinygrad_seq.train.sweep import RESULTS

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals of Unix")

PATIENCE = 120
ENDLESS = 100_000_000
CONFIG = """
text = ["{text}"]
batch_size = 4
seq_length = 10
hidden_size = 6
steps = 4
save_every = 2
eval_every = 1000
[grid]
seed = [1, 2]
"""
TINY = ("--hidden", 6, "--batch-size", 4, "--seq-length", 10, "--save-every", 2, "--eval-every", 1000)
Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def begin() -> Iterator[Start]:
    """Begin a command as a process that leads a group of its own: none of it outlives the test."""
    processes = []

    def begun(*arguments: object) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "tinygrad_seq", *map(str, arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "TINYGRAD_SEQ_NUMBA": "0"},
        )
        processes.append(process)
        return process

    yield begun
    for process in processes:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


@pytest.fixture
def config(text: Path, tmp_path: Path) -> Path:
    file = tmp_path / "sweep.toml"
    file.write_text(CONFIG.format(text=text))
    return file


def wait_for(*files: Path) -> None:
    """Wait until these files are there."""
    patient_until = monotonic() + PATIENCE
    while not all(file.exists() for file in files):
        assert monotonic() < patient_until, f"one of {files} has not been written"
        sleep(0.02)


def checkpoints(out: Path) -> list[Path]:
    return [out / f"seed={seed}" / LAST for seed in (1, 2)]


def ended(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    """Wait for a process and for all that have its output: its workers."""
    out, err = process.communicate(timeout=PATIENCE)
    return process.returncode, out, err


def check_all_done(process: subprocess.Popen[str], out: Path) -> None:
    code, _, err = ended(process)
    assert (code, err) == (0, "")
    results = [json.loads(line) for line in (out / RESULTS).read_text().splitlines()]
    assert sorted(result["run"] for result in results) == ["seed=1", "seed=2"]
    assert all(result["step"] == 4 for result in results)


def test_a_sweep_that_is_killed_takes_its_workers_along_and_can_be_begun_anew_at_once(
    begin: Start, config: Path, tmp_path: Path
) -> None:
    out = tmp_path / "runs"
    sweep = begin("sweep", config, "--out", out, "--processes", 2, "--steps", ENDLESS)
    wait_for(*checkpoints(out))
    sweep.kill()
    sweep.wait()  # for it alone
    again = begin("sweep", config, "--out", out, "--processes", 2)
    ended(sweep)
    check_all_done(again, out)


def test_ctrl_c_ends_a_sweep_and_its_workers_at_once(begin: Start, config: Path, tmp_path: Path) -> None:
    out = tmp_path / "runs"
    sweep = begin("sweep", config, "--out", out, "--processes", 2, "--steps", ENDLESS)
    wait_for(*checkpoints(out))
    os.killpg(sweep.pid, signal.SIGINT)
    code, _, err = ended(sweep)
    assert (code, err) == (130, "Interrupted.\n")
    check_all_done(begin("sweep", config, "--out", out, "--processes", 2), out)


@pytest.mark.skipif(sys.platform != "linux", reason="finds the worker in /proc")
def test_a_worker_that_dies_is_explained(begin: Start, config: Path, tmp_path: Path) -> None:
    out = tmp_path / "runs"
    sweep = begin("sweep", config, "--out", out, "--processes", 2, "--steps", ENDLESS)
    wait_for(*checkpoints(out))
    os.kill(workers_of(sweep.pid)[0], signal.SIGKILL)
    code, printed, err = ended(sweep)
    assert code == 1
    assert "Error: a process of this sweep has died or was killed" in err
    assert "2 of 2 runs have no result yet. Give the same command again: it goes on." in err
    assert "bug" not in err + printed
    assert "Wrote" not in printed
    assert not (out / RESULTS).exists()
    check_all_done(begin("sweep", config, "--out", out, "--processes", 2), out)


def workers_of(parent: int) -> list[int]:
    """Return the processes that train: spawned by that one."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            is_child = int((folder / "stat").read_text().rpartition(")")[2].split()[1]) == parent
            if is_child and b"spawn_main" in (folder / "cmdline").read_bytes():
                found.append(int(folder.name))
        except FileNotFoundError:
            pass
    return found


def test_a_run_that_cannot_be_trained_now_is_trained_by_the_next_call(
    begin: Start, config: Path, tmp_path: Path
) -> None:
    out = tmp_path / "runs"
    out.mkdir()
    (out / "seed=1").touch()  # where its folder belongs
    code, printed, err = ended(begin("sweep", config, "--out", out, "--processes", 1))
    assert code == 1
    assert "seed=1: not finished: Error: " in printed
    assert "1 of 2 runs have no result yet" in err
    (out / "seed=1").unlink()
    check_all_done(begin("sweep", config, "--out", out, "--processes", 1), out)


def test_a_folder_that_is_trained_in_is_left_alone_until_that_process_is_dead(
    begin: Start, text: Path, config: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    training = begin("train", text, "--out", run, *TINY, "--steps", ENDLESS)
    wait_for(run / LAST)
    words = f"{run} is in use: another process is training in it."
    for arguments in (("--resume", run), (text, "--out", run, "--force", *TINY)):
        code, printed, err = ended(begin("train", *arguments))
        assert (code, printed) == (1, "")
        assert words in err
    assert words in ended(begin("sweep", config, "--out", run))[2]
    assert training.poll() is None
    training.kill()
    ended(training)
    step = json.loads(load(run / LAST)[1]["training"])["step"]
    code, _, err = ended(begin("train", "--resume", run, "--steps", step + 2))
    assert (code, err) == (0, "")


def test_the_system_lets_go_of_a_folder_whose_process_is_dead(tmp_path: Path) -> None:
    holds = (
        "import sys\nfrom tinygrad_seq.train.lock import held\nwith held(sys.argv[1]): print('held'), sys.stdin.read()"
    )
    path = os.pathsep.join(filter(None, sys.path))
    with subprocess.Popen(
        [sys.executable, "-c", holds, tmp_path],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": path, "PYTHONUNBUFFERED": "1"},
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"
        other.kill()
        other.wait()
        with held(tmp_path):
            pass
