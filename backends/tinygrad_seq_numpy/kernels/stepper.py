"""One step after the other, without a way back: what writes text takes many of them, each given the one before."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from .cell import Cell
from .inputs import table

__all__ = ["Stepper"]


class Stepper:
    """`step(x_t, *state)` returns the next state, in new arrays; x_t (B, I), or whole numbers (B,).

    The weights are those that it was made with. What they give for all steps is made when it is first needed, and so is
    the memory of a step, once for each number of rows.
    """

    def __init__(self, cell: Callable[..., Cell], parts: int, weights: Sequence[Any]) -> None:
        self.make, self.parts, self.weights = cell, parts, weights
        self.cell = cell(0, *weights)
        self.hidden, self.dtype = self.cell.hidden, self.cell.W_x.dtype
        self.rows = -1

    def __call__(self, x_t: np.ndarray, *state: np.ndarray) -> tuple[np.ndarray, ...]:
        B = len(x_t)
        if self.rows != B:
            self.rows, self.cell = B, self.make(B, *self.weights)
            self.Wx_t = np.empty((B, len(self.cell.W_x)), self.dtype)
            self.kept = np.empty((len(self.cell.kept), 1, B, self.hidden), self.dtype)
        new = np.empty((self.parts, 1, B, self.hidden), self.dtype)
        self.advance(x_t, state, new)
        return tuple(new[:, 0])

    def advance(self, x_t: np.ndarray, state: Sequence[np.ndarray], new: np.ndarray) -> None:
        """Write the new state (parts, 1, B, H)."""
        if x_t.ndim == 1:
            np.take(self.table, x_t, axis=0, out=self.Wx_t, mode="clip")
        else:
            np.matmul(x_t, self.cell.W_x.T, out=self.Wx_t)
            if self.cell.b_x is not None:
                self.Wx_t += self.cell.b_x
        with np.errstate(over="ignore"):  # e^a = inf gives the sigmoid its limit
            self.cell.forward(self.Wx_t, state, new[:, 0], self.kept[:, 0])

    @cached_property
    def table(self) -> np.ndarray:
        """W x + b of every one-hot x."""
        return table(self.cell.W_x, self.cell.b_x)
