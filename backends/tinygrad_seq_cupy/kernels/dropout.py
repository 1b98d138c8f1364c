"""Dropout: one launch forward, one back, and no mask in memory; it stands in dropout.cu."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np

from tinygrad_seq.backend import Buffers, Key

from .device import Device
from .sources import function
from .uniform import counters, uniform, words

__all__ = ["DropoutKernel"]


class DropoutKernel:
    """y = x m and dx = dy m, with the same m drawn twice."""

    def __init__(self, on: Device) -> None:
        self.on = on

    def forward(self, *arrays: Any, training: bool, **static: Any) -> tuple[tuple[Any, ...], Buffers]:
        return (self.masked(arrays[0], **static),), {}

    def backward(
        self,
        dys: tuple[Any, ...],
        arrays: tuple[Any, ...],
        outputs: tuple[Any, ...],
        buffers: Buffers,
        wanted: Sequence[bool],
        **static: Any,
    ) -> Sequence[Any]:
        return [self.masked(dys[0], **static)]

    def masked(self, x: Any, p: float, key: Key) -> Any:
        """Return x m. float16 takes the mask of its own numbers, which are drawn as float32 and rounded."""
        on, dtype, count = self.on, np.dtype(x.dtype), prod(x.shape)
        if dtype == np.float16:
            return x * (on.xp.astype(uniform(on, key, x.shape, dtype) >= p, dtype) / (1 - p))
        out, kept = on.empty(x.shape, dtype), dtype.type(1) / dtype.type(1 - p)
        given = (on.contiguous(x, dtype), out, count, dtype.type(p), kept, *words(on, key))
        on.launch(function("dropout_apply"), dtype, counters(count, dtype), *given)
        return out
