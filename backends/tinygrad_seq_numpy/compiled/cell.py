"""What a cell is to the compiled loops: its weights as a named tuple, by whose type its two equations are found."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

__all__ = ["Rows", "step", "step_back"]


class Rows(NamedTuple):
    """Some rows of the batch, and of all rows the states, by parts."""

    prev: tuple[np.ndarray, ...]
    new: tuple[np.ndarray, ...]
    kept: np.ndarray
    first: int
    stop: int


def step(cell: Any, a: Any, rows: Any, t: Any) -> None:
    """Write the new state and what is kept of step t, from a = W_x x_t + b of the rows; for compiled code."""
    raise NotImplementedError


def step_back(cell: Any, D: Any, dstate: Any, rows: Any, t: Any) -> None:
    """Write D[t], and turn the gradient of the new state into that of the previous one, in place; for compiled code."""
    raise NotImplementedError
