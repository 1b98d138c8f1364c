"""The LSTM's equations, compiled: row by row, in loops over four arrays at most, which is what LLVM vectorises."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba.extending import overload

from ..kernels import lstm as plain
from .blas import dot
from .cell import step, step_back
from .functions import sigma, tanh
from .jit import OPTIONS, compiled

__all__ = ["LSTM", "as_lstm", "row", "row_back"]


class LSTM(NamedTuple):
    """See `kernels.lstm`."""

    W_hh: np.ndarray
    scratch: int  # numbers a row


def as_lstm(cell: plain.LSTM) -> LSTM:
    """Return the weights of a cell."""
    return LSTM(cell.W_hh, 4 * cell.hidden)


@overload(step, jit_options=OPTIONS)
def _step(cell: Any, a: Any, Wx: Any, at: Any, rows: Any, t: Any) -> Any:
    if getattr(cell, "instance_class", None) is not LSTM:
        return None

    def step(cell: Any, a: Any, Wx: Any, at: Any, rows: Any, t: Any) -> None:
        prev, new, kept, first, stop, _ = rows
        a_t = a.reshape(stop - first, 4 * new[0].shape[2])
        dot(rows.gemm, prev[0][t, first:stop], cell.W_hh.T, a_t)
        for r in range(first, stop):
            row(a_t[r - first], Wx[at[r - first]], prev[1][t, r], new[0][t, r], new[1][t, r], kept, t, r)

    return step


@overload(step_back, jit_options=OPTIONS)
def _step_back(cell: Any, a: Any, D: Any, dstate: Any, rows: Any, t: Any) -> Any:
    if getattr(cell, "instance_class", None) is not LSTM:
        return None

    def step_back(cell: Any, a: Any, D: Any, dstate: Any, rows: Any, t: Any) -> None:
        prev, _, kept, first, stop, _ = rows
        for r in range(first, stop):
            row_back(dstate[0, r], dstate[1, r], prev[1][t, r], kept, D[t, r], t, r)
        dot(rows.gemm, D[t, first:stop], cell.W_hh, dstate[0, first:stop])

    return step_back


@compiled
def row(a: Any, Wx: Any, c_prev: Any, h_t: Any, c_t: Any, kept: Any, t: int, r: int) -> None:
    """i_t, f_t, g_t, o_t = sigma(a_i), sigma(a_f), tanh(a_g), sigma(a_o)
    c_t = f_t * c_prev + i_t * g_t
    h_t = o_t * tanh(c_t)
    """
    H = len(h_t)
    i_t, f_t, o_t, g_t, tanh_c = kept[0, t, r], kept[1, t, r], kept[2, t, r], kept[3, t, r], kept[4, t, r]
    a_i, a_f, a_g, a_o = a[:H], a[H : 2 * H], a[2 * H : 3 * H], a[3 * H : 4 * H]
    x_i, x_f, x_g, x_o = Wx[:H], Wx[H : 2 * H], Wx[2 * H : 3 * H], Wx[3 * H : 4 * H]
    for j in range(H):
        i_t[j] = sigma(a_i[j] + x_i[j])
    for j in range(H):
        f_t[j] = sigma(a_f[j] + x_f[j])
    for j in range(H):
        o_t[j] = sigma(a_o[j] + x_o[j])
    for j in range(H):
        g_t[j] = tanh(a_g[j] + x_g[j])
    for j in range(H):
        c_t[j] = f_t[j] * c_prev[j]
    for j in range(H):
        c_t[j] += i_t[j] * g_t[j]
    for j in range(H):
        tanh_c[j] = tanh(c_t[j])
    for j in range(H):
        h_t[j] = o_t[j] * tanh_c[j]


@compiled
def row_back(dh: Any, dc: Any, c_prev: Any, kept: Any, D: Any, t: int, r: int) -> None:
    """dc = dc + dh * o_t (1 - tanh(c_t)^2)
    da_i = dc * i_t (1 - i_t) g_t
    da_f = dc * f_t (1 - f_t) c_prev
    da_g = dc * (1 - g_t^2) i_t
    da_o = dh * o_t (1 - o_t) tanh(c_t)
    dc_prev = dc * f_t
    """
    H = len(dh)
    i_t, f_t, o_t, g_t, tanh_c = kept[0, t, r], kept[1, t, r], kept[2, t, r], kept[3, t, r], kept[4, t, r]
    da_i, da_f, da_g, da_o = D[:H], D[H : 2 * H], D[2 * H : 3 * H], D[3 * H : 4 * H]
    for j in range(H):
        dc[j] += dh[j] * o_t[j] * (1 - tanh_c[j] * tanh_c[j])
    for j in range(H):
        da_i[j] = dc[j] * i_t[j] * (1 - i_t[j]) * g_t[j]
    for j in range(H):
        da_f[j] = dc[j] * f_t[j] * (1 - f_t[j]) * c_prev[j]
    for j in range(H):
        da_g[j] = dc[j] * (1 - g_t[j] * g_t[j]) * i_t[j]
    for j in range(H):
        da_o[j] = dh[j] * o_t[j] * (1 - o_t[j]) * tanh_c[j]
    for j in range(H):
        dc[j] *= f_t[j]
