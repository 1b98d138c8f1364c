"""What the tests of modules share: the same numbers on each run, and every kind of recurrent module by name."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from functools import partial
from importlib.util import find_spec

import numpy as np
import pytest
from tinygrad_seq_cupy.kernels import kernels_on
from tinygrad_seq_cupy.kernels.device import Chip

import tinygrad_seq as tg
from tinygrad_seq import nn
from tinygrad_seq.backend import get_backend, use_backend
from tinygrad_seq.errors import BackendUnavailableError

from ..gpu.on_cpu import NOTHING, OnCpu

NETS = {
    "rnn-tanh": nn.RNN,
    "rnn-relu": partial(nn.RNN, nonlinearity="relu"),
    "lstm": nn.LSTM,
    "gru": nn.GRU,
    "gru-reset-before": partial(nn.GRU, reset_after=False),
    "mlstm": nn.MLSTM,
    "mlstm-weight-norm": partial(nn.MLSTM, weight_norm=True),
}
CELLS = {
    "rnn-tanh": nn.RNNCell,
    "rnn-relu": partial(nn.RNNCell, nonlinearity="relu"),
    "lstm": nn.LSTMCell,
    "gru": nn.GRUCell,
    "gru-reset-before": partial(nn.GRUCell, reset_after=False),
    "mlstm": nn.MLSTMCell,
    "mlstm-weight-norm": partial(nn.MLSTMCell, weight_norm=True),
}


CHIPS = {
    "cuda-on-cpu": NOTHING,
    "grid-on-cpu": Chip(capability=70, multiprocessors=13, memory=1 << 17),
    "clusters-on-cpu": Chip(capability=90, multiprocessors=17, memory=1 << 17),
}


@pytest.fixture(autouse=True)
def _seed() -> None:
    tg.manual_seed(0)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.fixture(scope="session", params=NETS)
def net_of(request: pytest.FixtureRequest):
    """The constructor of a sequence module, once for each kind: `net_of(input_size, hidden_size, ...)`."""
    return NETS[request.param]


@pytest.fixture(scope="session", params=CELLS)
def cell_of(request: pytest.FixtureRequest):
    """The constructor of a cell, once for each kind."""
    return CELLS[request.param]


@pytest.fixture(scope="session", params=NETS)
def net_and_cell_of(request: pytest.FixtureRequest):
    """Both constructors of one kind."""
    return NETS[request.param], CELLS[request.param]


@pytest.fixture(scope="module", params=["numpy", "compiled", *CHIPS, "cuda"])
def kernel_table(request: pytest.FixtureRequest) -> Iterator[str]:
    """Run a test with the kernels in NumPy, with those that numba compiles, and with those for GPUs.

    The last ones run from their text on the CPU, on arrays of the fake device, three ways: step by step, and whole
    sequences by a grid and by clusters; and on a GPU where there is one.
    """
    if request.param == "compiled" and not find_spec("numba"):
        pytest.skip("the compiled kernels need the extra [fast]")
    if request.param in CHIPS and shutil.which("g++") is None:
        pytest.skip("g++ compiles the kernels for the CPU")
    backend = "fake" if request.param in CHIPS else "cupy" if request.param == "cuda" else "numpy"
    try:
        get_backend(backend)
    except BackendUnavailableError as error:
        pytest.skip(str(error))
    with pytest.MonkeyPatch.context() as patch, use_backend(backend):
        patch.setenv("TINYGRAD_SEQ_NUMBA", "1" if request.param == "compiled" else "0")
        if backend == "fake":
            patch.setattr(get_backend("fake"), "kernels", kernels_on(OnCpu("fake", CHIPS[request.param])))
        yield request.param
