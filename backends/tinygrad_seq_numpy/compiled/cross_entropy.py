"""Softmax and cross-entropy, compiled: a row of scores is read twice, and its exponentials are written once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tinygrad_seq.backend import Buffers

from ..kernels.cross_entropy import CrossEntropyKernel
from ..kernels.memory import empty
from .jit import SOURCES, TYPES, compiled_and_kept
from .layout import plain
from .row import exponentials, largest
from .shards import in_shards

__all__ = ["CompiledCrossEntropy"]

COST = 8  # multiplications that an exponential is worth, for the shards


class CompiledCrossEntropy(CrossEntropyKernel):
    """L_n = ln s_n - (z_n,y - m_n) with s_n = sum_k e^(z_nk - m_n), m_n the largest score of the row."""

    def obstacle(self, dtype: Any) -> str:
        """Return why numbers of a type go through NumPy, empty where they do not."""
        return "" if dtype in TYPES else "only float32 and float64 are compiled"

    def forward(self, *arrays: Any, training: bool, **static: Any) -> tuple[tuple[np.ndarray, ...], Buffers]:
        z, y, counts = arrays
        if z.dtype not in TYPES:
            return super().forward(*arrays, training=training, **static)
        rows, V = counts.size, z.shape[-1]
        e, s, L = empty((rows, V), z.dtype), np.empty(rows, z.dtype), np.empty(rows, z.dtype)
        given = plain(z).reshape(rows, V), *in_rows(y, counts)
        in_shards(lambda first, stop: losses(*given, e, s, L, first, stop), rows, rows * V * COST)
        L += np.log(s)
        return (L.reshape(y.shape),), {"e": e, "s": s} if training else {}

    def backward(
        self,
        dys: tuple[np.ndarray, ...],
        arrays: tuple[Any, ...],
        outputs: tuple[Any, ...],
        buffers: Buffers,
        wanted: Sequence[bool],
        **static: Any,
    ) -> Sequence[Any]:
        z, y, counts = arrays
        if z.dtype not in TYPES:
            return super().backward(dys, arrays, outputs, buffers, wanted, **static)
        e, s = buffers["e"], buffers["s"]
        dz, rows = empty(e.shape, e.dtype), len(s)
        given = plain(dys[0]).reshape(rows), *in_rows(y, counts)
        in_shards(lambda first, stop: gradients(*given, e, s, dz, first, stop), rows, e.size)
        return [dz.reshape(z.shape), None, None]


def in_rows(y: np.ndarray, counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the classes and which of them count, as the loops read them: one number a row."""
    return plain(y.astype(np.int64, copy=False)).reshape(-1), plain(counts).reshape(-1)


def losses_of(sources: str) -> Any:
    @compiled_and_kept
    def losses(z: Any, y: Any, counts: Any, e: Any, s: Any, L: Any, first: Any, stop: Any) -> None:
        """Write e, s and L - ln s of the rows that count; of the others s = 1 and L = 0."""
        _ = sources
        for n in range(first, stop):
            s[n], L[n] = 1, 0
            if counts[n]:
                m_n = largest(z[n])
                s[n] = exponentials(z[n], m_n, e[n])
                L[n] = m_n - z[n, y[n]]

    return losses


losses = losses_of(SOURCES)


def gradients_of(sources: str) -> Any:
    @compiled_and_kept
    def gradients(dL: Any, y: Any, counts: Any, e: Any, s: Any, dz: Any, first: Any, stop: Any) -> None:
        """Write dz of some rows."""
        _ = sources
        for n in range(first, stop):
            e_n, dz_n = e[n], dz[n]
            if counts[n]:
                share = dL[n] / s[n]
                for k in range(len(dz_n)):
                    dz_n[k] = e_n[k] * share
                dz_n[y[n]] -= dL[n]
            else:
                dz_n[:] = 0

    return gradients


gradients = gradients_of(SOURCES)
