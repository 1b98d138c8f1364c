"""Adding into an array at an index: the adjoint of reading it."""

from __future__ import annotations

from typing import Any

import numpy as np


def index_add(x: np.ndarray, index: Any, values: Any) -> np.ndarray:
    """Add `values` into `x` at `index`, in place; repeated indices add up."""
    if is_basic(index) or (isinstance(index, np.ndarray) and index.dtype == bool):
        x[index] += values  # no element is met twice
    elif is_whole(index) and x.ndim > 1:
        add_rows(x, index, np.broadcast_to(values, (*index.shape, *x.shape[1:])))
    elif picks_columns(index) and x.ndim == 2 and isinstance(values, np.ndarray):
        add_rows(x.T, index[1], np.broadcast_to(values, (len(x), *index[1].shape)).T)
    else:
        np.add.at(x, index, values)
    return x


def is_basic(index: Any) -> bool:
    """Tell whether an index is made of slices and plain integers, not of arrays."""
    parts = index if isinstance(index, tuple) else (index,)
    return all(p is None or p is Ellipsis or type(p) is int or isinstance(p, slice) for p in parts)


def is_whole(index: Any) -> bool:
    """Tell whether an index is an array of whole numbers."""
    return isinstance(index, np.ndarray) and index.dtype.kind in "iu"


def picks_columns(index: Any) -> bool:
    """Tell whether an index is `[:, k]` with a list k of whole numbers."""
    return (
        isinstance(index, tuple)
        and len(index) == 2
        and isinstance(index[0], slice)
        and index[0] == slice(None)
        and is_whole(index[1])
        and index[1].ndim == 1
    )


FEW = 128  # rows that are sooner added one by one than sorted
MANY = 8  # from here on one call that sums a run is cheaper than a share in as many rounds


def add_rows(x: np.ndarray, rows: np.ndarray, values: np.ndarray) -> None:
    """Add values[k] to x[rows[k]].

    A few rows, those of one time step, are added one by one: 50 rows of 256 numbers take 43 us, sorted first 67. Of
    many, those met often are summed one by one, by a product with ones, and the others added in rounds, the first
    meeting of each row, the second, ... so that no round meets a row twice. For 5,000 rows of 1,024 numbers into 96:
    2.3 ms, where sums without a product take 3.3, a one-hot product 13 and `np.add.at` 56; into 5,000: 12 ms.
    """
    rows, values = rows.reshape(-1), values.reshape(rows.size, *x.shape[1:])
    if rows.size <= FEW:
        for k, row in zip(rows.tolist(), values, strict=True):
            x[k] += row
        return
    rows = rows % len(x)
    order = np.argsort(rows, kind="stable")
    distinct, starts, counts = np.unique(rows[order], return_index=True, return_counts=True)
    often = counts > MANY
    flat, ones = values.reshape(len(values), -1), np.ones(int(counts.max(initial=0)), values.dtype)
    for k, start, n in zip(distinct[often].tolist(), starts[often].tolist(), counts[often].tolist(), strict=True):
        x[k] += np.dot(ones[:n], flat[order[start : start + n]]).reshape(x.shape[1:])  # `take` would copy all of a view
    distinct, starts, counts = distinct[~often], starts[~often], counts[~often]
    for meeting in range(int(counts.max(initial=0))):
        here = counts > meeting
        x[distinct[here]] += values[order[starts[here] + meeting]]
