"""The way through a sequence, there and back, compiled: all steps of some rows of the batch in one call."""

from __future__ import annotations

from typing import Any

import numpy as np

from .cell import step, step_back
from .jit import SOURCES, compiled, compiled_and_kept
from .packed import times
from .rows import add

__all__ = ["back", "through"]


def through_of(sources: str) -> Any:
    @compiled_and_kept
    def through(cell: Any, x: Any, W_x: Any, b_x: Any, at: Any, rows: Any, mask: Any, reset: Any, reverse: Any) -> None:
        """Write the new states and what is kept of some rows.

        Where `at` is empty x (T B, I) are vectors, else x is a table of W_x x + b, and at (T, B) says which row of
        it. An empty mask or reset is none. The matrices are packed.
        """
        _ = sources
        prev, new, _, first, stop = rows
        T, B, _ = new[0].shape
        b = stop - first
        is_dense = at.size == 0
        a = np.empty((b, len(b_x)), x.dtype)
        for s in range(T):
            t = T - 1 - s if reverse else s
            for r in range(b):
                a[r] = b_x if is_dense else x[at[t, first + r]]
            if is_dense:
                times(x[t * B + first : t * B + stop], W_x, a, True)
            if reset.size:
                begin(rows, reset, s, t, t + 1 if reverse else t - 1)
            step(cell, a, rows, t)
            if mask.size:
                for r in range(first, stop):
                    if not mask[t, r]:
                        for p in range(len(new)):
                            new[p][t, r] = prev[p][t, r]

    return through


through = through_of(SOURCES)


def back_of(sources: str) -> Any:
    @compiled_and_kept
    def back(cell: Any, dy: Any, dstate: Any, D: Any, rows: Any, mask: Any, reset: Any, reverse: Any) -> None:
        """Write D, and turn the gradient of the last state into that of the start state, of some rows."""
        _ = sources
        T, (_, _, _, first, stop) = len(dy), rows
        b = stop - first
        passed = np.empty((dstate.shape[0], b, dstate.shape[2]), dy.dtype)
        for s in range(T):
            t = s if reverse else T - 1 - s
            for r in range(first, stop):
                if mask.size and not mask[t, r]:
                    passed[:, r - first] = dstate[:, r]
                    dstate[:, r] = 0
                else:
                    add(dstate[0, r], dy[t, r])
            step_back(cell, D, dstate, rows, t)
            for r in range(first, stop):
                if mask.size and not mask[t, r]:
                    dstate[:, r] = passed[:, r - first]
                if reset.size and reset[t, r]:
                    dstate[:, r] = 0

    return back


back = back_of(SOURCES)


@compiled
def begin(rows: Any, reset: Any, s: Any, t: Any, before: Any) -> None:
    """Write the state from which step t starts: the one before it, or zero where a sequence begins."""
    prev, new, _, first, stop = rows
    for p in range(len(prev)):
        for r in range(first, stop):
            if reset[t, r]:
                prev[p][t, r] = 0
            elif s:
                prev[p][t, r] = new[p][before, r]
