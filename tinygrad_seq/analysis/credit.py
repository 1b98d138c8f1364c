"""The credit matrix: which hidden state answers for which loss, and how far back."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..engine import grad
from ..tensor import Tensor

__all__ = ["credit", "credit_vectors"]


def credit_vectors(losses: Sequence[Tensor], states: Sequence[Tensor]) -> np.ndarray:
    """Return dL_s / dh_t for every loss s and every hidden state t, on one graph that stays as it is.

    Summed over s they are the gradient of sum_s L_s at h_t: credit is the whole gradient, told apart by its sources. A
    state that a loss does not depend on has zero, exactly: in a net that runs forwards every h_t with t > s.
    Shapes: losses are scalars; all states of one shape (...); the result (S, T, ...).
    """
    found = [grad(loss, list(states), retain_graph=True) for loss in losses]
    zero = np.zeros(states[0].shape, states[0].dtype)
    return np.array([[zero if g is None else g.numpy() for g in row] for row in found])


def credit(losses: Sequence[Tensor], states: Sequence[Tensor]) -> np.ndarray:
    """Return |dL_s / dh_t|, the norms of `credit_vectors`.

    Shape: (S, T), float64.

    >>> import tinygrad_seq as tg
    >>> w, h = tg.tensor(0.5, requires_grad=True), [tg.tensor(1.0, requires_grad=True)]
    >>> for _ in range(2):
    ...     h.append(w * h[-1])
    >>> credit([h_t * h_t for h_t in h], h)
    array([[2.   , 0.   , 0.   ],
           [0.5  , 1.   , 0.   ],
           [0.125, 0.25 , 0.5  ]])
    """
    vectors = credit_vectors(losses, states).astype(np.float64)
    norms: np.ndarray = np.sqrt(np.sum(vectors * vectors, axis=tuple(range(2, vectors.ndim))))
    return norms
