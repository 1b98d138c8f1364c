"""The plain recurrence, a step forward and a step back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .cell import Cell, total
from .inputs import Input
from .products import Products

__all__ = ["RNN"]


class RNN(Cell):
    r"""h_t = tanh(W_ih x_t + b_ih + W_hh h_prev + b_hh)        (or relu)

    Back:
    da = dh * (1 - h_t^2)                                       (or dh where h_t > 0)
    dh_prev = da W_hh

    Memory: 1 T B H number from forward to backward, and 1 T B H more during backward.
    """

    kept = ()
    coefficients = 1

    def __init__(self, B: int, W_ih: np.ndarray, W_hh: np.ndarray, b_ih: Any, b_hh: Any, nonlinearity: str) -> None:
        self.W_x, self.W_hh, self.b_x = W_ih, W_hh, total(b_ih, b_hh)
        self.hidden = self.width = self.reads = W_hh.shape[1]
        self.tanh = nonlinearity == "tanh"

    def forward(self, Wx_t: np.ndarray, prev: Any, new: Any, kept: np.ndarray) -> None:
        (h_prev,), (h_t,) = prev, new
        a_t = np.dot(h_prev, self.W_hh.T, out=h_t)
        a_t += Wx_t
        if self.tanh:
            np.tanh(a_t, out=h_t)
        else:
            np.maximum(a_t, 0, out=h_t)

    def local(self, kept: np.ndarray, prev: np.ndarray, new: np.ndarray, out: np.ndarray) -> None:
        (h,), (to_a,) = new, out
        if self.tanh:
            np.multiply(h, h, out=to_a)
            np.subtract(1, to_a, out=to_a)
        else:
            to_a[...] = h > 0

    def backward(self, local: np.ndarray, kept: np.ndarray, dstate: Any, D_t: np.ndarray) -> None:
        (dh,), (to_a,) = dstate, local
        da = np.multiply(dh, to_a, out=D_t)
        np.dot(da, self.W_hh, out=dh)

    def gradients(
        self, D: np.ndarray, x: Input, kept: np.ndarray, prev: np.ndarray, wanted: Sequence[bool], by: Products
    ) -> list[Any]:
        W_ih, W_hh, b_ih, b_hh = wanted
        dW_ih, db = x.gradients(D, W_ih, b_ih or b_hh, by)
        return [dW_ih, by.times(D.T, prev[0]) if W_hh else None, db, db]
