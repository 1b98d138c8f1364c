"""Random numbers by name, drawn on the device; the generator stands in philox.cuh."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from tinygrad_seq.backend import Key, Shape

from .device import Device
from .sources import function

__all__ = ["counters", "uniform", "words"]

LARGEST_HALF = 1 - 2.0**-11  # the largest float16 below 1


def uniform(on: Device, key: Key, shape: Shape, dtype: Any) -> Any:
    """Return numbers in [0, 1) that are a function of the key alone; float16 is drawn as float32, and rounded."""
    dtype = np.dtype(dtype)
    drawn = np.dtype(np.float64 if dtype == np.float64 else np.float32)
    out, count = on.empty(shape, drawn), prod(shape)
    on.launch(function("uniform_fill"), drawn, counters(count, drawn), out, count, *words(on, key))
    return out if dtype == drawn else on.xp.minimum(on.xp.astype(out, dtype), LARGEST_HALF)


def counters(count: int, dtype: Any) -> int:
    """Return how many counters it takes to draw so many numbers."""
    return -(-count * dtype.itemsize // 16)


def words(on: Device, key: Key) -> tuple[Any, ...]:
    """Return the name of a draw as kernels take it."""
    seed = key.seed % 2**64
    return (*(np.uint32(word % 2**32) for word in (seed, seed >> 32, key.draw, key.step)), on.now)
