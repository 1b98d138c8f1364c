"""The layout of arrays that compiled code takes."""

from __future__ import annotations

import numpy as np

__all__ = ["NONE", "NO_ROWS", "plain"]

NONE = np.empty((0, 0), bool)  # no mask, no reset
NO_ROWS = np.empty((0, 0), np.int64)  # of a table: the input is vectors


def plain(a: np.ndarray) -> np.ndarray:
    """Return an array of the layout for which the loops are compiled, itself if it has that."""
    return a if a.flags.carray else a.copy(order="C")
