"""Exercise 4: a recurrent net over a whole sequence.

    h_t = tanh(x_t W_ih^T + h_{t-1} W_hh^T + b),    t = 0 .. T - 1,    h_{-1} = h_0 as it is given

Shapes: xs (T, B, I), h_0 (B, H), W_ih (H, I), W_hh (H, H), b (H,).
"""

from __future__ import annotations

import numpy as np


def unroll(xs: np.ndarray, h_0: np.ndarray, W_ih: np.ndarray, W_hh: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return all hidden states, (T, B, H).

    Hint: one loop, one variable that is carried from turn to turn, one list.
    """
    raise NotImplementedError
