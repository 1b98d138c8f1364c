"""What a backend can do at most on this machine, measured: a product of large matrices, and a copy."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np

from ...backend import Backend

__all__ = ["Peak", "measured", "product_and_copy"]

FLOAT = 4  # bytes
LONG = 0.02  # seconds that a call should take: a clock and a launch are nothing beside it
SQUARES, COPIES = (1 << 9, 1 << 13), (1 << 22, 1 << 27)  # from, to: rows of a matrix, numbers of an array
REPEATS = 4


class Peak(NamedTuple):
    """10^9 operations a second in a product, 10^9 bytes a second in a copy, read and written."""

    gflops: float
    gbytes: float


def product_and_copy(backend: Backend, square: int, copied: int) -> tuple[Callable[[], Any], Callable[[], Any]]:
    """Return two calls: a b of square float32 matrices with so many rows; a copy of so many float32 numbers."""
    numbers = np.random.default_rng(0).standard_normal(4099).astype(np.float32)
    a, b = (backend.from_host(np.resize(part, (square, square))) for part in (numbers, numbers[::-1]))
    source, target = (backend.from_host(np.resize(numbers, copied)) for _ in range(2))

    def copy() -> None:
        target[...] = source

    return lambda: a @ b, copy


def measured(backend: Backend) -> Peak:
    """Return the peaks, each at the least size that takes LONG, or at the largest."""
    square, copied = SQUARES[0], COPIES[0]
    while (t := least(backend, product_and_copy(backend, square, 1)[0])) < LONG and square < SQUARES[1]:
        square *= 2
    gflops = 2 * square**3 / t / 1e9
    while (t := least(backend, product_and_copy(backend, 1, copied)[1])) < LONG and copied < COPIES[1]:
        copied *= 2
    return Peak(gflops, 2 * FLOAT * copied / t / 1e9)


def least(backend: Backend, run: Callable[[], Any]) -> float:
    """Return the seconds of a call until the device is done, the least of several."""
    seconds = []
    for _ in range(1 + REPEATS):
        backend.synchronize()
        start = perf_counter()
        run()
        backend.synchronize()
        seconds.append(perf_counter() - start)
    return min(seconds[1:])
