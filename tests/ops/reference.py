"""What NumPy says to the expressions of the op table: its own functions, and ours that it has under no such name."""

from __future__ import annotations

from math import pi
from typing import Any

import numpy as np

from tinygrad_seq import ops

Index = Any


def sigmoid(x: np.ndarray) -> Any:
    return 1 / (1 + np.exp(-x))


def relu(x: np.ndarray) -> Any:
    return np.maximum(x, 0)


def leaky_relu(x: np.ndarray, slope: float = 0.01) -> Any:
    return np.where(x > 0, x, slope * x)


def gelu(x: np.ndarray) -> Any:
    return x / 2 * (1 + np.tanh((2 / pi) ** 0.5 * (x + 0.044715 * x**3)))


def softplus(x: np.ndarray) -> Any:
    return np.log(1 + np.exp(x))


def logsigmoid(x: np.ndarray) -> Any:
    return -np.log(1 + np.exp(-x))


def rsqrt(x: np.ndarray) -> Any:
    return 1 / np.sqrt(x)


def softmax(x: np.ndarray, axis: int = -1) -> Any:
    return np.exp(x) / np.sum(np.exp(x), axis=axis, keepdims=True)


def log_softmax(x: np.ndarray, axis: int = -1) -> Any:
    return np.log(softmax(x, axis))


def logsumexp(x: np.ndarray, **settings: Any) -> Any:
    return np.log(np.sum(np.exp(x), **settings))


def argsort(x: np.ndarray, axis: int = -1) -> Any:
    return np.argsort(x, axis=axis, stable=True)


def topk(x: np.ndarray, k: int) -> tuple[Any, Any]:
    return np.sort(x)[..., ::-1][..., :k], argsort(x)[..., ::-1][..., :k]


def clip(x: np.ndarray, min: float | None = None, max: float | None = None) -> Any:  # noqa: A002
    return x if min is None and max is None else np.clip(x, min, max)  # NumPy 2.0 wants one of them


def pad(x: np.ndarray, widths: Any, value: float = 0) -> Any:
    return np.pad(x, widths, constant_values=value) if x.ndim else x


def split(x: np.ndarray, places: int | tuple[int, ...], axis: int = 0) -> tuple[Any, ...]:
    return tuple(np.split(x, places, axis))


def getitem(x: np.ndarray, index: Index) -> Any:
    return x[index]


def index_add(x: np.ndarray, index: Index, values: Any) -> Any:
    y = x.copy()
    np.add.at(y, index, values)
    return y


def unindex(x: np.ndarray, index: Index, shape: tuple[int, ...]) -> Any:
    return index_add(np.zeros(shape, x.dtype), index, x)


def carry(x: np.ndarray, name: str) -> Any:
    return x


def linear(x, W, b):
    return x @ W.T if b is None else x @ W.T + b


NAMES = [*ops.__all__, "unindex", "carry", "linear"]
NUMPYS = {name: globals()[name] if name in globals() else getattr(np, name) for name in NAMES}
OURS = {name: getattr(ops, name) for name in NAMES}
