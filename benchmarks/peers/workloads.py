"""What is measured in each library, and what an adapter gives for it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..task import Task
from .cells import Functions
from .cells import lstm as lstm_step

__all__ = ["PROMPT", "WRITER", "Case", "Writing", "chain", "chain_arrays", "lstm", "lstm_arrays"]

WIDTH = 64  # of the chain
B, H = 16, 64  # of the LSTM; its input has H features too
WRITER = Task("lstm", "onehot", B=1, T=1, H=256)  # the model that writes text; only its weights count
PROMPT = 10  # the symbol that is read first


class Case(NamedTuple):
    """One graph in one library: forward and backward are measured apart.

    `forward()` builds the graph and returns what `backward` takes; that returns the gradient of w, or of W_x, and
    leaves no gradient behind for the next turn to add to.
    """

    forward: Callable[[], Any]
    backward: Callable[[Any], Any]


class Writing(NamedTuple):
    """A model that writes text symbol by symbol, as a user gets it.

    `sampled(n)` draws n symbols; `greedy(n)` takes the likeliest each time and returns their numbers.
    """

    sampled: Callable[[int], Any]
    greedy: Callable[[int], Sequence[int]]


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


def lstm(f: Functions, weights: Sequence[Any], xs: Sequence[Any], zeros: Any) -> Any:
    """Return h_T of an LSTM that is unrolled operation by operation."""
    W_x, W_h, b = weights
    h = c = zeros
    for x_t in xs:
        h, c = lstm_step(f, f.matmul(x_t, W_x) + b, (h, c), W_h)
    return h
