"""What a cell is to the compiled loops: its weights as a named tuple, by whose type its two equations are found."""

from __future__ import annotations

from typing import Any

__all__ = ["step", "step_back"]


def step(cell: Any, a: Any, Wx: Any, at: Any, prev: Any, new: Any, kept: Any, t: int, first: int, stop: int) -> None:
    """Write the new state and what is kept of step t, of the rows from `first` to `stop`; for compiled code.

    W_x x_t + b of row r is Wx[at[r - first]]; a is scratch for cell.width numbers of each row.
    """
    raise NotImplementedError


def step_back(
    cell: Any, a: Any, D: Any, dstate: Any, prev: Any, new: Any, kept: Any, t: int, first: int, stop: int
) -> None:
    """Write D[t], and turn the gradient of the new state into that of the previous one, in place; for compiled code."""
    raise NotImplementedError
