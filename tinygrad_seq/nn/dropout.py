"""Dropout: noise that training has to get along with."""

from __future__ import annotations

from .. import functional as F
from ..tensor import Tensor
from .module import Module

__all__ = ["Dropout"]


class Dropout(Module):
    """In training y = x m / (1 - p), where each m is 0 with probability p, else 1; in evaluation y = x.

    The mask is a function of (seed, step, draw), so that a run repeats bit for bit; where several processes share a
    batch, it is that of the whole batch, whose rows are told apart along `batch_axis`. Source: Srivastava et al., 2014.
    """

    def __init__(self, p: float = 0.5, batch_axis: int = 0) -> None:
        self.p, self.batch_axis = p, batch_axis

    def forward(self, x: Tensor) -> Tensor:
        """Return x with its noise."""
        return F.dropout(x, self.p, self.training, batch_axis=self.batch_axis)

    def extra_repr(self) -> str:
        """Return the settings."""
        return f"p={self.p}" + (f", batch_axis={self.batch_axis}" if self.batch_axis else "")
