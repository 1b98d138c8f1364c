"""The GRU's equations in both forms, compiled."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba.extending import overload

from ..kernels import gru as plain
from .cell import step, step_back
from .functions import sigma, tanh
from .jit import OPTIONS
from .lanes import Lanes, by_lanes
from .packed import times

__all__ = ["GRU", "GRUBefore", "as_gru"]


class GRU(NamedTuple):
    """The reset gate after the product; see `kernels.gru.GRU`."""

    W_hrz: np.ndarray
    W_hn: np.ndarray
    b_hn: np.ndarray


class GRUBefore(NamedTuple):
    """The reset gate before the product; see `kernels.gru.GRUBefore`."""

    W_hrz: np.ndarray
    W_hn: np.ndarray


def as_gru(cell: plain.GRU | plain.GRUBefore) -> GRU | GRUBefore:
    """Return the weights of a cell."""
    if isinstance(cell, plain.GRUBefore):
        return GRUBefore(cell.W_hrz, cell.W_hn)
    H = cell.hidden
    b_hn = np.zeros(H, cell.W_hh.dtype) if cell.b_hn is None else cell.b_hn
    return GRU(cell.W_hh[: 2 * H], cell.W_hh[2 * H :], b_hn)


@overload(step, jit_options=OPTIONS)
def _step_of_gru(cell: Any, a: Any, rows: Any, t: Any) -> Any:
    if getattr(cell, "instance_class", None) is not GRU:
        return None

    def step(cell: Any, a: Any, rows: Any, t: Any) -> None:
        prev, new, kept, first, stop = rows
        h_prev, H = prev[0][t, first:stop], new[0].shape[2]
        r_t, z_t, n_t, hn_t = (
            kept[0, t, first:stop],
            kept[1, t, first:stop],
            kept[2, t, first:stop],
            kept[3, t, first:stop],
        )
        for r in range(stop - first):
            hn_t[r] = cell.b_hn
        times(h_prev, cell.W_hn, hn_t, True)
        times(h_prev, cell.W_hrz, a[:, : 2 * H], True)
        equations(
            (a[:, :H], a[:, H : 2 * H], a[:, 2 * H : 3 * H], hn_t, h_prev), (r_t, z_t, n_t, new[0][t, first:stop])
        )

    return step


@by_lanes
def equations(a_r: Lanes, a_z: Lanes, Wx_n: Lanes, hn_t: Lanes, h_prev: Lanes) -> tuple[Lanes, ...]:
    r_t, z_t = sigma(a_r), sigma(a_z)
    n_t = tanh(Wx_n + r_t * hn_t)
    h_t = (1 - z_t) * n_t + z_t * h_prev
    return r_t, z_t, n_t, h_t


@overload(step_back, jit_options=OPTIONS)
def _step_back_of_gru(cell: Any, D: Any, dstate: Any, rows: Any, t: Any) -> Any:
    if getattr(cell, "instance_class", None) is not GRU:
        return None

    def step_back(cell: Any, D: Any, dstate: Any, rows: Any, t: Any) -> None:
        prev, new, kept, first, stop = rows
        da, dh, H = D[t, first:stop], dstate[0, first:stop], new[0].shape[2]
        r_t, z_t, n_t, hn_t = (
            kept[0, t, first:stop],
            kept[1, t, first:stop],
            kept[2, t, first:stop],
            kept[3, t, first:stop],
        )
        equations_back(
            (dh, r_t, z_t, n_t, hn_t, prev[0][t, first:stop]),
            (da[:, :H], da[:, H : 2 * H], da[:, 2 * H : 3 * H], da[:, 3 * H :], dh),
        )
        times(da[:, : 2 * H], cell.W_hrz, dh, True)
        times(da[:, 3 * H :], cell.W_hn, dh, True)

    return step_back


@by_lanes
def equations_back(dh: Lanes, r_t: Lanes, z_t: Lanes, n_t: Lanes, hn_t: Lanes, h_prev: Lanes) -> tuple[Lanes, ...]:
    da_z = dh * z_t * (1 - z_t) * (h_prev - n_t)
    da_n = dh * (1 - z_t) * (1 - n_t * n_t)
    da_r = da_n * r_t * (1 - r_t) * hn_t
    dhn = da_n * r_t
    return da_r, da_z, da_n, dhn, dh * z_t


@overload(step, jit_options=OPTIONS)
def _step_of_grubefore(cell: Any, a: Any, rows: Any, t: Any) -> Any:
    if getattr(cell, "instance_class", None) is not GRUBefore:
        return None

    def step(cell: Any, a: Any, rows: Any, t: Any) -> None:
        prev, new, kept, first, stop = rows
        h_prev, H = prev[0][t, first:stop], new[0].shape[2]
        r_t, z_t, n_t, rh_t = (
            kept[0, t, first:stop],
            kept[1, t, first:stop],
            kept[2, t, first:stop],
            kept[3, t, first:stop],
        )
        times(h_prev, cell.W_hrz, a[:, : 2 * H], True)
        reset((a[:, :H], a[:, H : 2 * H], h_prev), (r_t, z_t, rh_t))
        times(rh_t, cell.W_hn, a[:, 2 * H : 3 * H], True)
        mixed((a[:, 2 * H : 3 * H], z_t, h_prev), (n_t, new[0][t, first:stop]))

    return step


@by_lanes
def reset(a_r: Lanes, a_z: Lanes, h_prev: Lanes) -> tuple[Lanes, ...]:
    r_t, z_t = sigma(a_r), sigma(a_z)
    rh_t = r_t * h_prev
    return r_t, z_t, rh_t


@by_lanes
def mixed(a_n: Lanes, z_t: Lanes, h_prev: Lanes) -> tuple[Lanes, ...]:
    n_t = tanh(a_n)
    h_t = (1 - z_t) * n_t + z_t * h_prev
    return n_t, h_t


@overload(step_back, jit_options=OPTIONS)
def _step_back_of_grubefore(cell: Any, D: Any, dstate: Any, rows: Any, t: Any) -> Any:
    if getattr(cell, "instance_class", None) is not GRUBefore:
        return None

    def step_back(cell: Any, D: Any, dstate: Any, rows: Any, t: Any) -> None:
        prev, new, kept, first, stop = rows
        da, dh, H = D[t, first:stop], dstate[0, first:stop], new[0].shape[2]
        h_prev = prev[0][t, first:stop]
        drh = np.empty_like(dh)
        mixed_back((dh, kept[1, t, first:stop], kept[2, t, first:stop], h_prev), (da[:, H : 2 * H], da[:, 2 * H :], dh))
        times(da[:, 2 * H :], cell.W_hn, drh, False)
        reset_back((drh, kept[0, t, first:stop], h_prev, dh), (da[:, :H], dh))
        times(da[:, : 2 * H], cell.W_hrz, dh, True)

    return step_back


@by_lanes
def mixed_back(dh: Lanes, z_t: Lanes, n_t: Lanes, h_prev: Lanes) -> tuple[Lanes, ...]:
    da_z = dh * z_t * (1 - z_t) * (h_prev - n_t)
    da_n = dh * (1 - z_t) * (1 - n_t * n_t)
    return da_z, da_n, dh * z_t


@by_lanes
def reset_back(drh: Lanes, r_t: Lanes, h_prev: Lanes, dh: Lanes) -> tuple[Lanes, ...]:
    da_r = drh * r_t * (1 - r_t) * h_prev
    return da_r, dh + drh * r_t
