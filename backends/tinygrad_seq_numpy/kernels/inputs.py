"""The input of a sequence: vectors, or whole numbers that stand for one-hot vectors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .products import Products

__all__ = ["Input", "as_input", "table"]

Project = Callable[[slice, np.ndarray], Any]


class Dense:
    """Vectors, (n, I)."""

    def __init__(self, x: np.ndarray) -> None:
        self.x = x

    def projection(self, W: np.ndarray, b: np.ndarray | None) -> Project:
        """Return the function that writes W x + b of some of the rows."""

        def project(rows: slice, out: np.ndarray) -> None:
            np.matmul(self.x[rows], W.T, out=out)
            if b is not None:
                out += b

        return project

    def gradients(self, D: np.ndarray, weight: bool, bias: bool, by: Products) -> tuple[Any, Any]:
        """Return the gradients of W and b from D (n, G), those that are wanted."""
        return by.times(D.T, self.x) if weight else None, by.total(D) if bias else None


class OneHot:
    """Whole numbers below I, (n,): the product picks a column of W."""

    def __init__(self, x: np.ndarray, I: int) -> None:
        self.x, self.I = x, I

    def picked(self, W: np.ndarray, b: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
        """Return a table and the row of it that is W x + b of each x: the columns met, or all of them."""
        if self.x.size < self.I:
            return table(W[:, self.x], b), np.arange(self.x.size)
        return table(W, b), self.x

    def projection(self, W: np.ndarray, b: np.ndarray | None) -> Project:
        """Return the function that writes W x + b of some of the rows."""
        rows_of_W, at = self.picked(W, b)
        return lambda rows, out: np.take(rows_of_W, at[rows], axis=0, out=out, mode="clip")

    def gradients(self, D: np.ndarray, weight: bool, bias: bool, by: Products) -> tuple[Any, Any]:
        """Return the gradients of W and b from D (n, G), those that are wanted."""
        if not weight:
            return None, by.total(D) if bias else None
        dtable = by.table(self.x, D, self.I)
        # each row of D is in one row of the table
        return np.ascontiguousarray(dtable.T), dtable.sum(axis=0) if bias else None


Input = Dense | OneHot


def table(W: np.ndarray, b: np.ndarray | None) -> np.ndarray:
    """Return W x + b of every one-hot x, in rows."""
    return np.ascontiguousarray(W.T if b is None else W.T + b)


def as_input(x: np.ndarray, I: int, dtype: Any) -> Input:
    """Return the input, (T, B) or (T, B, I), by its kind, with time and batch as one axis."""
    n = x.shape[0] * x.shape[1]
    return OneHot(x.reshape(n), I) if x.ndim == 2 else Dense(x.reshape(n, I).astype(dtype, copy=False))
