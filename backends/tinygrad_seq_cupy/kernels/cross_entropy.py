"""Softmax and cross-entropy: one launch forward, one back; the equations stand in loss.cu."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tinygrad_seq.backend import Buffers

from .device import Device, working
from .sources import function

__all__ = ["CrossEntropyKernel"]


class CrossEntropyKernel:
    """L_n = ln sum_k e^z_nk - z_n,y  and its gradient; float16 is computed in float32."""

    def __init__(self, on: Device) -> None:
        self.on = on

    def forward(self, *arrays: Any, training: bool, **static: Any) -> tuple[tuple[Any, ...], Buffers]:
        z, y, counts = arrays
        dtype, (n, V) = working(z), rows(z)
        L, s = self.on.empty(y.shape, dtype), self.on.empty(y.shape, dtype)
        self.on.launch(function("loss_forward"), dtype, n, *self.of_call(z, y, counts), L, s, V, rows=True)
        return (self.on.xp.astype(L, z.dtype),), {"s": s} if training else {}

    def backward(
        self,
        dys: tuple[Any, ...],
        arrays: tuple[Any, ...],
        outputs: tuple[Any, ...],
        buffers: Buffers,
        wanted: Sequence[bool],
        **static: Any,
    ) -> Sequence[Any]:
        z, y, counts = arrays
        dtype, (n, V) = working(z), rows(z)
        dz, dL = self.on.empty(z.shape, dtype), self.on.contiguous(dys[0], dtype)
        given = self.of_call(z, y, counts)
        self.on.launch(function("loss_backward"), dtype, n, *given, buffers["s"], dL, dz, V, rows=True)
        return [self.on.xp.astype(dz, z.dtype), None, None]

    def of_call(self, z: Any, y: Any, counts: Any) -> tuple[Any, Any, Any]:
        """Return the arrays as the kernels take them."""
        counts = self.on.xp.broadcast_to(counts, y.shape)
        return (
            self.on.contiguous(z, working(z)),
            self.on.contiguous(y, "int64"),
            self.on.contiguous(counts, "bool"),
        )


def rows(z: Any) -> tuple[int, int]:
    """Return how many rows of scores there are, and how many classes."""
    n = 1
    for length in z.shape[:-1]:
        n *= length
    return n, z.shape[-1]
