"""`--help` teaches, `doctor` looks without touching, and the entry points are light."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import tinygrad_seq
from tinygrad_seq.backend import get_backend
from tinygrad_seq.cli import backend, checks
from tinygrad_seq.errors import BackendUnavailableError
from tinygrad_seq.train import blas

Call = Callable[..., Any]


@pytest.mark.parametrize(
    "command", ["demo", "train", "sample", "eval", "cells", "gates", "steer", "graph", "grads", "doctor"]
)
def test_help_shows_an_example(call: Call, command: str) -> None:
    done = call(command, "--help")
    assert done.code == 0
    assert f"• tinygrad-seq {command}" in done.out


def test_help_lists_the_commands_and_where_to_begin(call: Call) -> None:
    for arguments in (["--help"], ["-h"]):
        done = call(*arguments)
        assert done.code == 0
        assert "Begin with: tinygrad-seq demo" in " ".join(done.out.split())
        assert all(
            f"│ {command} " in done.out
            for command in ("demo", "train", "eval", "cells", "gates", "steer", "grads", "doctor")
        )


def test_a_module_run_is_the_command(start: Callable[..., subprocess.Popen[str]]) -> None:
    out, err = start("--version").communicate(timeout=60)
    assert (out, err) == (f"tinygrad-seq {tinygrad_seq.__version__}\n", "")


def test_the_entry_point_loads_nothing_before_it_is_called() -> None:
    program = f"""
import sys
sys.path[:] = {sys.path!r}
import tinygrad_seq.cli
print({{"typer", "rich"}} & set(sys.modules))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


def test_doctor_says_what_there_is_and_which_backend_auto_takes(call: Call) -> None:
    done = call("doctor")
    assert done.code == 0, done
    names = [line.partition(":")[0] for line in done.out.splitlines()]
    for name in ("Python", "tinygrad_seq", "NumPy", "BLAS", "kernels", "CuPy", "backend", "Graphviz"):
        assert name in names
    assert "auto takes" in done.out
    assert "Next: tinygrad-seq demo" in done.out


def test_a_missing_package_is_mended_by_one_command(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    requirements = [
        checks.Requirement("numpy", ""),
        checks.Requirement("nonesuch", ""),
        checks.Requirement("absent", "fast"),
    ]
    monkeypatch.setattr("tinygrad_seq.cli.doctor.requirements", lambda: requirements)
    monkeypatch.setattr(checks, "requirements", lambda: requirements)
    done = call("doctor")
    assert done.code == 1
    assert "without nonesuch" in done.out
    assert "pip install nonesuch" in done.out.replace(" --python " + sys.executable, "")
    assert "extra [fast]:" in done.out
    assert "Not ready" in done.out


def test_what_the_package_needs_is_read_from_its_metadata(monkeypatch: pytest.MonkeyPatch) -> None:
    class Installed:
        requires = (
            "numpy>=2.0",
            'numba>=0.61; extra == "fast"',
            "mpich>=4; platform_system != 'Windows' and extra == 'mpi'",
            'tinygrad_seq[test]; extra == "dev"',
        )

    monkeypatch.setattr(checks, "distribution", lambda name: Installed)
    assert checks.requirements() == [("numpy", ""), ("numba", "fast"), ("mpich", "mpi")]


def test_graphviz_is_not_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    found = checks.dot()
    assert "nothing" in found.state or "pygraphviz" in found.state
    assert not found.is_broken


def test_a_cupy_that_breaks_on_import_breaks_nothing(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "cupy.py").write_text("import os; print('no device'); os._exit(139)")
    (tmp_path / "tinygrad_seq_cupy").mkdir()
    (tmp_path / "tinygrad_seq_cupy/__init__.py").write_text("class CupyBackend:\n    def __init__(self): import cupy")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    found = checks.cupy()
    assert found.state == "installed, but it does not work (no device)"
    assert not found.is_broken
    assert "cupy" not in sys.modules


def test_what_keeps_cupy_from_running_is_told_with_its_cure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "ASK_CUPY", "print('It is too old.\\n    Update it.'); raise SystemExit(1)")
    assert checks.cupy() == ("CuPy", "It is too old.", "Update it.", False)


@pytest.mark.parametrize(("there", "said"), [(True, True), (False, False)], ids=["installed", "not-installed"])
def test_auto_says_in_one_line_why_an_installed_cupy_does_not_run(
    train: Call, monkeypatch: pytest.MonkeyPatch, there: bool, said: bool
) -> None:
    def refuse(name: str) -> Any:
        raise BackendUnavailableError("CuPy has no luck.\n    Try again.")

    monkeypatch.setattr(backend, "get_backend", refuse)
    monkeypatch.setattr(backend, "find_spec", lambda name: there or None)
    done = train("--backend", "auto", "--steps", "1")
    assert done.code == 0, done
    lines = [line for line in done.err.splitlines() if "NumPy" in line]
    assert lines == ["Computing with NumPy: CuPy has no luck. tinygrad-seq doctor says more."] * said


def test_one_of_several_gpus_is_asked_for_by_its_number(train: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    """The fake device stands in for the second GPU."""
    asked = []

    def second(name: str) -> Any:
        asked.append(name)
        return get_backend("fake:0")

    monkeypatch.setattr(backend, "get_backend", second)
    done = train("--backend", "cupy:1", "--steps", "2")
    assert done.code == 0, done
    assert asked == ["cupy:1"]


@pytest.mark.skipif(blas.openblas("get_num_threads") is None, reason="NumPy has another library than OpenBLAS")
@pytest.mark.skipif(blas.cpus() < 2, reason="one CPU")
@pytest.mark.parametrize(("told", "threads"), [("", 1), ("2", 2)])
def test_blas_takes_one_thread_unless_it_is_told_how_many(
    start: Callable[..., subprocess.Popen[str]], monkeypatch: pytest.MonkeyPatch, told: str, threads: int
) -> None:
    for name in blas.THREAD_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", told)
    out, _ = start("doctor").communicate(timeout=60)
    assert f", {threads} thread" in out
