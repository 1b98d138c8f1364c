"""What all tests share: the fake device as a second backend, `--backend fake`, and the settings of Hypothesis."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from tinygrad_seq.backend import get_backend, register
from tinygrad_seq.errors import BackendUnavailableError

sys.path.insert(0, str(Path(__file__).parent / "fake_device"))

from tinygrad_seq_fake import FakeBackend

register(FakeBackend())

TESTS = Path(__file__).parent
os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"  # mpiexec may be there
CHOOSE = frozenset({"backend_name", "kernel_table", "by"})
ON_THE_HOST = {  # whole folders; a single test or file says it by the marker `host`
    "benchmarks": "what measures chooses its backends",
    "browser": "pages",
    "cli": "commands have a --backend of their own",
    "data": "texts and files",
    "exercises": "answers of a learner, in NumPy",
    "fake_device": "the device itself",
    "gpu": "kernels on the CPU",
    "kernels": "NumPy's kernels",
    "recipes": "commands have a --backend of their own",
    "reliability": "processes, files and the kernel of the system",
    "site": "pages",
    "test_findings_models.py": "what commands write",
    "test_packaging.py": "files",
    "test_readme.py": "what the README prints",
    "tutorials": "programs and what they print",
    "viz": "pictures and pages",
}

settings.register_profile("tests", deadline=None, derandomize=True, database=None, max_examples=60)
settings.load_profile("tests")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--backend fake`: what tests make by the current backend lives there, and nothing may reach it in passing.

    With `--no-skip` a test that lacks what it needs has failed.
    """
    parser.addoption("--backend", default="", help="where factories and modules make their arrays, such as fake")
    parser.addoption("--no-skip", action="store_true", help="a skipped test is a failed one")


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what needs MPI where there is none."""
    if item.get_closest_marker("mpi") and not (shutil.which("mpiexec") and importlib.util.find_spec("mpi4py")):
        pytest.skip("needs mpiexec and mpi4py: the mpi extra")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, Any, Any]:
    """With `--no-skip`, make a failure of what was skipped."""
    report = yield
    if item.config.getoption("--no-skip") and report.skipped:
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} was skipped: {report.longrepr[-1]}"
    return report


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """With `--backend`, skip what is about the host, and leave out what chooses its backends by itself: it has run."""
    if not config.getoption("--backend"):
        return
    asked = list(items)
    items.clear()
    for item in asked:
        if CHOOSE.intersection(getattr(item, "fixturenames", ())):
            config.hook.pytest_deselected(items=[item])
            continue
        items.append(item)
        folder = item.path.relative_to(TESTS).parts[0] if item.path.is_relative_to(TESTS) else ""
        marker = item.get_closest_marker("host")
        if why := marker.args[0] if marker else ON_THE_HOST.get(folder):
            item.add_marker(pytest.mark.skip(reason=f"on the host: {why}"))


@pytest.fixture(autouse=True)
def _current_backend(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the backend that was asked for the current one."""
    if name := request.config.getoption("--backend"):
        monkeypatch.setenv("TINYGRAD_SEQ_BACKEND", name)


def backends() -> list[str]:
    """The backends that can run here."""
    try:
        get_backend("cupy")
    except BackendUnavailableError:
        return ["numpy", "fake"]
    return ["numpy", "fake", "cupy"]


@pytest.fixture(params=backends())
def backend_name(request: pytest.FixtureRequest) -> str:
    """Run a test once on the NumPy backend, once on the fake device, and on a GPU where there is one."""
    return str(request.param)


@pytest.fixture(params=["NumPy", "LLVM"])
def by(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Who computes what is no sequence: NumPy's calls, or loops that are compiled, which come in with a sequence."""
    if request.param == "NumPy":
        monkeypatch.setenv("TINYGRAD_SEQ_NUMBA", "0")
    else:
        pytest.importorskip("numba", reason="compiled loops need the extra [fast]")
        monkeypatch.delenv("TINYGRAD_SEQ_NUMBA", raising=False)
        import tinygrad_seq_numpy.compiled  # noqa: F401
    return str(request.param)
