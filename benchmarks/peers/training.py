"""The training step, written once for the libraries that work operation by operation."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from ..task import Task
from .cells import STEPS, Functions

__all__ = ["Adam", "biases", "hidden_states", "vectors"]

Read = Callable[[Any, Any], Any]


def vectors(task: Task, x: np.ndarray) -> np.ndarray:
    """Return x with whole numbers made one-hot vectors: in these libraries a product costs less than picking rows."""
    return np.eye(task.V, dtype=np.float32)[x] if task.input == "onehot" else x


def biases(task: Task, w: Mapping[str, Any], layer: int) -> Any:
    """Return what is added to x W_ih before the loop: in a GRU b_hh stays inside, see `cells.gru`."""
    b_ih, b_hh = w[f"b_ih_l{layer}"], w[f"b_hh_l{layer}"]
    return b_ih if task.cell == "gru" else b_ih + b_hh


def hidden_states(f: Functions, read: Read, task: Task, w: Mapping[str, Any], xs: Sequence[Any], zeros: Any) -> list:
    """Return the top layer's h_t of all steps. `read(x_t, w)` is what layer 0 makes of its input: (B, G H)."""
    step, layers = STEPS[task.cell], range(task.layers)
    b = [biases(task, w, k) for k in layers]
    states: list[Any] = [(zeros, zeros) if task.cell == "lstm" else (zeros,) for _ in layers]
    hs = []
    for x_t in xs:
        Wx_t = read(x_t, w)
        for k in layers:
            states[k] = step(f, Wx_t + b[k], states[k], w[f"W_hh_l{k}"], w[f"b_hh_l{k}"])
            h_t = states[k][0]
            if k + 1 in layers:
                Wx_t = f.matmul(h_t, w[f"W_ih_l{k + 1}"])
        hs.append(h_t)
    return hs


class Adam:
    """Adam on NumPy arrays, in place, for libraries without an optimizer or with a slower one."""

    def __init__(self, arrays: Sequence[np.ndarray]) -> None:
        self.arrays, self.t = arrays, 0
        self.m, self.v, self.room = ([np.zeros_like(p) for p in arrays] for _ in range(3))

    def step(self, gradients: Sequence[np.ndarray]) -> None:
        """m = b1 m + (1 - b1) g,  v = b2 v + (1 - b2) g^2,  p = p - lr m_hat / (sqrt(v_hat) + eps)"""
        lr, b1, b2, eps = 1e-3, 0.9, 0.999, 1e-8
        self.t += 1
        c1, c2 = 1 - b1**self.t, 1 - b2**self.t
        for p, g, m, v, d in zip(self.arrays, gradients, self.m, self.v, self.room):  # noqa: B905  Chainer's Python 3.9
            np.multiply(g, 1 - b1, out=d)
            m *= b1
            m += d
            np.multiply(g, g, out=d)
            d *= 1 - b2
            v *= b2
            v += d
            np.sqrt(v, out=d)
            d *= c2**-0.5
            d += eps
            np.divide(m, d, out=d)
            d *= lr / c1
            p -= d
