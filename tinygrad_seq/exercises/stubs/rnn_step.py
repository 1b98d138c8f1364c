"""Exercise 3: one step of the plain recurrent net, forward and backward.

    a_t = x_t W_ih^T + h_prev W_hh^T + b
    h_t = tanh(a_t)                            tanh'(a) = 1 - tanh(a)^2

Shapes: x_t (B, I), h_prev and h_t (B, H), W_ih (H, I), W_hh (H, H), b (H,).
"""

from __future__ import annotations

import numpy as np


def forward(x_t: np.ndarray, h_prev: np.ndarray, W_ih: np.ndarray, W_hh: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return h_t."""
    raise NotImplementedError


def backward(
    dh_t: np.ndarray, x_t: np.ndarray, h_prev: np.ndarray, h_t: np.ndarray, W_ih: np.ndarray, W_hh: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return dx_t, dh_prev, dW_ih, dW_hh, db from dh_t = dL/dh_t.

    Hint: begin with da_t = dL/da_t. The weights were used by every row of the batch.
    """
    raise NotImplementedError
