"""The mLSTM's equations, compiled: the LSTM's, with m_t in the place of h_prev."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba.extending import overload

from ..kernels import mlstm as plain
from .cell import step, step_back
from .jit import OPTIONS
from .lanes import Lanes, by_lanes
from .lstm import gates, gates_back
from .packed import times

__all__ = ["MLSTM", "as_mlstm"]


class MLSTM(NamedTuple):
    """See `kernels.mlstm`."""

    W_hh: np.ndarray
    W_mh: np.ndarray


def as_mlstm(cell: plain.MLSTM) -> MLSTM:
    """Return the weights of a cell."""
    return MLSTM(cell.W_hh, cell.W_mh)


@overload(step, jit_options=OPTIONS)
def _step_of_mlstm(cell: Any, a: Any, rows: Any, t: Any) -> Any:
    if getattr(cell, "instance_class", None) is not MLSTM:
        return None

    def step(cell: Any, a: Any, rows: Any, t: Any) -> None:
        prev, new, kept, first, stop = rows
        H = new[0].shape[2]
        m_t, mx_t, mh_t = kept[5, t, first:stop], kept[6, t, first:stop], kept[7, t, first:stop]
        times(prev[0][t, first:stop], cell.W_mh, mh_t, False)
        multiplied((a[:, 4 * H :], mh_t), (mx_t, m_t))
        times(m_t, cell.W_hh, a[:, : 4 * H], True)
        gates(a, rows, t)

    return step


@overload(step_back, jit_options=OPTIONS)
def _step_back_of_mlstm(cell: Any, D: Any, dstate: Any, rows: Any, t: Any) -> Any:
    if getattr(cell, "instance_class", None) is not MLSTM:
        return None

    def step_back(cell: Any, D: Any, dstate: Any, rows: Any, t: Any) -> None:
        _, new, kept, first, stop = rows
        H = new[0].shape[2]
        da, dh = D[t, first:stop], dstate[0, first:stop]
        gates_back(D, dstate, rows, t)
        times(da[:, : 4 * H], cell.W_hh, dh, False)
        dmx, dmh = da[:, 4 * H : 5 * H], da[:, 5 * H :]
        multiplied_back((dh, kept[6, t, first:stop], kept[7, t, first:stop]), (dmx, dmh))
        times(dmh, cell.W_mh, dh, False)

    return step_back


@by_lanes
def multiplied(mx_t: Lanes, mh_t: Lanes) -> tuple[Lanes, ...]:
    m_t = mx_t * mh_t
    return mx_t, m_t


@by_lanes
def multiplied_back(dm: Lanes, mx_t: Lanes, mh_t: Lanes) -> tuple[Lanes, ...]:
    dmx = dm * mh_t
    dmh = dm * mx_t
    return dmx, dmh
