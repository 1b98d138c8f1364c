"""Kernels with barriers under ThreadSanitizer: as they are no race is found, and with any barrier deleted one is."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import tinygrad_seq_cupy.kernels
from tinygrad_seq_cupy.kernels.sources import whole

HERE = Path(__file__).parent
BARRIER = re.compile(r"__syncthreads\(\);")
FILES = sorted(
    p.stem for p in Path(tinygrad_seq_cupy.kernels.__file__).parent.glob("*.cu") if BARRIER.search(p.read_text())
)


def has_thread_sanitizer() -> bool:
    """Whether g++ is here with its library."""
    if shutil.which("g++") is None:
        return False
    found = subprocess.run(["g++", "-print-file-name=libtsan.so"], capture_output=True, text=True, check=True)
    return Path(found.stdout.strip()).is_absolute()


def raced(kernels: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Build the kernels with their check, and run them on threads under ThreadSanitizer."""
    program = folder / "race.cpp"
    program.write_text("\n".join([(HERE / "cuda_on_cpu.h").read_text(), kernels, (HERE / "race.cpp").read_text()]))
    flags = ["-std=c++20", "-O1", "-g", "-fsanitize=thread", "-pthread", "-DREAL=double", "-DTHREADS=8", "-DON_THREADS"]
    subprocess.run(["g++", *flags, str(program), "-o", str(folder / "race")], check=True)
    return subprocess.run([str(folder / "race")], capture_output=True, text=True, check=False)


def test_every_file_with_a_barrier_is_run_here():
    assert FILES == ["loss"]


@pytest.mark.skipif(not has_thread_sanitizer(), reason="g++ with ThreadSanitizer is not installed")
def test_no_race_with_the_barriers_and_one_without_any_of_them(tmp_path):
    text = whole("loss")
    done = raced(text, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    barriers = list(BARRIER.finditer(text))
    assert len(barriers) == 3
    for barrier in barriers:
        done = raced(text[: barrier.start()] + ";" + text[barrier.end() :], tmp_path)
        assert "WARNING: ThreadSanitizer: data race" in done.stderr, f"line {text.count(chr(10), 0, barrier.start())}"
