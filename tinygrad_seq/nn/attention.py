"""Attention: what is looked up in a memory, and how much of each of its rows."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from .. import ops, scope
from ..errors import ShapeError
from ..tensor import Tensor
from .arguments import step_mask
from .linear import Linear
from .module import Module

__all__ = ["Attention", "AttentionOutput"]


class AttentionOutput(NamedTuple):
    """What came of attention.

    Attributes:
        output: shape (B, U, H).
        weights: how much of each row of the memory went into it, shape (B, U, S); over S they sum to 1.
    """

    output: Tensor
    weights: Tensor


class Attention(Module):
    """Every state h_u of a decoder looks at all states m_1 .. m_S of an encoder.

        e_us = h_u . (W_a m_s)
        a_us = exp e_us / sum_s' exp e_us'        # how much of m_s
        c_u  = sum_s a_us m_s                     # the context
        y_u  = tanh(W_c [c_u, h_u])

    With `lengths` nothing is taken from what stands behind the end of a memory.
    Shapes: h and y (B, U, H), m (B, S, H), lengths (B,), W_a (H, H), W_c (H, 2 H). Raises ShapeError for other ones.
    Source: Luong et al., Effective Approaches to Attention-based Neural Machine Translation, 2015: "global" attention,
    score "general".

    >>> import tinygrad_seq as tg
    >>> attention = Attention(4)
    >>> output, weights = attention(tg.ones((1, 2, 4)), tg.ones((1, 3, 4)), lengths=[2])
    >>> output.shape, weights.detach().numpy()[0, 0].round(2)
    ((1, 2, 4), array([0.5, 0.5, 0. ], dtype=float32))
    """

    def __init__(self, hidden_size: int, dtype: Any = "float32") -> None:
        self.hidden_size = hidden_size
        self.score = Linear(hidden_size, hidden_size, bias=False, dtype=dtype)
        self.combine = Linear(2 * hidden_size, hidden_size, bias=False, dtype=dtype)

    def forward(self, h: Tensor, memory: Tensor, lengths: Any = None) -> AttentionOutput:
        """Return y and the weights a; see the class."""
        B, S, _ = self.checked(h, memory)
        e = h @ ops.swapaxes(self.score(memory), 1, 2)  # (B, U, S)
        counts = step_mask(lengths, None, (S, B), True, memory)
        if counts is not None:
            e = ops.where(ops.swapaxes(counts, 0, 1)[:, None, :], e, float(np.finfo(e.dtype).min))
        a = ops.softmax(e)
        return AttentionOutput(ops.tanh(self.combine(ops.concat([a @ memory, h], axis=-1))), a)

    def checked(self, h: Tensor, memory: Tensor) -> tuple[int, ...]:
        """Return the memory's shape. Raises ShapeError where it and the states do not fit together."""
        B, _, H = memory.shape if memory.ndim == 3 else (-1, -1, -1)
        if h.ndim != 3 or self.hidden_size != H or (h.shape[0], h.shape[2]) != (B, H):
            raise ShapeError(
                f"{scope.current()}: expected states (batch, U, {self.hidden_size}) and a memory (batch, S, "
                f"{self.hidden_size}) of the same batch, got {h.shape} and {memory.shape}."
            )
        return memory.shape

    def extra_repr(self) -> str:
        """Return the size."""
        return f"{self.hidden_size}"
