"""Kernels of the fused operations, in plain NumPy."""

from __future__ import annotations

from tinygrad_seq.backend import Kernel

from .cross_entropy import CrossEntropyKernel
from .gru import gru as gru_of_form
from .layer_norm import LayerNormKernel
from .lstm import LSTM
from .mlstm import MLSTM
from .rnn import RNN
from .sequence import SequenceKernel

__all__ = ["KERNELS"]

KERNELS: dict[str, Kernel] = {
    "CrossEntropy": CrossEntropyKernel(),
    "LayerNorm": LayerNormKernel(),
    "RNNSequence": SequenceKernel(RNN, parts=1),
    "LSTMSequence": SequenceKernel(LSTM, parts=2),
    "GRUSequence": SequenceKernel(gru_of_form, parts=1),
    "MLSTMSequence": SequenceKernel(MLSTM, parts=2),
}
