"""Layer normalisation in one go: sums over rows and columns are products, and nothing is computed twice."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tinygrad_seq.backend import Buffers

__all__ = ["LayerNormKernel"]


class LayerNormKernel:
    """u = (x - mean x) / s, s = sqrt(var x + eps), y = u w + b;  dx = (du - mean du - u mean(du u)) / s, du = dy w."""

    def forward(self, *arrays: Any, training: bool, **static: Any) -> tuple[tuple[np.ndarray, ...], Buffers]:
        x, w, b = arrays
        rows = in_rows(x)
        u = rows - mean(rows)[:, None]
        r = 1 / np.sqrt(mean(u, u) + u.dtype.type(static["eps"]))
        u *= r[:, None]
        y = u if w is None else u * w
        if b is not None:
            y = y + b if y is u else np.add(y, b, out=y)
        elif y is u and training:
            y = u.copy()
        dtype = np.result_type(*(a for a in arrays if a is not None))
        return (y.reshape(x.shape).astype(dtype, copy=False),), {"u": u, "r": r} if training else {}

    def backward(
        self,
        dys: tuple[np.ndarray, ...],
        arrays: tuple[Any, ...],
        outputs: tuple[Any, ...],
        buffers: Buffers,
        wanted: Sequence[bool],
        **static: Any,
    ) -> Sequence[Any]:
        x, w, _ = arrays
        u, r = buffers["u"], buffers["r"]
        dy = in_rows(dys[0])
        dx = dw = db = None
        if wanted[0]:
            du = dy if w is None else dy * w
            dx = u * mean(du, u)[:, None]
            dx += mean(du)[:, None]
            np.subtract(du, dx, out=dx)
            dx *= r[:, None]
            dx = dx.reshape(x.shape)
        if wanted[1]:
            dw = np.einsum("nh,nh->h", dy, u)
        if wanted[2]:
            db = np.ones(len(dy), dtype=dy.dtype) @ dy
        return [dx, dw, db]


def in_rows(x: np.ndarray) -> np.ndarray:
    """Return an array as (rows, H), in float32 at least: squares of float16 overflow."""
    return x.reshape(-1, x.shape[-1]).astype(np.result_type(x, np.float32), copy=False)


def mean(a: np.ndarray, b: np.ndarray | None = None) -> np.ndarray:
    """Return the mean of each row, or of its product with another row."""
    n = a.shape[-1]
    return (a @ np.ones(n, dtype=a.dtype) if b is None else np.einsum("nh,nh->n", a, b)) / n
