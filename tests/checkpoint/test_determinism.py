"""The determinism contract: the same machine, versions, threads and batch give the same bits; else it is said."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tinygrad_seq.checkpoint import content_hash, load
from tinygrad_seq.train.environment import environment

TINY = ("--hidden", "8", "--batch-size", "4", "--seq-length", "10", "--steps", "4", "--dropout", "0.2")


def train(folder: Path, *arguments: object, **environ: str) -> str:
    """Train in a process of its own; return what it printed."""
    done = subprocess.run(
        [sys.executable, "-m", "tinygrad_seq", "train", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=True,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path), **environ},
    )
    return done.stdout


def digest(run: Path) -> str:
    """The content's hash: safetensors orders the metadata in a file as it likes."""
    arrays, about = load(run / "last.safetensors")
    return content_hash(arrays, about)


@pytest.fixture
def text(tmp_path: Path) -> Path:
    path = tmp_path / "text.txt"
    path.write_text("to be or not to be, that is the question:\n" * 12)
    return path


@pytest.mark.host("processes of their own, which know no fake device")
def test_two_processes_train_the_same_bits_whatever_their_hash_seed(text: Path, tmp_path: Path) -> None:
    for name in ("1", "2"):
        train(tmp_path, text, "--out", name, *TINY, PYTHONHASHSEED=name)
    assert digest(tmp_path / "1") == digest(tmp_path / "2")


@pytest.mark.host("processes of their own, which know no fake device")
def test_a_run_resumed_on_another_number_of_threads_says_so(text: Path, tmp_path: Path) -> None:
    train(tmp_path, text, "--out", "run", *TINY, OPENBLAS_NUM_THREADS="1")
    said = train(tmp_path, "--resume", "run", "--steps", 6, OPENBLAS_NUM_THREADS="2")
    if "blas_threads" not in said:
        pytest.skip("this BLAS has one thread at most here")
    assert "It began elsewhere" in said
    assert "blas_threads 1, now 2" in said
    assert "the last digits may come out otherwise" in said


@pytest.mark.host("processes of their own, which know no fake device")
def test_a_run_resumed_with_other_kernels_or_on_another_processor_says_so(text: Path, tmp_path: Path) -> None:
    train(tmp_path, text, "--out", "run", *TINY)
    config = tmp_path / "run" / "config.json"
    saved = json.loads(config.read_text())
    saved["environment"] |= {"kernels": "of another kind", "instructions": "of 1971"}
    config.write_text(json.dumps(saved))
    said = train(tmp_path, "--resume", "run", "--steps", 6)
    assert "kernels of another kind, now" in said
    assert "instructions of 1971, now" in said


def test_the_environment_names_all_that_decides_the_last_digits() -> None:
    assert environment().keys() == {
        *("tinygrad_seq", "python", "numpy", "platform", "blas", "blas_threads", "kernels", "instructions", "ranks"),
    }
    assert all(environment().values())
