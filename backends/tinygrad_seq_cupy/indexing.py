"""Adding into an array at an index: the adjoint of reading it."""

from __future__ import annotations

from typing import Any

import cupy


def index_add(x: Any, index: Any, values: Any) -> Any:
    """Add `values` into x at `index`, in place; repeated indices add up, in no fixed order."""
    if is_basic(index) or (isinstance(index, cupy.ndarray) and index.dtype == bool):
        x[index] += values  # no element is met twice
    else:
        cupy.add.at(x, index, values)
    return x


def is_basic(index: Any) -> bool:
    """Tell whether an index is made of slices and plain integers, not of arrays."""
    parts = index if isinstance(index, tuple) else (index,)
    return all(p is None or p is Ellipsis or type(p) is int or isinstance(p, slice) for p in parts)
