"""Kernels of the fused operations: a whole sequence in one call, in plain NumPy."""

from __future__ import annotations

from tinygrad_seq.backend import Kernel

from .gru import gru as gru_of_form
from .lstm import LSTM
from .mlstm import MLSTM
from .rnn import RNN
from .sequence import SequenceKernel

__all__ = ["KERNELS"]

KERNELS: dict[str, Kernel] = {
    "RNNSequence": SequenceKernel(RNN, parts=1),
    "LSTMSequence": SequenceKernel(LSTM, parts=2),
    "GRUSequence": SequenceKernel(gru_of_form, parts=1),
    "MLSTMSequence": SequenceKernel(MLSTM, parts=2),
}
