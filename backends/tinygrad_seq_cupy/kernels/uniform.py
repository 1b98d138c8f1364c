"""Random numbers by name, drawn on the device; the generator stands in uniform.cu."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from tinygrad_seq.backend import Key, Shape

from .device import Device
from .sources import function

__all__ = ["uniform"]

LARGEST_HALF = 1 - 2.0**-11  # the largest float16 below 1


def uniform(on: Device, key: Key, shape: Shape, dtype: Any) -> Any:
    """Return numbers in [0, 1) that are a function of the key alone; float16 is drawn as float32, and rounded."""
    dtype = np.dtype(dtype)
    drawn = np.dtype(np.float64 if dtype == np.float64 else np.float32)
    out, count = on.empty(shape, drawn), prod(shape)
    seed = key.seed % 2**64
    words = (np.uint32(word % 2**32) for word in (seed, seed >> 32, key.draw, key.step))
    on.launch(function("uniform_fill"), drawn, -(-count * drawn.itemsize // 16), out, count, *words)
    return out if dtype == drawn else on.xp.minimum(on.xp.astype(out, dtype), LARGEST_HALF)
