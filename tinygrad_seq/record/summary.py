"""The size of an array in three numbers."""

from __future__ import annotations

from math import isfinite
from typing import Any

import numpy as np

from ..backend import SCALARS, owner
from ..engine import Variable

__all__ = ["Summary", "host", "length", "summary"]


class Summary:
    """The length of an array (the root of its sum of squares), its least and its largest number; `data` if asked for.

    Least and largest are None for an array without elements.
    """

    __slots__ = ("data", "max", "min", "norm")

    def __init__(self, norm: float, min: float | None, max: float | None, data: np.ndarray | None = None) -> None:  # noqa: A002
        self.norm = norm
        self.min = min
        self.max = max
        self.data = data

    def __repr__(self) -> str:
        return f"Summary(norm={self.norm:.6g}, min={self.min}, max={self.max})"


def host(x: Any) -> np.ndarray:
    """Return an array, a variable's array or a number as an array of the host; it may share memory."""
    data = x.data if isinstance(x, Variable) else x
    return np.asarray(data if type(data) in SCALARS else owner(data).to_host(data))


def summary(x: Any, keep: bool) -> Summary:
    """Return the size of an array, and a copy of it if it is to be kept."""
    array = host(x)
    data = np.array(array) if keep else None
    if not array.size:
        return Summary(0.0, None, None, data)
    return Summary(length(array), plain(array.min()), plain(array.max()), data)


def length(array: np.ndarray) -> float:
    """Return the root of the sum of squares. The squares neither overflow nor vanish: 1e-200 has the length 1e-200."""
    x = np.abs(array.astype(np.float64))
    largest = float(x.max(initial=0.0))
    if not largest or not isfinite(largest):
        return largest
    power = np.ldexp(1.0, int(np.frexp(largest)[1]) - 1)  # a power of two: scaling by it rounds nothing
    return float(np.sqrt(np.sum(np.square(x / power))) * power)


def plain(number: Any) -> float:
    """Return a number of an array as Python's, with the fewest digits that name it in its own type."""
    return float(str(number)) if number.dtype.kind == "f" else int(number)
