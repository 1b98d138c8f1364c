"""The products over all rows of a sequence, in shards."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..kernels.products import Products
from .jit import SOURCES, TYPES, compiled_and_kept
from .shards import in_shards

__all__ = ["ShardedProducts"]


class ShardedProducts(Products):
    """Each thread makes some rows, or some columns, of the result: nothing is left to be added up."""

    def times(self, a: np.ndarray, b: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
        (m, k), n = a.shape, b.shape[1]
        out = np.empty((m, n), a.dtype) if out is None else out
        if m >= n:
            in_shards(lambda i, j: np.matmul(a[i:j], b, out=out[i:j]), m, m * k * n)
        else:
            in_shards(lambda i, j: np.matmul(a, b[:, i:j], out=out[:, i:j]), n, m * k * n)
        return out

    def table(self, rows: np.ndarray, D: np.ndarray, n: int) -> np.ndarray:
        if D.dtype not in TYPES:
            return super().table(rows, D, n)
        table = np.zeros((n, D.shape[1]), D.dtype)
        rows = rows.astype(np.int64) % n
        scatter(rows, D, table)  # on one thread: two, a half of the columns each, take twice as long
        return table


def scatter_of(sources: str) -> Any:
    @compiled_and_kept
    def scatter(rows: Any, D: Any, table: Any) -> None:
        _ = sources
        for k in range(len(rows)):
            of, into = D[k], table[rows[k]]
            for j in range(len(of)):
                into[j] += of[j]

    return scatter


scatter = scatter_of(SOURCES)
