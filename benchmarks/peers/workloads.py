"""The two workloads, written once: every library runs these same lines on its own arrays."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

__all__ = ["Case", "Cell", "chain", "chain_arrays", "lstm", "lstm_arrays"]

WIDTH = 64  # of the chain
B, H = 16, 64  # of the LSTM; its input has H features too


class Case(NamedTuple):
    """One workload in one library: forward and backward are measured apart.

    `forward()` builds the graph and returns what `backward` takes; that returns the gradient of w, or of W_x, and
    leaves no gradient behind for the next turn to add to.
    """

    forward: Callable[[], Any]
    backward: Callable[[Any], Any]


class Cell(NamedTuple):
    """What the LSTM step takes from a library besides its operators."""

    sigmoid: Callable[[Any], Any]
    tanh: Callable[[Any], Any]
    matmul: Callable[[Any, Any], Any]
    split: Callable[[Any], Sequence[Any]]  # (B, 4 H) into four (B, H)


def chain_arrays() -> tuple[np.ndarray, np.ndarray]:
    """Return w, whose gradient is asked for, and the constant b; both (64,)."""
    return np.full(WIDTH, 1.0001, np.float32), np.full(WIDTH, 1e-4, np.float32)


def chain(w: Any, b: Any, ops: int) -> Any:
    """x_0 = w,  x_{k+1} = x_k w,  x_{k+2} = x_{k+1} + b"""
    x = w
    for _ in range(ops // 2):
        x = x * w
        x = x + b
    return x


def lstm_arrays(T: int) -> tuple[list[np.ndarray], list[np.ndarray], np.ndarray]:
    """Return [W_x, W_h, b], the inputs of all steps, and the state to start from."""
    rng = np.random.default_rng(0)
    bound = H**-0.5
    weights = [rng.uniform(-bound, bound, shape).astype(np.float32) for shape in ((H, 4 * H), (H, 4 * H), (4 * H,))]
    xs = list(rng.standard_normal((T, B, H)).astype(np.float32))
    return weights, xs, np.zeros((B, H), np.float32)


def lstm(cell: Cell, weights: Sequence[Any], xs: Sequence[Any], zeros: Any) -> Any:
    """Return h_T of an LSTM that is unrolled operation by operation."""
    sigmoid, tanh, matmul, split = cell
    W_x, W_h, b = weights
    h = c = zeros
    for x_t in xs:
        i_t, f_t, g_t, o_t = split(matmul(x_t, W_x) + matmul(h, W_h) + b)
        c = sigmoid(f_t) * c + sigmoid(i_t) * tanh(g_t)
        h = sigmoid(o_t) * tanh(c)
    return h
