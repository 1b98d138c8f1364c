"""How much memory the states and gates of a model take, before they are recorded."""

from __future__ import annotations

from collections.abc import Sequence

from .module import Module
from .recurrent import Recurrent

__all__ = ["activation_bytes"]


def activation_bytes(model: Module, T: int, B: int, only: Sequence[str] | None = None) -> int:
    """Return the bytes that `record(model, only=only)` takes for T steps of B rows, on disk as in memory.

    One number for each step, row, unit, direction, layer and name.

    >>> from tinygrad_seq import nn
    >>> activation_bytes(nn.LSTM(97, 256), T=31_250, B=32, only=["c"])  # a million characters
    1024000000
    """
    return sum(
        T
        * B
        * net.hidden_size
        * net.directions
        * net.num_layers
        * net.weight_ih_l0.dtype.itemsize
        * sum(only is None or name in only for name in net.op.activations)
        for _, net in model.named_modules()
        if isinstance(net, Recurrent)
    )
