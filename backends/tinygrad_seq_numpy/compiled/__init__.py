"""Kernels of the fused operations compiled by numba: a whole sequence without the GIL, a part of the batch a thread."""

from __future__ import annotations

from tinygrad_seq.backend import Kernel

from ..kernels.lstm import LSTM
from .lstm import as_lstm
from .sequence import CompiledKernel

__all__ = ["KERNELS"]

KERNELS: dict[str, Kernel] = {"LSTMSequence": CompiledKernel(LSTM, 2, as_lstm)}
