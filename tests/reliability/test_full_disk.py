"""A disk without room: one clear line, nothing half-written, and the run goes on when there is room again."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from tinygrad_seq.checkpoint import load
from tinygrad_seq.train.run import BEST, LAST, PREVIOUS

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="limits and file systems of Unix")

TINY = ("--hidden", "8", "--batch-size", "4", "--seq-length", "10", "--save-every", "2", "--eval-every", "2")
Start = Callable[..., subprocess.Popen[str]]

NO_FILE_LARGER = """
import resource
resource.setrlimit(resource.RLIMIT_FSIZE, ({size}, {size}))
"""


def run(start: Start, before: str, *arguments: object) -> tuple[int, str]:
    process = start(before, "train", *arguments)
    _, err = process.communicate(timeout=120)
    return process.returncode, err


def check_whole(folder: Path) -> None:
    """Whatever is there can be read."""
    assert not list(folder.glob(".*.tmp"))
    for name in (BEST, LAST, PREVIOUS):
        if (folder / name).exists():
            load(folder / name, must_have_hash=True)


@pytest.fixture(scope="module")
def whole(text: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("whole")
    arguments = ["train", text, "--out", folder / "run", "--steps", 8, *TINY]
    subprocess.run([sys.executable, "-m", "tinygrad_seq", *map(str, arguments)], check=True, capture_output=True)
    return folder / "run"


@pytest.mark.parametrize("room", ["nothing", "the log", "the best", "all but a byte of the last"])
def test_a_file_that_cannot_grow(start: Start, text: Path, tmp_path: Path, whole: Path, room: str) -> None:
    size = {
        "nothing": 100,
        "the log": (whole / "log.jsonl").stat().st_size // 2,
        "the best": (whole / BEST).stat().st_size + 10,
        "all but a byte of the last": (whole / LAST).stat().st_size - 1,
    }[room]
    folder = tmp_path / "run"
    options = ("--out", folder, "--steps", 8, *TINY)
    code, err = run(start, NO_FILE_LARGER.format(size=size), text, *options)
    assert code == 1
    assert err.startswith("Error: ")
    assert "File too large" in err
    assert "Traceback" not in err
    check_whole(folder)
    again = ("--resume", folder) if (folder / LAST).exists() else (text, *options, "--force")
    assert run(start, "", *again) == (0, "")
    for name, array in load(whole / LAST)[0].items():
        np.testing.assert_array_equal(array, load(folder / LAST)[0][name], err_msg=name)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 128 KB, where one may be mounted."""
    disk = tmp_path / "disk"
    disk.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=128k", "tmpfs", str(disk)]
    try:
        mounted = subprocess.run(command, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        mounted = False
    if not mounted:
        pytest.skip("no file system can be mounted here")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def test_a_disk_that_fills_up(start: Start, text: Path, small_disk: Path, whole: Path) -> None:
    folder = small_disk / "run"
    options = ("--out", folder, "--steps", 8, *TINY)
    assert run(start, "", text, "--out", folder, "--steps", 4, *TINY) == (0, "")
    kept = load(folder / LAST)
    filler = small_disk / "filler"
    free = os.statvfs(small_disk).f_bavail * os.statvfs(small_disk).f_frsize
    filler.write_bytes(bytes(free))
    code, err = run(start, "", "--resume", folder, "--steps", 8)
    assert code == 1
    assert "No space left on device" in err
    assert "room" in err
    check_whole(folder)
    assert load(folder / LAST)[1] == kept[1]
    filler.unlink()
    assert run(start, "", "--resume", folder, *options[2:4]) == (0, "")
    for name, array in load(whole / LAST)[0].items():
        np.testing.assert_array_equal(array, load(folder / LAST)[0][name], err_msg=name)
