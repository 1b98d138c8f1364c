"""The layout of arrays that compiled code takes."""

from __future__ import annotations

import numpy as np

__all__ = ["plain"]


def plain(a: np.ndarray) -> np.ndarray:
    """Return an array of the layout for which the loops are compiled, itself if it has that."""
    return a if a.flags.carray else a.copy(order="C")
