"""Dropout: noise that training has to get along with."""

from __future__ import annotations

from .. import functional as F
from ..tensor import Tensor
from .module import Module

__all__ = ["Dropout"]


class Dropout(Module):
    """In training y = x m / (1 - p), where each m is 0 with probability p, else 1; in evaluation y = x.

    The mask is a function of (seed, step, draw), so that a run repeats bit for bit. Source: Srivastava et al., 2014.
    """

    def __init__(self, p: float = 0.5) -> None:
        self.p = p

    def forward(self, x: Tensor) -> Tensor:
        """Return x with its noise."""
        return F.dropout(x, self.p, self.training)

    def extra_repr(self) -> str:
        """Return the settings."""
        return f"p={self.p}"
