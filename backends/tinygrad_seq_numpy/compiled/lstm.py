"""The LSTM's equations, compiled."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba.extending import overload

from ..kernels import lstm as plain
from .cell import step, step_back
from .functions import sigma, tanh
from .jit import OPTIONS, compiled
from .lanes import Lanes, by_lanes
from .packed import times

__all__ = ["LSTM", "as_lstm", "gates", "gates_back"]


class LSTM(NamedTuple):
    """See `kernels.lstm`."""

    W_hh: np.ndarray


def as_lstm(cell: plain.LSTM) -> LSTM:
    """Return the weights of a cell."""
    return LSTM(cell.W_hh)


@overload(step, jit_options=OPTIONS)
def _step(cell: Any, a: Any, rows: Any, t: Any) -> Any:
    if getattr(cell, "instance_class", None) is not LSTM:
        return None

    def step(cell: Any, a: Any, rows: Any, t: Any) -> None:
        times(rows.prev[0][t, rows.first : rows.stop], cell.W_hh, a, True)
        gates(a, rows, t)

    return step


@overload(step_back, jit_options=OPTIONS)
def _step_back(cell: Any, D: Any, dstate: Any, rows: Any, t: Any) -> Any:
    if getattr(cell, "instance_class", None) is not LSTM:
        return None

    def step_back(cell: Any, D: Any, dstate: Any, rows: Any, t: Any) -> None:
        gates_back(D, dstate, rows, t)
        times(D[t, rows.first : rows.stop], cell.W_hh, dstate[0, rows.first : rows.stop], False)

    return step_back


@by_lanes
def equations(a_i: Lanes, a_f: Lanes, a_g: Lanes, a_o: Lanes, c_prev: Lanes) -> tuple[Lanes, ...]:
    i_t, f_t, g_t, o_t = sigma(a_i), sigma(a_f), tanh(a_g), sigma(a_o)
    c_t = f_t * c_prev + i_t * g_t
    tanh_c = tanh(c_t)
    h_t = o_t * tanh_c
    return i_t, f_t, o_t, g_t, tanh_c, c_t, h_t


@by_lanes
def equations_back(
    dh: Lanes, dc: Lanes, c_prev: Lanes, i_t: Lanes, f_t: Lanes, o_t: Lanes, g_t: Lanes, tanh_c: Lanes
) -> tuple[Lanes, ...]:
    dc = dc + dh * o_t * (1 - tanh_c * tanh_c)
    da_i = dc * i_t * (1 - i_t) * g_t
    da_f = dc * f_t * (1 - f_t) * c_prev
    da_g = dc * (1 - g_t * g_t) * i_t
    da_o = dh * o_t * (1 - o_t) * tanh_c
    dc_prev = dc * f_t
    return da_i, da_f, da_g, da_o, dc_prev


@compiled
def gates(a: Any, rows: Any, t: Any) -> None:
    """Write the new state and what is kept of step t from a_t, gates i, f, g, o."""
    prev, (h, c), kept, first, stop = rows
    H = h.shape[2]
    i_t, f_t, o_t = kept[0, t, first:stop], kept[1, t, first:stop], kept[2, t, first:stop]
    g_t, tanh_c = kept[3, t, first:stop], kept[4, t, first:stop]
    equations(
        (a[:, :H], a[:, H : 2 * H], a[:, 2 * H : 3 * H], a[:, 3 * H : 4 * H], prev[1][t, first:stop]),
        (i_t, f_t, o_t, g_t, tanh_c, c[t, first:stop], h[t, first:stop]),
    )


@compiled
def gates_back(D: Any, dstate: Any, rows: Any, t: Any) -> None:
    """Write da_t, and make the gradient of c_t that of c_prev."""
    prev, (h, _), kept, first, stop = rows
    H = h.shape[2]
    i_t, f_t, o_t = kept[0, t, first:stop], kept[1, t, first:stop], kept[2, t, first:stop]
    g_t, tanh_c = kept[3, t, first:stop], kept[4, t, first:stop]
    da, dh, dc = D[t, first:stop], dstate[0, first:stop], dstate[1, first:stop]
    equations_back(
        (dh, dc, prev[1][t, first:stop], i_t, f_t, o_t, g_t, tanh_c),
        (da[:, :H], da[:, H : 2 * H], da[:, 2 * H : 3 * H], da[:, 3 * H : 4 * H], dc),
    )
