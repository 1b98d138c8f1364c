"""Exercise 2: the gradient of what was broadcast.

    y = x + b,  x (2, 3), b (3,):      dL/db_j = sum_i dL/dy_ij

Where one number was used in many places, its gradient is the sum over these places.
"""

from __future__ import annotations

import numpy as np


def unbroadcast(g: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Return the gradient of an operand of shape `shape` from that of the result, g.

    Shapes: g is what `shape` broadcasts to, such as (2, 3) for (3,), (1, 3), (2, 1) or ().
    Hint: axes that were put in front are summed away; axes of length 1 are summed and kept.
    """
    raise NotImplementedError
