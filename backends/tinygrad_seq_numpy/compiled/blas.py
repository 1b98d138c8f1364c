"""SciPy's BLAS: what compiled code multiplies by. It has to stay on one thread while the shards have theirs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from ctypes import CDLL, CFUNCTYPE, byref, c_char_p, c_double, c_float, c_int, c_void_p
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
import scipy
from numba.extending import get_cython_function_address

__all__ = ["TYPES", "multiply", "one_thread"]

GEMM = CFUNCTYPE(None, c_char_p, c_char_p, *[c_void_p] * 11)  # called without the GIL
TYPES = {np.dtype(np.float32): ("sgemm", c_float), np.dtype(np.float64): ("dgemm", c_double)}


@cache
def gemm(name: str) -> Callable[..., None]:
    return GEMM(get_cython_function_address("scipy.linalg.cython_blas", name))


def multiply(a: np.ndarray, b: np.ndarray, out: np.ndarray) -> None:
    """out = a b, where the rows of `out` are contiguous; what BLAS cannot read where it lies is copied.

    BLAS counts by columns: to it each matrix is its transpose, and out^T = b^T a^T.
    """
    a, b = readable(a), readable(b)
    (m, k), n = a.shape, b.shape[1]
    name, number = TYPES[out.dtype]
    (turn_a, lda), (turn_b, ldb), (_, ldc) = layout(a), layout(b), layout(out)
    one, zero = number(1), number(0)
    size = [byref(c_int(s)) for s in (n, m, k)]
    gemm(name)(
        turn_b, turn_a, *size, byref(one), b.ctypes.data, byref(c_int(ldb)), a.ctypes.data, byref(c_int(lda)),
        byref(zero), out.ctypes.data, byref(c_int(ldc)),
    )  # fmt: skip


def readable(x: np.ndarray) -> np.ndarray:
    """Return a matrix whose rows or columns are contiguous, itself if they are."""
    return x if min(x.strides) >= x.itemsize in x.strides and x.flags.aligned else np.ascontiguousarray(x)


def layout(x: np.ndarray) -> tuple[bytes, int]:
    """Return whether BLAS has to turn a matrix round, and the distance between its contiguous lines."""
    by_rows = x.strides[1] == x.itemsize or x.shape[1] == 1
    lines, length = (0, 1) if by_rows else (1, 0)
    return b"N" if by_rows else b"T", max(x.strides[lines] // x.itemsize, x.shape[length], 1)


class Once:
    """How many passes are under way, and the threads that SciPy's BLAS had before the first of them."""

    def __init__(self) -> None:
        self.lock, self.passes, self.before = Lock(), 0, 1


state = Once()


@contextmanager
def one_thread() -> Iterator[None]:
    """Inside the block, SciPy's BLAS takes one thread; several may be under way."""
    get, order = threads_of_blas()
    with state.lock:
        if not state.passes:
            state.before = get()
            order(1)
        state.passes += 1
    try:
        yield
    finally:
        with state.lock:
            state.passes -= 1
            if not state.passes:
                order(state.before)


@cache
def threads_of_blas() -> tuple[Callable[[], int], Callable[[int], Any]]:
    """Return what tells and what sets the threads of the OpenBLAS in SciPy's wheels; of another BLAS, nothing."""
    package = Path(scipy.__file__).parent
    for path in (
        path for folder in ("scipy.libs", "scipy/.dylibs") for path in (package.parent / folder).glob("*blas*")
    ):
        library = CDLL(str(path))
        for prefix in ("scipy_openblas", "openblas"):
            if hasattr(library, f"{prefix}_set_num_threads"):
                return getattr(library, f"{prefix}_get_num_threads"), getattr(library, f"{prefix}_set_num_threads")
    return (lambda: 1), (lambda _: None)
