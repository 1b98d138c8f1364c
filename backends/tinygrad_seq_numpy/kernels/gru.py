"""The GRU's equations in both forms, a step forward and a step back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .cell import Cell, gates, sigmoid_of_minus, total
from .inputs import Input
from .products import Products

__all__ = ["gru"]


def gru(*arguments: Any, reset_after: bool) -> Cell:
    """Return the cell of one of the two forms."""
    return (GRU if reset_after else GRUBefore)(*arguments)


class GRU(Cell):
    r"""r_t = sigma(W_ir x_t + b_ir + W_hr h_prev + b_hr)
    z_t = sigma(W_iz x_t + b_iz + W_hz h_prev + b_hz)
    hn_t = W_hn h_prev + b_hn
    n_t = tanh(W_in x_t + b_in + r_t * hn_t)
    h_t = (1 - z_t) * n_t + z_t * h_prev

    Back:
    da_z = dh * z_t (1 - z_t) (h_prev - n_t)
    da_n = dh * (1 - z_t) (1 - n_t^2)
    da_r = da_n * r_t (1 - r_t) hn_t
    dhn = da_n * r_t
    dh_prev = dh * z_t + da_r W_hr + da_z W_hz + dhn W_hn

    Memory: 5 T B H numbers from forward to backward, and 4 T B H more during backward.
    """

    kept = ("r", "z", "n", "hn")
    coefficients = 3

    def __init__(self, B: int, W_ih: np.ndarray, W_hh: np.ndarray, b_ih: Any, b_hh: Any) -> None:
        self.hidden = H = W_hh.shape[1]
        self.W_x, self.W_hh = W_ih, W_hh
        self.b_x = self.b_hn = None
        if b_ih is not None:
            self.b_hn = b_hh[2 * H :]
            self.b_x = np.concatenate([b_ih[: 2 * H] + b_hh[: 2 * H], b_ih[2 * H :]])
        self.width, self.reads = 4 * H, 3 * H
        self.Wh_t = np.empty((B, 3 * H), W_hh.dtype)
        self.Wh_rzn = gates(self.Wh_t, 3)
        self.part = np.empty((B, H), W_hh.dtype)

    def forward(self, Wx_t: np.ndarray, prev: Any, new: Any, kept: np.ndarray) -> None:
        (h_prev,), (h_t,) = prev, new
        r_t, z_t, n_t, hn_t = kept
        Wx_rzn, Wh_rzn = gates(Wx_t, 3), self.Wh_rzn
        np.dot(h_prev, self.W_hh.T, out=self.Wh_t)
        np.add(Wx_rzn[:2], Wh_rzn[:2], out=kept[:2])
        np.negative(kept[:2], out=kept[:2])
        sigmoid_of_minus(kept[:2])
        np.add(Wh_rzn[2], 0 if self.b_hn is None else self.b_hn, out=hn_t)
        np.multiply(r_t, hn_t, out=n_t)
        n_t += Wx_rzn[2]
        np.tanh(n_t, out=n_t)
        mix(z_t, n_t, h_prev, h_t)

    def local(self, kept: np.ndarray, prev: np.ndarray, new: np.ndarray, out: np.ndarray) -> None:
        r, _, _, hn = kept
        local_of_mix(kept, prev[0], out)
        slope_of_sigma(r, out[2])
        out[2] *= hn

    def backward(self, local: np.ndarray, kept: np.ndarray, dstate: Any, D_t: np.ndarray) -> None:
        (dh,), H = dstate, self.hidden
        r_t, z_t, _, _ = kept
        to_zn, to_r = local[:2], local[2]
        D_rznh = gates(D_t, 4)
        da_r, _, da_n, dhn = D_rznh
        np.multiply(dh, to_zn, out=D_rznh[1:3])
        np.multiply(da_n, to_r, out=da_r)
        np.multiply(da_n, r_t, out=dhn)
        dh *= z_t
        dh += np.matmul(D_t[:, : 2 * H], self.W_hh[: 2 * H], out=self.part)  # `np.dot` would copy a slice
        dh += np.matmul(dhn, self.W_hh[2 * H :], out=self.part)

    def gradients(
        self, D: np.ndarray, x: Input, kept: np.ndarray, prev: np.ndarray, wanted: Sequence[bool], by: Products
    ) -> list[Any]:
        W_ih, W_hh, b_ih, b_hh = wanted
        H = self.hidden
        D_rz, dhn = D[:, : 2 * H], D[:, 3 * H :]
        dW_ih, db = x.gradients(D[:, : 3 * H], W_ih, b_ih or b_hh, by)
        dW_hh = stacked(D_rz, prev[0], dhn, prev[0], by) if W_hh else None
        return [dW_ih, dW_hh, db, np.concatenate([db[: 2 * H], by.total(dhn)]) if b_hh else None]


class GRUBefore(Cell):
    r"""r_t = sigma(W_ir x_t + b_ir + W_hr h_prev + b_hr)
    z_t = sigma(W_iz x_t + b_iz + W_hz h_prev + b_hz)
    rh_t = r_t * h_prev
    n_t = tanh(W_in x_t + b_in + W_hn rh_t + b_hn)
    h_t = (1 - z_t) * n_t + z_t * h_prev

    Back:
    da_z = dh * z_t (1 - z_t) (h_prev - n_t)
    da_n = dh * (1 - z_t) (1 - n_t^2)
    drh = da_n W_hn
    da_r = drh * r_t (1 - r_t) h_prev
    dh_prev = dh * z_t + drh * r_t + da_r W_hr + da_z W_hz

    Memory: 5 T B H numbers from forward to backward, and 3 T B H more during backward.
    """

    kept = ("r", "z", "n", "rh")
    coefficients = 3

    def __init__(self, B: int, W_ih: np.ndarray, W_hh: np.ndarray, b_ih: Any, b_hh: Any) -> None:
        self.hidden = H = W_hh.shape[1]
        self.W_x, self.b_x = W_ih, total(b_ih, b_hh)
        self.W_hrz, self.W_hn = W_hh[: 2 * H], W_hh[2 * H :]
        self.width = self.reads = 3 * H
        self.a_rz = np.empty((B, 2 * H), W_hh.dtype)
        self.part, self.drh = np.empty((2, B, H), W_hh.dtype)

    def forward(self, Wx_t: np.ndarray, prev: Any, new: Any, kept: np.ndarray) -> None:
        (h_prev,), (h_t,), H = prev, new, self.hidden
        r_t, z_t, n_t, rh_t = kept
        np.dot(h_prev, self.W_hrz.T, out=self.a_rz)
        self.a_rz += Wx_t[:, : 2 * H]
        np.negative(gates(self.a_rz, 2), out=kept[:2])
        sigmoid_of_minus(kept[:2])
        np.multiply(r_t, h_prev, out=rh_t)
        np.dot(rh_t, self.W_hn.T, out=n_t)
        n_t += Wx_t[:, 2 * H :]
        np.tanh(n_t, out=n_t)
        mix(z_t, n_t, h_prev, h_t)

    def local(self, kept: np.ndarray, prev: np.ndarray, new: np.ndarray, out: np.ndarray) -> None:
        local_of_mix(kept, prev[0], out)
        slope_of_sigma(kept[0], out[2])
        out[2] *= prev[0]

    def backward(self, local: np.ndarray, kept: np.ndarray, dstate: Any, D_t: np.ndarray) -> None:
        (dh,), H = dstate, self.hidden
        r_t, z_t, _, _ = kept
        to_zn, to_r = local[:2], local[2]
        D_rzn = gates(D_t, 3)
        da_r, _, da_n = D_rzn
        np.multiply(dh, to_zn, out=D_rzn[1:])
        drh = np.matmul(da_n, self.W_hn, out=self.drh)
        np.multiply(drh, to_r, out=da_r)
        drh *= r_t
        dh *= z_t
        dh += drh
        dh += np.matmul(D_t[:, : 2 * H], self.W_hrz, out=self.part)

    def gradients(
        self, D: np.ndarray, x: Input, kept: np.ndarray, prev: np.ndarray, wanted: Sequence[bool], by: Products
    ) -> list[Any]:
        W_ih, W_hh, b_ih, b_hh = wanted
        H = self.hidden
        dW_ih, db = x.gradients(D, W_ih, b_ih or b_hh, by)
        dW_hh = stacked(D[:, : 2 * H], prev[0], D[:, 2 * H :], kept[3], by) if W_hh else None
        return [dW_ih, dW_hh, db, db]


def mix(z_t: np.ndarray, n_t: np.ndarray, h_prev: np.ndarray, h_t: np.ndarray) -> None:
    """h_t = (1 - z_t) * n_t + z_t * h_prev = n_t + z_t * (h_prev - n_t)"""
    np.subtract(h_prev, n_t, out=h_t)
    h_t *= z_t
    h_t += n_t


def local_of_mix(kept: np.ndarray, h_prev: np.ndarray, out: np.ndarray) -> None:
    """Write z (1 - z) (h_prev - n) and (1 - z) (1 - n^2), through which dh reaches a_z and a_n; out[2] is scratch."""
    _, z, n, _ = kept
    to_z, to_n, scratch = out
    np.subtract(h_prev, n, out=to_z)
    np.multiply(n, n, out=to_n)
    np.subtract(1, to_n, out=to_n)
    np.subtract(1, z, out=scratch)
    out[:2] *= scratch
    to_z *= z


def slope_of_sigma(s: np.ndarray, out: np.ndarray) -> None:
    """out = s (1 - s)"""
    np.subtract(1, s, out=out)
    out *= s


def stacked(D_rz: np.ndarray, at_rz: np.ndarray, D_n: np.ndarray, at_n: np.ndarray, by: Products) -> np.ndarray:
    """Return the gradient of W_hh whose rows r and z were multiplied with one vector, and the rows n with another."""
    H = D_n.shape[1]
    dW_hh = np.empty((3 * H, H), D_n.dtype)
    by.times(D_rz.T, at_rz, out=dW_hh[: 2 * H])
    by.times(D_n.T, at_n, out=dW_hh[2 * H :])
    return dW_hh
