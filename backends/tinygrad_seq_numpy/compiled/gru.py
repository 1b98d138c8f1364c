"""The GRU's equations in both forms, compiled."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba.extending import overload

from ..kernels import gru as plain
from .blas import dot
from .cell import step, step_back
from .functions import sigma, tanh
from .jit import OPTIONS, compiled
from .rows import add

__all__ = ["GRU", "GRUBefore", "as_gru"]


class GRU(NamedTuple):
    """The reset gate after the product; see `kernels.gru.GRU`."""

    W_hh: np.ndarray
    b_hn: np.ndarray
    scratch: int  # numbers a row


class GRUBefore(NamedTuple):
    """The reset gate before the product; see `kernels.gru.GRUBefore`."""

    W_hrz: np.ndarray
    W_hn: np.ndarray
    scratch: int  # numbers a row


def as_gru(cell: plain.GRU | plain.GRUBefore) -> GRU | GRUBefore:
    """Return the weights of a cell."""
    H = cell.hidden
    if isinstance(cell, plain.GRUBefore):
        return GRUBefore(cell.W_hrz, cell.W_hn, 5 * H)
    return GRU(cell.W_hh, np.zeros(H, cell.W_hh.dtype) if cell.b_hn is None else cell.b_hn, 4 * H)


@overload(step, jit_options=OPTIONS)
def _step_of_gru(cell: Any, a: Any, Wx: Any, at: Any, rows: Any, t: Any) -> Any:
    if getattr(cell, "instance_class", None) is not GRU:
        return None

    def step(cell: Any, a: Any, Wx: Any, at: Any, rows: Any, t: Any) -> None:
        prev, new, kept, first, stop, _ = rows
        n, H = stop - first, new[0].shape[2]
        Wh_t = a[: n * 3 * H].reshape(n, 3 * H)
        dot(rows.gemm, prev[0][t, first:stop], cell.W_hh.T, Wh_t)
        for r in range(first, stop):
            Wx_t, r_t, z_t, n_t, hn_t = Wx[at[r - first]], kept[0, t, r], kept[1, t, r], kept[2, t, r], kept[3, t, r]
            reset_and_update(Wh_t[r - first], Wx_t, r_t, z_t)
            candidate(Wh_t[r - first, 2 * H :], cell.b_hn, r_t, Wx_t[2 * H : 3 * H], hn_t, n_t)
            mix(z_t, n_t, prev[0][t, r], new[0][t, r])

    return step


@overload(step_back, jit_options=OPTIONS)
def _step_back_of_gru(cell: Any, a: Any, D: Any, dstate: Any, rows: Any, t: Any) -> Any:
    if getattr(cell, "instance_class", None) is not GRU:
        return None

    def step_back(cell: Any, a: Any, D: Any, dstate: Any, rows: Any, t: Any) -> None:
        prev, new, kept, first, stop, _ = rows
        n, H = stop - first, new[0].shape[2]
        da_rzh = a[: n * 3 * H].reshape(n, 3 * H)
        part = a[n * 3 * H :].reshape(n, H)
        for r in range(first, stop):
            r_t, z_t, n_t, hn_t = kept[0, t, r], kept[1, t, r], kept[2, t, r], kept[3, t, r]
            da_r, da_z, da_n, dhn = D[t, r, :H], D[t, r, H : 2 * H], D[t, r, 2 * H : 3 * H], D[t, r, 3 * H :]
            mix_back(dstate[0, r], z_t, n_t, prev[0][t, r], da_z, da_n)
            through_reset(da_n, r_t, hn_t, da_r)
            for j in range(H):
                dhn[j] = da_n[j] * r_t[j]
            da_rzh[r - first, : 2 * H] = D[t, r, : 2 * H]
            da_rzh[r - first, 2 * H :] = dhn
        dot(rows.gemm, da_rzh, cell.W_hh, part)
        for r in range(first, stop):
            add(dstate[0, r], part[r - first])

    return step_back


@overload(step, jit_options=OPTIONS)
def _step_of_grubefore(cell: Any, a: Any, Wx: Any, at: Any, rows: Any, t: Any) -> Any:
    if getattr(cell, "instance_class", None) is not GRUBefore:
        return None

    def step(cell: Any, a: Any, Wx: Any, at: Any, rows: Any, t: Any) -> None:
        prev, new, kept, first, stop, _ = rows
        n, H = stop - first, new[0].shape[2]
        Wh_t = a[: n * 2 * H].reshape(n, 2 * H)
        dot(rows.gemm, prev[0][t, first:stop], cell.W_hrz.T, Wh_t)
        for r in range(first, stop):
            r_t, rh_t, h_prev = kept[0, t, r], kept[3, t, r], prev[0][t, r]
            reset_and_update(Wh_t[r - first], Wx[at[r - first]], r_t, kept[1, t, r])
            for j in range(H):
                rh_t[j] = r_t[j] * h_prev[j]
        dot(rows.gemm, kept[3, t, first:stop], cell.W_hn.T, kept[2, t, first:stop])
        for r in range(first, stop):
            n_t, Wx_n = kept[2, t, r], Wx[at[r - first], 2 * H : 3 * H]
            for j in range(H):
                n_t[j] = tanh(n_t[j] + Wx_n[j])
            mix(kept[1, t, r], n_t, prev[0][t, r], new[0][t, r])

    return step


@overload(step_back, jit_options=OPTIONS)
def _step_back_of_grubefore(cell: Any, a: Any, D: Any, dstate: Any, rows: Any, t: Any) -> Any:
    if getattr(cell, "instance_class", None) is not GRUBefore:
        return None

    def step_back(cell: Any, a: Any, D: Any, dstate: Any, rows: Any, t: Any) -> None:
        prev, new, kept, first, stop, _ = rows
        n, H = stop - first, new[0].shape[2]
        da_rz = a[: n * 2 * H].reshape(n, 2 * H)
        da_n = a[n * 2 * H : n * 3 * H].reshape(n, H)
        drh = a[n * 3 * H : n * 4 * H].reshape(n, H)
        part = a[n * 4 * H :].reshape(n, H)
        for r in range(first, stop):
            k = r - first
            mix_back(dstate[0, r], kept[1, t, r], kept[2, t, r], prev[0][t, r], da_rz[k, H:], da_n[k])
        dot(rows.gemm, da_n, cell.W_hn, drh)
        for r in range(first, stop):
            k = r - first
            r_t, dh, drh_t = kept[0, t, r], dstate[0, r], drh[k]
            through_reset(drh_t, r_t, prev[0][t, r], da_rz[k, :H])
            for j in range(H):
                dh[j] += drh_t[j] * r_t[j]
            D[t, r, : 2 * H] = da_rz[k]
            D[t, r, 2 * H :] = da_n[k]
        dot(rows.gemm, da_rz, cell.W_hrz, part)
        for r in range(first, stop):
            add(dstate[0, r], part[r - first])

    return step_back


@compiled
def reset_and_update(Wh: Any, Wx: Any, r_t: Any, z_t: Any) -> None:
    """r_t = sigma(a_r)
    z_t = sigma(a_z)
    """
    H = len(r_t)
    h_r, h_z, x_r, x_z = Wh[:H], Wh[H : 2 * H], Wx[:H], Wx[H : 2 * H]
    for j in range(H):
        r_t[j] = sigma(h_r[j] + x_r[j])
    for j in range(H):
        z_t[j] = sigma(h_z[j] + x_z[j])


@compiled
def candidate(Wh_n: Any, b_hn: Any, r_t: Any, Wx_n: Any, hn_t: Any, n_t: Any) -> None:
    """hn_t = W_hn h_prev + b_hn
    n_t = tanh(W_in x_t + b_in + r_t * hn_t)
    """
    for j in range(len(n_t)):
        hn_t[j] = Wh_n[j] + b_hn[j]
    for j in range(len(n_t)):
        n_t[j] = tanh(Wx_n[j] + r_t[j] * hn_t[j])


@compiled
def mix(z_t: Any, n_t: Any, h_prev: Any, h_t: Any) -> None:
    """h_t = (1 - z_t) * n_t + z_t * h_prev"""
    for j in range(len(h_t)):
        h_t[j] = (1 - z_t[j]) * n_t[j] + z_t[j] * h_prev[j]


@compiled
def mix_back(dh: Any, z_t: Any, n_t: Any, h_prev: Any, da_z: Any, da_n: Any) -> None:
    """da_z = dh * z_t (1 - z_t) (h_prev - n_t)
    da_n = dh * (1 - z_t) (1 - n_t^2)
    dh_prev = dh * z_t + what comes back by the gates
    """
    for j in range(len(dh)):
        da_z[j] = z_t[j] * (1 - z_t[j]) * (h_prev[j] - n_t[j])
    for j in range(len(dh)):
        da_z[j] *= dh[j]
    for j in range(len(dh)):
        da_n[j] = dh[j] * (1 - z_t[j]) * (1 - n_t[j] * n_t[j])
    for j in range(len(dh)):
        dh[j] *= z_t[j]


@compiled
def through_reset(dy: Any, r_t: Any, x: Any, da_r: Any) -> None:
    """da_r = dy * r_t (1 - r_t) x, back through y = r_t * x"""
    for j in range(len(dy)):
        da_r[j] = dy[j] * r_t[j] * (1 - r_t[j]) * x[j]
