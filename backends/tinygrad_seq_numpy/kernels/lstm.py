"""The LSTM's equations, a step forward and a step back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from .cell import Cell, gates, sigmoid_of_minus, total
from .inputs import Input
from .products import Products

__all__ = ["LSTM"]


class LSTM(Cell):
    r"""a_t = W_ih x_t + b_ih + W_hh h_prev + b_hh              gates i, f, g, o
    i_t, f_t, g_t, o_t = sigma(a_i), sigma(a_f), tanh(a_g), sigma(a_o)
    c_t = f_t * c_prev + i_t * g_t
    h_t = o_t * tanh(c_t)

    Back:
    dc = dc + dh * o_t (1 - tanh(c_t)^2)
    da_i = dc * i_t (1 - i_t) g_t
    da_f = dc * f_t (1 - f_t) c_prev
    da_g = dc * (1 - g_t^2) i_t
    da_o = dh * o_t (1 - o_t) tanh(c_t)
    dc_prev = dc * f_t
    dh_prev = da_t W_hh

    Memory: 7 T B H numbers from forward to backward, and 4 T B H more during backward.
    """

    parts = ("h", "c")
    kept: ClassVar[tuple[str, ...]] = ("i", "f", "o", "g", "tanh_c")
    coefficients = 5

    def __init__(self, B: int, W_ih: np.ndarray, W_hh: np.ndarray, b_ih: Any, b_hh: Any) -> None:
        self.W_x, self.W_hh, self.b_x = W_ih, W_hh, total(b_ih, b_hh)
        self.hidden = H = W_hh.shape[1]
        self.width = self.reads = 4 * H
        self.a_t = np.empty((B, 4 * H), W_hh.dtype)
        self.a_ifgo = gates(self.a_t, 4)

    def forward(self, Wx_t: np.ndarray, prev: Any, new: Any, kept: np.ndarray) -> None:
        (h_prev, c_prev), (h_t, c_t) = prev, new
        i_t, f_t, o_t, g_t, tanh_c = kept[:5]
        a_t, a_ifgo = self.a_t, self.a_ifgo
        np.dot(h_prev, self.W_hh.T, out=a_t)
        a_t += Wx_t
        np.negative(a_ifgo[:2], out=kept[:2])
        np.negative(a_ifgo[3], out=o_t)
        sigmoid_of_minus(kept[:3])
        np.tanh(a_ifgo[2], out=g_t)
        np.multiply(f_t, c_prev, out=c_t)
        ig_t = np.multiply(i_t, g_t, out=h_t)
        c_t += ig_t
        np.tanh(c_t, out=tanh_c)
        np.multiply(o_t, tanh_c, out=h_t)

    def local(self, kept: np.ndarray, prev: np.ndarray, new: np.ndarray, out: np.ndarray) -> None:
        i, _, o, g, tanh_c = kept[:5]
        _, c_prev = prev
        to_i, to_f, to_g, to_o, to_c = out
        np.subtract(1, kept[:2], out=out[:2])
        out[:2] *= kept[:2]
        to_i *= g
        to_f *= c_prev
        np.multiply(g, g, out=to_g)
        np.subtract(1, to_g, out=to_g)
        to_g *= i
        np.subtract(1, o, out=to_o)
        to_o *= o
        to_o *= tanh_c
        np.multiply(tanh_c, tanh_c, out=to_c)
        np.subtract(1, to_c, out=to_c)
        to_c *= o

    def backward(self, local: np.ndarray, kept: np.ndarray, dstate: Any, D_t: np.ndarray) -> None:
        dh, dc = dstate
        to_ifg, to_o, to_c = local[:3], local[3], local[4]
        da_ifgo = gates(D_t, 4)
        to_c *= dh
        dc += to_c
        np.multiply(dc, to_ifg, out=da_ifgo[:3])
        np.multiply(dh, to_o, out=da_ifgo[3])
        dc *= kept[1]
        np.dot(D_t, self.W_hh, out=dh)

    def gradients(
        self, D: np.ndarray, x: Input, kept: np.ndarray, prev: np.ndarray, wanted: Sequence[bool], by: Products
    ) -> list[Any]:
        W_ih, W_hh, b_ih, b_hh = wanted
        dW_ih, db = x.gradients(D, W_ih, b_ih or b_hh, by)
        return [dW_ih, by.times(D.T, prev[0]) if W_hh else None, db, db]
