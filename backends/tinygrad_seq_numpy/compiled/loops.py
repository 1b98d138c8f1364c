"""The way through a sequence, there and back, compiled: all steps of some rows of the batch in one call."""

from __future__ import annotations

from typing import Any

import numpy as np

from .cell import step, step_back
from .jit import SOURCES, compiled, compiled_and_kept

__all__ = ["back", "through"]

PROJECTED = 512  # rows of the input in one product


@compiled_and_kept
def through(
    cell: Any,
    x: Any,
    W_x: Any,
    b_x: Any,
    at: Any,
    prev: Any,
    new: Any,
    kept: Any,
    mask: Any,
    reset: Any,
    reverse: Any,
    first: Any,
    stop: Any,
    sources: str = SOURCES,
) -> None:
    """Write new states and what is kept of the rows from `first` to `stop`.

    Where `at` is empty x (T B, I) are vectors, else x is a table of W_x x + b, and at (T, B) says which row of it. An
    empty mask or reset is none.
    """
    T, B, _ = new[0].shape
    rows = stop - first
    n = PROJECTED // rows + 1 if at.size == 0 else 1
    entering = np.empty((n * rows, W_x.shape[1]), x.dtype)
    projected = np.empty((n * rows, W_x.shape[0]), x.dtype)
    numbers = np.arange(n * rows)
    a = np.empty(rows * cell.width, x.dtype)
    for s in range(T):
        t = T - 1 - s if reverse else s
        if at.size == 0 and s % n == 0:
            for k in range(min(n, T - s)):
                start = (t - k if reverse else t + k) * B
                entering[k * rows : (k + 1) * rows] = x[start + first : start + stop]
            np.dot(entering, W_x.T, projected)
            for r in range(n * rows):
                add(projected[r], b_x)
        if reset.size:
            begin(prev, new, reset, s, t, t + 1 if reverse else t - 1, first, stop)
        if at.size == 0:
            k = s % n
            step(cell, a, projected, numbers[k * rows : (k + 1) * rows], prev, new, kept, t, first, stop)
        else:
            step(cell, a, x, at[t, first:stop], prev, new, kept, t, first, stop)
        if mask.size:
            for r in range(first, stop):
                if not mask[t, r]:
                    for p in range(len(new)):
                        new[p][t, r] = prev[p][t, r]


@compiled_and_kept
def back(
    cell: Any,
    dy: Any,
    dstate: Any,
    D: Any,
    prev: Any,
    new: Any,
    kept: Any,
    mask: Any,
    reset: Any,
    reverse: Any,
    first: Any,
    stop: Any,
    sources: str = SOURCES,
) -> None:
    """Write D, and turn the gradient of the last state into that of the start state, of the rows `first` to `stop`."""
    T = len(dy)
    rows = stop - first
    a = np.empty(rows * cell.width, dy.dtype)
    passed = np.empty((dstate.shape[0], rows, dstate.shape[2]), dy.dtype)
    for s in range(T):
        t = s if reverse else T - 1 - s
        for r in range(first, stop):
            if mask.size and not mask[t, r]:
                passed[:, r - first] = dstate[:, r]
                dstate[:, r] = 0
            else:
                add(dstate[0, r], dy[t, r])
        step_back(cell, a, D, dstate, prev, new, kept, t, first, stop)
        for r in range(first, stop):
            if mask.size and not mask[t, r]:
                dstate[:, r] = passed[:, r - first]
            if reset.size and reset[t, r]:
                dstate[:, r] = 0


@compiled
def add(x: Any, y: Any) -> None:
    for j in range(len(x)):
        x[j] += y[j]


@compiled
def begin(prev: Any, new: Any, reset: Any, s: int, t: int, before: int, first: int, stop: int) -> None:
    """Write the state from which step t starts: the one before it, or zero where a sequence begins."""
    for p in range(len(prev)):
        for r in range(first, stop):
            if reset[t, r]:
                prev[p][t, r] = 0
            elif s:
                prev[p][t, r] = new[p][before, r]
