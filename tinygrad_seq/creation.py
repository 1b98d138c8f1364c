"""Tensors from nothing: constants, ranges, and random numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import random
from .backend import Shape
from .tensor import Tensor

__all__ = ["arange", "eye", "full", "linspace", "ones", "ones_like", "rand", "randn", "zeros", "zeros_like"]


def zeros(shape: int | Shape, dtype: Any = "float32", requires_grad: bool = False) -> Tensor:
    """Return zeros of a shape."""
    return Tensor(np.zeros(shape, dtype), requires_grad)


def ones(shape: int | Shape, dtype: Any = "float32", requires_grad: bool = False) -> Tensor:
    """Return ones of a shape."""
    return Tensor(np.ones(shape, dtype), requires_grad)


def full(shape: int | Shape, value: float, dtype: Any = "float32", requires_grad: bool = False) -> Tensor:
    """Return a shape filled with one value."""
    return Tensor(np.full(shape, value, dtype), requires_grad)


def zeros_like(x: Tensor) -> Tensor:
    """Return zeros of x's shape, type and backend."""
    return Tensor(np.zeros(x.shape, x.dtype), backend=x.backend)


def ones_like(x: Tensor) -> Tensor:
    """Return ones of x's shape, type and backend."""
    return Tensor(np.ones(x.shape, x.dtype), backend=x.backend)


def arange(start: float, stop: float | None = None, step: float = 1, dtype: Any = None) -> Tensor:
    """Return start, start + step, ... below stop (arange(n): 0 to n - 1); whole numbers stay int64."""
    values = np.arange(start, stop, step) if stop is not None else np.arange(start)
    return Tensor(values, dtype=dtype or (np.float32 if values.dtype.kind == "f" else np.int64))


def linspace(start: float, stop: float, num: int, dtype: Any = "float32") -> Tensor:
    """Return `num` evenly spaced numbers from start to stop, both included."""
    return Tensor(np.linspace(start, stop, num, dtype=dtype))


def eye(n: int, m: int | None = None, dtype: Any = "float32") -> Tensor:
    """Return the n x m matrix with ones on its diagonal."""
    return Tensor(np.eye(n, m, dtype=dtype))


def rand(*shape: int, dtype: Any = "float32", requires_grad: bool = False) -> Tensor:
    """Return numbers uniform in [0, 1), drawn on the host: the same seed, the same numbers on every backend."""
    return Tensor(random.generator().random(shape).astype(dtype), requires_grad)


def randn(*shape: int, dtype: Any = "float32", requires_grad: bool = False) -> Tensor:
    """Return numbers from the standard normal distribution, drawn on the host."""
    return Tensor(random.generator().standard_normal(shape).astype(dtype), requires_grad)
