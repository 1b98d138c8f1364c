"""The input of a sequence: vectors, or whole numbers that stand for one-hot vectors. Time and batch are one axis."""

from __future__ import annotations

from typing import Any

from .device import Device
from .sources import function

__all__ = ["Input", "column_sums", "product_over_rows"]


class Input:
    """What stands for x (T, B, I), or (T, B) of whole numbers."""

    def __init__(self, on: Device, x: Any, dtype: Any) -> None:
        self.on, self.dtype = on, dtype
        self.T, self.B = x.shape[:2]
        self.rows = self.T * self.B
        self.is_symbols = x.ndim == 2
        flat = (self.rows,) if self.is_symbols else (self.rows, x.shape[2])
        self.x = on.xp.reshape(on.contiguous(x, "int64" if self.is_symbols else dtype), flat)

    def projected(self, W: Any) -> Any:
        """Return W x (T, B, G) of all steps, in one product."""
        on, (G, I) = self.on, W.shape
        out = on.empty((self.T, self.B, G), self.dtype)
        if self.is_symbols:
            on.launch(function("symbols_pick"), self.dtype, self.rows * G, self.x, W, out, self.rows, G, I)
        else:
            on.matmul(self.x, W, flat(on, out), b_T=True)
        return out

    def weight_gradient(self, D: Any, W: Any) -> Any:
        """Return the gradient of W from D (T, B, G), in one product."""
        on, (G, I) = self.on, W.shape
        if not self.is_symbols:
            return product_over_rows(on, D, self.x)
        out = on.empty((G, I), self.dtype)
        on.launch(function("symbols_sum"), self.dtype, G * I, self.x, D, out, self.rows, G, I)
        return out


def flat(on: Device, array: Any) -> Any:
    """Return an array as a matrix of rows, of whatever axes."""
    *axes, columns = array.shape
    rows = 1
    for n in axes:
        rows *= n
    return on.xp.reshape(array, (rows, columns))


def product_over_rows(on: Device, D: Any, x: Any) -> Any:
    """Return D^T x, summed over all rows of a sequence: the gradient of a W that x was multiplied with."""
    D, x = flat(on, D), flat(on, x)
    out = on.empty((D.shape[1], x.shape[1]), D.dtype)
    on.matmul(D, x, out, a_T=True)
    return out


def column_sums(on: Device, D: Any) -> Any:
    """Return the sum over all rows of a sequence, as a product with ones: the gradient of a bias."""
    D = flat(on, D)
    out = on.empty((1, D.shape[1]), D.dtype)
    on.matmul(on.xp.ones((1, D.shape[0]), dtype=D.dtype), D, out)
    return out[0]
