"""NumPy's part of the frozen namespace: its own functions by name, and those that it lacks or spells otherwise."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy import (
    abs,
    all,
    any,
    arange,
    argmax,
    argmin,
    asarray,
    broadcast_to,
    concat,
    cos,
    cumsum,
    einsum,
    exp,
    expand_dims,
    expm1,
    flip,
    from_dlpack,
    full,
    isfinite,
    log,
    log1p,
    max,
    maximum,
    mean,
    min,
    minimum,
    ones,
    pad,
    permute_dims,
    reshape,
    sign,
    sin,
    sort,
    sqrt,
    squeeze,
    stack,
    sum,
    tanh,
    tril,
    triu,
    where,
    zeros,
)

from .indexing import index_add

__all__ = [
    "abs",
    "all",
    "any",
    "arange",
    "argmax",
    "argmin",
    "argsort",
    "asarray",
    "astype",
    "broadcast_to",
    "concat",
    "cos",
    "cumsum",
    "einsum",
    "exp",
    "expand_dims",
    "expm1",
    "flip",
    "from_dlpack",
    "full",
    "index_add",
    "isfinite",
    "log",
    "log1p",
    "matrix_transpose",
    "max",
    "maximum",
    "mean",
    "min",
    "minimum",
    "ones",
    "pad",
    "permute_dims",
    "reshape",
    "sign",
    "sin",
    "sort",
    "sqrt",
    "squeeze",
    "stack",
    "sum",
    "tanh",
    "tril",
    "triu",
    "where",
    "zeros",
]


def astype(x: Any, dtype: Any) -> Any:
    """Return x with another number type; x itself where it has it already."""
    return x.astype(dtype, copy=False)


def matrix_transpose(x: Any, /) -> Any:
    """Return x with its last two axes exchanged: NumPy's function takes ten times as long as its attribute."""
    return x.mT


def argsort(x: Any, *, axis: int = -1) -> Any:
    """Return the indices that sort x; equal elements keep their order, so that every backend gives the same."""
    return np.argsort(x, axis=axis, stable=True)
