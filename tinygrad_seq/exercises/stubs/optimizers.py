"""Exercise 8: the optimizer family.

    momentum (the lecture's):  z = beta z + (1 - beta) g           p = p - lr z
    Adagrad:                   v = v + g^2                         p = p - lr g / (sqrt(v) + eps)
    RMSProp:                   v = alpha v + (1 - alpha) g^2       p = p - lr g / (sqrt(v) + eps)
    Adam, t = 1, 2, ...:       m = b1 m + (1 - b1) g,  v = b2 v + (1 - b2) g^2
                               p = p - lr (m / (1 - b1^t)) / (sqrt(v / (1 - b2^t)) + eps)

Every function takes one step: p, g and the state have one shape, and what it returns is new.
"""

from __future__ import annotations

import numpy as np


def momentum(
    p: np.ndarray, g: np.ndarray, z: np.ndarray, lr: float = 0.1, beta: float = 0.9
) -> tuple[np.ndarray, np.ndarray]:
    """Return p and z."""
    raise NotImplementedError


def adagrad(
    p: np.ndarray, g: np.ndarray, v: np.ndarray, lr: float = 0.1, eps: float = 1e-3
) -> tuple[np.ndarray, np.ndarray]:
    """Return p and v."""
    raise NotImplementedError


def rmsprop(
    p: np.ndarray, g: np.ndarray, v: np.ndarray, lr: float = 0.1, alpha: float = 0.9, eps: float = 1e-3
) -> tuple[np.ndarray, np.ndarray]:
    """Return p and v."""
    raise NotImplementedError


def adam(
    p: np.ndarray,
    g: np.ndarray,
    m: np.ndarray,
    v: np.ndarray,
    t: int,
    lr: float = 0.1,
    b1: float = 0.9,
    b2: float = 0.99,
    eps: float = 1e-3,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return p, m and v.

    Hint: what is kept are m and v without their corrections.
    """
    raise NotImplementedError
