"""What a cell says to its kernel: its equations, one step forward and one step back."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from .inputs import Input
from .products import Products

__all__ = ["Cell", "gates", "sigmoid_of_minus", "total"]


class Cell(ABC):
    """The weights of one call, and the scratch memory of one step.

    Blocks are gate-major, (gates, B, H): each gate is contiguous, and one call works on several. `Wx_t` (B, G) is the
    part of x_t and the bias, which `W_x` (G, I) and `b_x` (G,) make for many steps in one product. A step back is
    linear in what comes back; its coefficients do not depend on that, and are made for many steps in one call.
    """

    parts: ClassVar[tuple[str, ...]] = ("h",)
    kept: ClassVar[tuple[str, ...]]  # what a step keeps for the way back, (B, H) each
    coefficients: ClassVar[int]  # of a step back, (B, H) each
    hidden: int  # H
    W_x: np.ndarray
    b_x: np.ndarray | None
    width: int  # columns of D, the gradients of all that is made by a product
    reads: int  # how many of them, the first ones, belong to W_x

    @abstractmethod
    def __init__(self, B: int, *weights: Any, **settings: Any) -> None:
        """Take the weights of a call, for a batch of B rows."""

    @abstractmethod
    def forward(self, Wx_t: np.ndarray, prev: Any, new: Any, kept: np.ndarray) -> None:
        """Write the new state and what is kept."""

    @abstractmethod
    def local(self, kept: np.ndarray, prev: np.ndarray, new: np.ndarray, out: np.ndarray) -> None:
        """Write the coefficients of several steps; all arrays are (..., steps, B, H)."""

    @abstractmethod
    def backward(self, local: np.ndarray, kept: np.ndarray, dstate: Any, D_t: np.ndarray) -> None:
        """Turn the gradient of the new state into that of the previous one, in place, and write D_t (B, width)."""

    @abstractmethod
    def gradients(
        self, D: np.ndarray, x: Input, kept: np.ndarray, prev: np.ndarray, wanted: Sequence[bool], by: Products
    ) -> list[Any]:
        """Return the gradients of the weights from D (T B, width); kept and prev are (..., T B, H)."""


def gates(a: np.ndarray, n: int) -> np.ndarray:
    """Return (B, n H) gate-major, (n, B, H), as a view."""
    return a.reshape(len(a), n, a.shape[1] // n).transpose(1, 0, 2)


def sigmoid_of_minus(a: np.ndarray) -> None:
    """a = 1 / (1 + e^a), in place: 1.7 ns an element, where the way through tanh takes 2.9."""
    np.exp(a, out=a)
    a += 1
    np.reciprocal(a, out=a)


def total(b_ih: np.ndarray | None, b_hh: np.ndarray | None) -> np.ndarray | None:
    """Return the sum of two biases that come together or not at all."""
    return None if b_ih is None or b_hh is None else b_ih + b_hh
