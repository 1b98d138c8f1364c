"""The mLSTM's equations, a step forward and a step back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .cell import gates
from .inputs import Input
from .lstm import LSTM
from .products import Products

__all__ = ["MLSTM"]


class MLSTM(LSTM):
    r"""m_t = (W_mx x_t) * (W_mh h_prev)
    h_t, c_t as in the LSTM, with m_t in the place of h_prev

    Back:
    dm as dh_prev in the LSTM
    d(W_mx x_t) = dm * (W_mh h_prev)
    d(W_mh h_prev) = dm * (W_mx x_t)
    dh_prev = d(W_mh h_prev) W_mh

    Memory: 10 T B H numbers from forward to backward, and 6 T B H more during backward.
    """

    kept = (*LSTM.kept, "m", "mx", "mh")

    def __init__(
        self, B: int, W_ih: np.ndarray, W_hh: np.ndarray, W_mx: np.ndarray, W_mh: np.ndarray, b: np.ndarray | None
    ) -> None:
        super().__init__(B, W_ih, W_hh, None, None)
        H = self.hidden
        self.W_x, self.W_mh = np.concatenate([W_ih, W_mx]), W_mh
        self.b_x = None if b is None else np.concatenate([b, np.zeros(H, b.dtype)])
        self.width, self.reads = 6 * H, 5 * H

    def forward(self, Wx_t: np.ndarray, prev: Any, new: Any, kept: np.ndarray) -> None:
        (h_prev, c_prev), H = prev, self.hidden
        m_t, mx_t, mh_t = kept[5:]
        mx_t[...] = Wx_t[:, 4 * H :]
        np.dot(h_prev, self.W_mh.T, out=mh_t)
        np.multiply(mx_t, mh_t, out=m_t)
        super().forward(Wx_t[:, : 4 * H], (m_t, c_prev), new, kept)

    def backward(self, local: np.ndarray, kept: np.ndarray, dstate: Any, D_t: np.ndarray) -> None:
        (dh, _), H = dstate, self.hidden
        _, mx_t, mh_t = kept[5:]
        super().backward(local, kept, dstate, D_t[:, : 4 * H])
        dm = dh
        dmx, dmh = gates(D_t[:, 4 * H :], 2)
        np.multiply(dm, mh_t, out=dmx)
        np.multiply(dm, mx_t, out=dmh)
        np.dot(dmh, self.W_mh, out=dh)

    def gradients(
        self, D: np.ndarray, x: Input, kept: np.ndarray, prev: np.ndarray, wanted: Sequence[bool], by: Products
    ) -> list[Any]:
        W_ih, W_hh, W_mx, W_mh, b = wanted
        H = self.hidden
        dW_x, db_x = x.gradients(D[:, : 5 * H], W_ih or W_mx, b, by)
        dW_ih, dW_mx = (None, None) if dW_x is None else (dW_x[: 4 * H], dW_x[4 * H :])
        dW_hh = by.times(D[:, : 4 * H].T, kept[5]) if W_hh else None
        dW_mh = by.times(D[:, 5 * H :].T, prev[0]) if W_mh else None
        return [dW_ih, dW_hh, dW_mx, dW_mh, None if db_x is None else db_x[: 4 * H]]
