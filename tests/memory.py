"""The memory beneath a tensor, wherever it lives: for tests of who shares it with whom."""

from __future__ import annotations

import numpy as np
from tinygrad_seq_fake import DeviceArray

import tinygrad_seq as tg

__all__ = ["memory_of"]


def memory_of(x: tg.Tensor) -> np.ndarray:
    """Return the array of NumPy that a tensor of NumPy or of the fake device is."""
    return x.data._memory if isinstance(x.data, DeviceArray) else x.data
