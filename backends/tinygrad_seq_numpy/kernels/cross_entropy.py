"""Softmax and cross-entropy in one go: one exponential of each score, and the gradient from the same numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tinygrad_seq.backend import Buffers

__all__ = ["CrossEntropyKernel"]


class CrossEntropyKernel:
    """L_n = ln s_n - z_n,y with s_n = sum_k e^z_nk;  dL_n/dz_nk = e^z_nk / s_n - [k = y]."""

    def forward(self, *arrays: Any, training: bool, **static: Any) -> tuple[tuple[np.ndarray, ...], Buffers]:
        z, y, counts = arrays
        rows, V = counts.size, z.shape[-1]
        picked = np.arange(rows) * V + y.reshape(rows)
        z = z.reshape(rows, V)
        if within_reach(z):
            e = np.exp(z)
            s = e @ np.ones(V, dtype=e.dtype)
            L = np.log(s / e.reshape(-1)[picked])
        else:
            z = z - z.max(axis=-1, keepdims=True)
            e = np.exp(z)
            s = e.sum(axis=-1)
            L = np.log(s) - z.reshape(-1)[picked]
        L = np.where(counts, L.reshape(y.shape), L.dtype.type(0))
        return (L,), {"e": e, "s": s, "picked": picked} if training else {}

    def backward(
        self,
        dys: tuple[np.ndarray, ...],
        arrays: tuple[Any, ...],
        outputs: tuple[Any, ...],
        buffers: Buffers,
        wanted: Sequence[bool],
        **static: Any,
    ) -> Sequence[Any]:
        z, _, counts = arrays
        e, s, picked = buffers["e"], buffers["s"], buffers["picked"]
        dL = np.where(counts, dys[0], s.dtype.type(0)).reshape(s.shape)
        dz = e * (dL / s)[:, None]
        dz.reshape(-1)[picked] -= dL
        return [dz.reshape(z.shape), None, None]


def within_reach(z: np.ndarray) -> bool:
    """Tell whether e^z neither overflows nor vanishes, nor its ratios: then no maximum has to be found and taken off.

    The bound is a third of the largest exponent: for a quotient of two, and for a sum over as many classes as one.
    """
    if z.dtype == np.float16 or not z.size:
        return False
    bound = np.log(np.finfo(z.dtype).max) / 3
    return bool(z.max() < bound and z.min() > -bound)
