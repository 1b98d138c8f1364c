"""Exercise 7: the GRU, in both of its forms.

    r_t = sigma(W_ir x_t + b_ir + W_hr h_prev + b_hr)
    z_t = sigma(W_iz x_t + b_iz + W_hz h_prev + b_hz)
    n_t = tanh(W_in x_t + b_in + r_t * (W_hn h_prev + b_hn))      reset_after=True
    n_t = tanh(W_in x_t + b_in + W_hn (r_t * h_prev) + b_hn)      reset_after=False
    h_t = (1 - z_t) * n_t + z_t * h_prev

The matrices W_ir, W_iz, W_in stand on top of each other in W_ih, and likewise in W_hh, b_ih, b_hh.
Shapes: x_t (B, I), h_prev (B, H), W_ih (3 H, I), W_hh (3 H, H), b_ih and b_hh (3 H,).
"""

from __future__ import annotations

import numpy as np


def gru_cell(
    x_t: np.ndarray,
    h_prev: np.ndarray,
    W_ih: np.ndarray,
    W_hh: np.ndarray,
    b_ih: np.ndarray,
    b_hh: np.ndarray,
    reset_after: bool,
) -> np.ndarray:
    """Return h_t, (B, H).

    Hint: in one of the forms b_hn is multiplied by r_t, in the other it is not.
    """
    raise NotImplementedError
