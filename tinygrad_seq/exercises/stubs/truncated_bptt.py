"""Exercise 5: backpropagation through time, truncated.

    h_t = tanh(x_t W_ih^T + h_{t-1} W_hh^T + b),   h_{-1} = 0,   L = sum_t |h_t - y_t|^2 / 2

The sequence is read in chunks of k steps (the last may be shorter). The state is carried from chunk to chunk; the
gradient is not: inside a chunk it goes back to the chunk's first step and stops there.
Shapes: xs (T, B, I), ys (T, B, H), W_ih (H, I), W_hh (H, H), b (H,).
"""

from __future__ import annotations

import numpy as np


def truncated_gradient(
    xs: np.ndarray, ys: np.ndarray, W_ih: np.ndarray, W_hh: np.ndarray, b: np.ndarray, k: int
) -> np.ndarray:
    """Return dL/dW_hh, (H, H), as truncated BPTT finds it.

    Hint: forward through a chunk and keep its states; then backward through it with dh_next = 0 at its end.
    """
    raise NotImplementedError
