"""Kernels of the fused operations compiled by numba: a whole sequence without the GIL, a part of the batch a thread."""

from __future__ import annotations

import numpy as np

from tinygrad_seq.backend import Call, Kernel, Program

from ..kernels.gru import gru as gru_of_form
from ..kernels.lstm import LSTM
from ..kernels.mlstm import MLSTM
from ..kernels.rnn import RNN
from .cross_entropy import CompiledCrossEntropy
from .gru import as_gru
from .lstm import as_lstm
from .mlstm import as_mlstm
from .packed import packed
from .products import ShardedProducts
from .program import runner
from .rnn import as_rnn
from .sequence import CompiledKernel

__all__ = ["KERNELS", "check"]

KERNELS: dict[str, Kernel] = {
    "RNNSequence": CompiledKernel(RNN, 1, as_rnn),
    "LSTMSequence": CompiledKernel(LSTM, 2, as_lstm),
    "GRUSequence": CompiledKernel(gru_of_form, 1, as_gru),
    "MLSTMSequence": CompiledKernel(MLSTM, 2, as_mlstm),
    "CrossEntropy": CompiledCrossEntropy(),
}


def check() -> None:
    """Compile a small function: whatever is wrong with the compiler or its cache is raised here."""
    products, ones = ShardedProducts(), np.ones((2, 2), np.float32)
    products.times(ones, products.table(np.zeros(2, int), ones, 2))
    program = runner(Program((Call("add", (0, 1), 0),), arrays=2, constants=(), scratch=0), ones.dtype)
    if program is not None:
        program([[ones, np.ones_like(ones)]])
    packed(ones)
