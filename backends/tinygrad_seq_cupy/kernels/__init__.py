"""Kernels of the fused operations for NVIDIA GPUs: CUDA text beside the host code that launches it."""

from __future__ import annotations

from tinygrad_seq.backend import Kernel

from .cross_entropy import CrossEntropyKernel
from .device import Device
from .dropout import DropoutKernel
from .gru import GRU
from .lstm import LSTM
from .mlstm import MLSTM
from .rnn import RNN
from .sequence import SequenceKernel

__all__ = ["kernels_on"]


def kernels_on(device: Device) -> dict[str, Kernel]:
    """Return the kernels by the name of their operation."""
    return {
        "CrossEntropy": CrossEntropyKernel(device),
        "Dropout": DropoutKernel(device),
        "RNNSequence": SequenceKernel(device, RNN, parts=1),
        "LSTMSequence": SequenceKernel(device, LSTM, parts=2),
        "GRUSequence": SequenceKernel(device, GRU, parts=1),
        "MLSTMSequence": SequenceKernel(device, MLSTM, parts=2),
    }
