"""What all tests share: the fake device as a second backend, and the settings of Hypothesis."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from hypothesis import settings

from tinygrad_seq.backend import get_backend, register
from tinygrad_seq.errors import BackendUnavailableError

sys.path.insert(0, str(Path(__file__).parent / "fake_device"))

from tinygrad_seq_fake import FakeBackend

register(FakeBackend())

settings.register_profile("tests", deadline=None, derandomize=True, database=None, max_examples=60)
settings.load_profile("tests")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--backend fake`: what tests make by the current backend lives there, and nothing may reach it in passing."""
    parser.addoption("--backend", default="", help="where factories and modules make their arrays, such as fake")


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
