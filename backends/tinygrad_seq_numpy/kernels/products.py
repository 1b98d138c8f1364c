"""The products over all rows of a sequence: what remains when the way back through its steps is done."""

from __future__ import annotations

import numpy as np

from ..indexing import add_rows

__all__ = ["Products"]


class Products:
    """By NumPy, which reads slices where they lie: `np.dot` would copy them at twice the price of the product."""

    def times(self, a: np.ndarray, b: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
        """Return a b."""
        return np.matmul(a, b, out=out)

    def total(self, D: np.ndarray) -> np.ndarray:
        """Return the sum of the rows of D."""
        return D.sum(axis=0)

    def table(self, rows: np.ndarray, D: np.ndarray, n: int) -> np.ndarray:
        """Return a table of n rows in which row k is the sum of all D[j] with rows[j] = k."""
        table = np.zeros((n, D.shape[1]), D.dtype)
        add_rows(table, rows, D)
        return table
