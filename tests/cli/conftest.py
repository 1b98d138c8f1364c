"""A small trained run, and the command line called as a user calls it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tinygrad_seq.cli.app import app

TEXT = "to be or not to be, that is the question:\n" * 12
TINY = ("--hidden", "16", "--batch-size", "4", "--seq-length", "10", "--eval-every", "4", "--save-every", "4")


@dataclass(frozen=True)
class Called:
    """What a command left behind; `error` is what it raised, where it was told to show the traceback."""

    code: int
    out: str
    err: str
    error: BaseException | None


def called(*arguments: object, stdin: str | bytes | None = None) -> Called:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments], input=stdin, prog_name="tinygrad-seq")
    return Called(result.exit_code, result.stdout, result.stderr, result.exception)


@pytest.fixture(autouse=True)
def empty_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Every command is called in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TINYGRAD_SEQ_BACKEND", raising=False)


@pytest.fixture
def call() -> Callable[..., Called]:
    """Call a command in this process."""
    return called


@pytest.fixture
def text(tmp_path: Path) -> Path:
    """A file to train on."""
    path = tmp_path / "text.txt"
    path.write_text(TEXT)
    return path


@pytest.fixture
def train(text: Path) -> Callable[..., Called]:
    """Train a tiny model on that file, for 6 steps if nothing else is said; the run is `run`."""
    return lambda *options: called("train", text, "--out", "run", "--steps", 6, *TINY, *options)


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run of 8 steps, for reading only."""
    folder = tmp_path_factory.mktemp("trained")
    (folder / "text.txt").write_text(TEXT)
    result = called("train", folder / "text.txt", "--out", folder / "run", "--steps", 8, *TINY)
    assert result.code == 0, result
    return folder / "run"


@pytest.fixture
def start() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start a command as a process of its own."""
    processes = []

    def started(*arguments: object) -> subprocess.Popen[str]:
        processes.append(
            subprocess.Popen(
                [sys.executable, "-m", "tinygrad_seq", *map(str, arguments)],
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
            )
        )
        return processes[-1]

    yield started
    for process in processes:
        process.kill()
        process.communicate()
