"""The plain recurrence, compiled."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba.extending import overload

from ..kernels import rnn as plain
from .cell import step, step_back
from .functions import tanh
from .jit import OPTIONS
from .lanes import Lanes, by_lanes
from .packed import times

__all__ = ["RNN", "as_rnn"]


class RNN(NamedTuple):
    """See `kernels.rnn`."""

    W_hh: np.ndarray
    tanh: bool


def as_rnn(cell: plain.RNN) -> RNN:
    """Return the weights of a cell."""
    return RNN(cell.W_hh, cell.tanh)


@overload(step, jit_options=OPTIONS)
def _step_of_rnn(cell: Any, a: Any, rows: Any, t: Any) -> Any:
    if getattr(cell, "instance_class", None) is not RNN:
        return None

    def step(cell: Any, a: Any, rows: Any, t: Any) -> None:
        prev, new, _, first, stop = rows
        h_t = new[0][t, first:stop]
        times(prev[0][t, first:stop], cell.W_hh, a, True)
        if cell.tanh:
            by_tanh((a,), (h_t,))
        else:
            by_relu((a,), (h_t,))

    return step


@overload(step_back, jit_options=OPTIONS)
def _step_back_of_rnn(cell: Any, D: Any, dstate: Any, rows: Any, t: Any) -> Any:
    if getattr(cell, "instance_class", None) is not RNN:
        return None

    def step_back(cell: Any, D: Any, dstate: Any, rows: Any, t: Any) -> None:
        _, new, _, first, stop = rows
        h_t, da, dh = new[0][t, first:stop], D[t, first:stop], dstate[0, first:stop]
        if cell.tanh:
            back_by_tanh((dh, h_t), (da,))
        else:
            back_by_relu((dh, h_t), (da,))
        times(da, cell.W_hh, dh, False)

    return step_back


@by_lanes
def by_tanh(a: Lanes) -> tuple[Lanes, ...]:
    return (tanh(a),)


@by_lanes
def back_by_tanh(dh: Lanes, h_t: Lanes) -> tuple[Lanes, ...]:
    da = dh * (1 - h_t * h_t)
    return (da,)


@by_lanes
def by_relu(a: Lanes) -> tuple[Lanes, ...]:
    return (a.where("<", 0, 0, a),)  # NaN stays


@by_lanes
def back_by_relu(dh: Lanes, h_t: Lanes) -> tuple[Lanes, ...]:
    da = h_t.where(">", 0, dh, 0)
    return (da,)
