"""No kernel reads or writes outside of an array, or where a number cannot lie: each under AddressSanitizer."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from .on_cpu import sanitizer

ROOT = Path(__file__).parents[2]
ASAN = sanitizer("libasan.so")

pytestmark = pytest.mark.skipif(ASAN is None, reason="g++ with AddressSanitizer is not installed")


def run_every_kernel(*change):
    """Python is not built for the sanitizer: its library has to be there first, and what Python keeps is no leak."""
    environment = os.environ | {
        "LD_PRELOAD": str(ASAN),
        "ASAN_OPTIONS": "detect_leaks=0",
        "PYTHONPATH": os.pathsep.join(str(ROOT / part) for part in (".", "backends", "tests/fake_device")),
    }
    command = [sys.executable, "-m", "tests.gpu.every_kernel", *change]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


def test_every_kernel_keeps_to_its_arrays():
    done = run_every_kernel()
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    "change",
    [
        ("row + i < rows ? row + i : row", "row + i"),
        ("at >= B * H", "at > B * H"),
    ],
    ids=["a row too many in a product", "a thread too many in a step"],
)
def test_one_number_too_many_is_found(change):
    assert "heap-buffer-overflow" in run_every_kernel(*change).stderr
