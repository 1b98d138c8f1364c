"""The way through a sequence, there and back, compiled: all steps of some rows of the batch in one call."""

from __future__ import annotations

from typing import Any

import numpy as np

from .blas import dot
from .cell import step, step_back
from .jit import SOURCES, compiled, compiled_and_kept
from .rows import add

__all__ = ["back", "through"]

PROJECTED = 512  # rows of the input in one product


@compiled_and_kept
def through(
    cell: Any,
    x: Any,
    W_x: Any,
    b_x: Any,
    at: Any,
    rows: Any,
    mask: Any,
    reset: Any,
    reverse: Any,
    sources: str = SOURCES,
) -> None:
    """Write the new states and what is kept of some rows.

    Where `at` is empty x (T B, I) are vectors, else x is a table of W_x x + b, and at (T, B) says which row of it. An
    empty mask or reset is none.
    """
    prev, new, _, first, stop, _ = rows
    T, B, _ = new[0].shape
    b = stop - first
    is_dense = at.size == 0
    n = PROJECTED // b + 1 if is_dense else 1
    entering = np.empty((n * b, W_x.shape[1]), x.dtype)
    projected = np.empty((n * b, W_x.shape[0]), x.dtype)
    Wx, numbers = projected if is_dense else x, np.arange(n * b)
    a = np.empty(b * cell.scratch, x.dtype)
    for s in range(T):
        t, k = T - 1 - s if reverse else s, s % n
        if is_dense and k == 0:
            for ahead in range(min(n, T - s)):
                start = (t - ahead if reverse else t + ahead) * B
                entering[ahead * b : (ahead + 1) * b] = x[start + first : start + stop]
            dot(rows.gemm, entering, W_x.T, projected)
            for r in range(n * b):
                add(projected[r], b_x)
        if reset.size:
            begin(rows, reset, s, t, t + 1 if reverse else t - 1)
        step(cell, a, Wx, numbers[k * b : (k + 1) * b] if is_dense else at[t, first:stop], rows, t)
        if mask.size:
            for r in range(first, stop):
                if not mask[t, r]:
                    for p in range(len(new)):
                        new[p][t, r] = prev[p][t, r]


@compiled_and_kept
def back(
    cell: Any, dy: Any, dstate: Any, D: Any, rows: Any, mask: Any, reset: Any, reverse: Any, sources: str = SOURCES
) -> None:
    """Write D, and turn the gradient of the last state into that of the start state, of some rows."""
    T, (_, _, _, first, stop, _) = len(dy), rows
    b = stop - first
    a = np.empty(b * cell.scratch, dy.dtype)
    passed = np.empty((dstate.shape[0], b, dstate.shape[2]), dy.dtype)
    for s in range(T):
        t = s if reverse else T - 1 - s
        for r in range(first, stop):
            if mask.size and not mask[t, r]:
                passed[:, r - first] = dstate[:, r]
                dstate[:, r] = 0
            else:
                add(dstate[0, r], dy[t, r])
        step_back(cell, a, D, dstate, rows, t)
        for r in range(first, stop):
            if mask.size and not mask[t, r]:
                dstate[:, r] = passed[:, r - first]
            if reset.size and reset[t, r]:
                dstate[:, r] = 0


@compiled
def begin(rows: Any, reset: Any, s: Any, t: Any, before: Any) -> None:
    """Write the state from which step t starts: the one before it, or zero where a sequence begins."""
    prev, new, _, first, stop, _ = rows
    for p in range(len(prev)):
        for r in range(first, stop):
            if reset[t, r]:
                prev[p][t, r] = 0
            elif s:
                prev[p][t, r] = new[p][before, r]
