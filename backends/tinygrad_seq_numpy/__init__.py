"""The NumPy backend of tinygrad_seq: arrays in host memory."""

from __future__ import annotations

import tinygrad_seq.backend  # noqa: F401  the library first: it makes this backend, which must not be half imported then

from .backend import NumpyBackend

__all__ = ["NumpyBackend"]
