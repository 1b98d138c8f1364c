"""What all timings start from: the same random numbers, on every backend that is there."""

import os
from importlib.util import find_spec

import pytest

import tinygrad_seq as tg
from tinygrad_seq.errors import BackendError

collect_ignore = ["peers"]  # it imports other libraries

SWITCH = "TINYGRAD_SEQ_NUMBA"


@pytest.fixture(autouse=True)
def seed(request):
    if "backend" in request.fixturenames:
        request.getfixturevalue("backend")
    tg.manual_seed(0)


@pytest.fixture(params=["numpy", "fast", "cupy"])
def backend(request, monkeypatch):
    """Run on NumPy alone, with the compiled kernels of the `fast` extra, and on a GPU.

    A GPU computes behind the program's back: what is timed ends with reading a number.
    """
    name = request.param
    monkeypatch.setenv(SWITCH, "1" if name == "fast" else "0")
    if name == "fast" and find_spec("numba") is None:
        pytest.skip("numba is not installed: pip install -e '.[fast]'")
    try:
        used = tg.get_backend("cupy" if name == "cupy" else "numpy")
    except (BackendError, ImportError) as e:
        pytest.skip(f"no GPU here: {e}")
    with tg.use_backend(used.name):
        yield name


def pytest_report_header():
    return f"compiled kernels: {SWITCH}={os.environ.get(SWITCH, 'unset')} outside the tests, which set it"
