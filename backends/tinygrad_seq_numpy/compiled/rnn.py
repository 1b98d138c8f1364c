"""The plain recurrence, compiled."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba.extending import overload

from ..kernels import rnn as plain
from .blas import dot
from .cell import step, step_back
from .functions import tanh
from .jit import OPTIONS, compiled

__all__ = ["RNN", "as_rnn"]


class RNN(NamedTuple):
    """See `kernels.rnn`."""

    W_hh: np.ndarray
    tanh: bool
    scratch: int  # numbers a row


def as_rnn(cell: plain.RNN) -> RNN:
    """Return the weights of a cell."""
    return RNN(cell.W_hh, cell.tanh, 0)


@overload(step, jit_options=OPTIONS)
def _step_of_rnn(cell: Any, a: Any, Wx: Any, at: Any, rows: Any, t: Any) -> Any:
    if getattr(cell, "instance_class", None) is not RNN:
        return None

    def step(cell: Any, a: Any, Wx: Any, at: Any, rows: Any, t: Any) -> None:
        prev, new, _, first, stop, _ = rows
        dot(rows.gemm, prev[0][t, first:stop], cell.W_hh.T, new[0][t, first:stop])
        for r in range(first, stop):
            row(new[0][t, r], Wx[at[r - first]], cell.tanh)

    return step


@overload(step_back, jit_options=OPTIONS)
def _step_back_of_rnn(cell: Any, a: Any, D: Any, dstate: Any, rows: Any, t: Any) -> Any:
    if getattr(cell, "instance_class", None) is not RNN:
        return None

    def step_back(cell: Any, a: Any, D: Any, dstate: Any, rows: Any, t: Any) -> None:
        _, new, _, first, stop, _ = rows
        for r in range(first, stop):
            row_back(dstate[0, r], new[0][t, r], D[t, r], cell.tanh)
        dot(rows.gemm, D[t, first:stop], cell.W_hh, dstate[0, first:stop])

    return step_back


@compiled
def row(h_t: Any, Wx: Any, is_tanh: bool) -> None:
    """h_t = tanh(W_hh h_prev + W_ih x_t + b)        (or relu)"""
    if is_tanh:
        for j in range(len(h_t)):
            h_t[j] = tanh(h_t[j] + Wx[j])
    else:
        for j in range(len(h_t)):
            a = h_t[j] + Wx[j]
            h_t[j] = max(0, a)  # NaN stays


@compiled
def row_back(dh: Any, h_t: Any, da: Any, is_tanh: bool) -> None:
    """da = dh * (1 - h_t^2)        (or dh where h_t > 0)"""
    if is_tanh:
        for j in range(len(dh)):
            da[j] = dh[j] * (1 - h_t[j] * h_t[j])
    else:
        for j in range(len(dh)):
            da[j] = dh[j] * (h_t[j] > 0)
