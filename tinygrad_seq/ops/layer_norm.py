"""Normalisation over the last axis."""

from __future__ import annotations

from typing import Any

from ..engine import FusedOp
from .elementwise import Rsqrt
from .reduce import Mean


class LayerNorm(FusedOp):
    """y = (x - mean x) / sqrt(var x + eps) * w + b over the last axis

    Shapes: x and y (..., H), w and b (H,) or None.
    """

    @staticmethod
    def reference(x: Any, w: Any, b: Any, *, eps: float) -> tuple[Any, ...]:
        centred = x - Mean.apply(x, axis=-1, keepdims=True)
        variance = Mean.apply(centred * centred, axis=-1, keepdims=True)
        y = centred * Rsqrt.apply(variance + eps)
        if w is not None:
            y = y * w
        return (y if b is None else y + b,)
