"""A text to train on, and programs run as processes of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def text(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("text") / "text.txt"
    path.write_text("to be or not to be, that is the question:\n" * 12)
    return path


@pytest.fixture
def start() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start `tinygrad-seq ARGUMENTS` after a program of the test's own has run in the same process."""
    processes = []

    def started(before: str, *arguments: object) -> subprocess.Popen[str]:
        program = (
            f"{before}\nimport sys\nfrom tinygrad_seq.cli import main\nsys.argv[1:] = {[*map(str, arguments)]}\nmain()"
        )
        processes.append(
            subprocess.Popen(
                [sys.executable, "-c", program],
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
