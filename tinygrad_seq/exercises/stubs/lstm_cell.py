"""Exercise 6: one step of the LSTM.

    i_t = sigma(...)    f_t = sigma(...)    g_t = tanh(...)    o_t = sigma(...)
    c_t = f_t * c_prev + i_t * g_t
    h_t = o_t * tanh(c_t)

The four brackets are the four quarters, in the order i, f, g, o, of x_t W_ih^T + h_prev W_hh^T + b.
Shapes: x_t (B, I), h_prev and c_prev (B, H), W_ih (4 H, I), W_hh (4 H, H), b (4 H,).
"""

from __future__ import annotations

import numpy as np


def lstm_cell(
    x_t: np.ndarray, h_prev: np.ndarray, c_prev: np.ndarray, W_ih: np.ndarray, W_hh: np.ndarray, b: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return h_t and c_t, each (B, H).

    Hint: `np.split(a, 4, axis=1)`.
    """
    raise NotImplementedError
