"""The mLSTM's equations, compiled: the LSTM's, with m_t in the place of h_prev."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba.extending import overload

from ..kernels import mlstm as plain
from .blas import dot
from .cell import step, step_back
from .jit import OPTIONS, compiled
from .lstm import row, row_back

__all__ = ["MLSTM", "as_mlstm"]


class MLSTM(NamedTuple):
    """See `kernels.mlstm`."""

    W_hh: np.ndarray
    W_mh: np.ndarray
    scratch: int  # numbers a row


def as_mlstm(cell: plain.MLSTM) -> MLSTM:
    """Return the weights of a cell."""
    return MLSTM(cell.W_hh, cell.W_mh, 5 * cell.hidden)


@overload(step, jit_options=OPTIONS)
def _step_of_mlstm(cell: Any, a: Any, Wx: Any, at: Any, rows: Any, t: Any) -> Any:
    if getattr(cell, "instance_class", None) is not MLSTM:
        return None

    def step(cell: Any, a: Any, Wx: Any, at: Any, rows: Any, t: Any) -> None:
        prev, new, kept, first, stop, _ = rows
        n, H = stop - first, new[0].shape[2]
        a_t = a[: n * 4 * H].reshape(n, 4 * H)
        dot(rows.gemm, prev[0][t, first:stop], cell.W_mh.T, kept[7, t, first:stop])
        for r in range(first, stop):
            multiplied(Wx[at[r - first], 4 * H :], kept[5, t, r], kept[6, t, r], kept[7, t, r])
        dot(rows.gemm, kept[5, t, first:stop], cell.W_hh.T, a_t)
        for r in range(first, stop):
            row(a_t[r - first], Wx[at[r - first]], prev[1][t, r], new[0][t, r], new[1][t, r], kept, t, r)

    return step


@overload(step_back, jit_options=OPTIONS)
def _step_back_of_mlstm(cell: Any, a: Any, D: Any, dstate: Any, rows: Any, t: Any) -> Any:
    if getattr(cell, "instance_class", None) is not MLSTM:
        return None

    def step_back(cell: Any, a: Any, D: Any, dstate: Any, rows: Any, t: Any) -> None:
        prev, new, kept, first, stop, _ = rows
        n, H = stop - first, new[0].shape[2]
        da = a[: n * 4 * H].reshape(n, 4 * H)
        dmh = a[n * 4 * H :].reshape(n, H)
        for r in range(first, stop):
            row_back(dstate[0, r], dstate[1, r], prev[1][t, r], kept, da[r - first], t, r)
            D[t, r, : 4 * H] = da[r - first]
        dot(rows.gemm, da, cell.W_hh, dstate[0, first:stop])
        for r in range(first, stop):
            multiplied_back(dstate[0, r], kept[6, t, r], kept[7, t, r], D[t, r, 4 * H : 5 * H], dmh[r - first])
            D[t, r, 5 * H :] = dmh[r - first]
        dot(rows.gemm, dmh, cell.W_mh, dstate[0, first:stop])

    return step_back


@compiled
def multiplied(Wx_m: Any, m_t: Any, mx_t: Any, mh_t: Any) -> None:
    """m_t = (W_mx x_t) * (W_mh h_prev)"""
    for j in range(len(m_t)):
        mx_t[j] = Wx_m[j]
        m_t[j] = Wx_m[j] * mh_t[j]


@compiled
def multiplied_back(dm: Any, mx_t: Any, mh_t: Any, dmx: Any, dmh: Any) -> None:
    """d(W_mx x_t) = dm * (W_mh h_prev)
    d(W_mh h_prev) = dm * (W_mx x_t)
    """
    for j in range(len(dm)):
        dmx[j] = dm[j] * mh_t[j]
    for j in range(len(dm)):
        dmh[j] = dm[j] * mx_t[j]
