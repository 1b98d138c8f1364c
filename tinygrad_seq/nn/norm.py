"""Layer normalisation."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import functional as F
from ..tensor import Tensor
from .module import Module, Parameter

__all__ = ["LayerNorm"]


class LayerNorm(Module):
    """y = (x - mean x) / sqrt(var x + eps) * weight + bias, over the last axis.

    Shapes: x and y (..., size), weight and bias (size,), starting as 1 and 0. Source: Ba et al., 2016.
    """

    def __init__(self, size: int, eps: float = 1e-5, dtype: Any = "float32") -> None:
        self.size, self.eps = size, eps
        self.weight = Parameter(np.ones(size), dtype=dtype)
        self.bias = Parameter(np.zeros(size), dtype=dtype)

    def forward(self, x: Tensor) -> Tensor:
        """Return x with mean 0 and variance 1 in each row, scaled and shifted."""
        return F.layer_norm(x, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        """Return the settings."""
        return f"{self.size}, eps={self.eps}"
