"""Reductions along axes, and the normalisations built on them."""

from __future__ import annotations

from math import inf
from typing import Any

from ..backend import XP, A, Axis, Shape
from ..engine import Op


def unreduced(xp: XP, dy: A, axis: Axis, keepdims: bool) -> A:
    """Give back, as axes of length one, the axes that a reduction took away."""
    return dy if axis is None or keepdims else xp.expand_dims(dy, axis=axis)


class Sum(Op):
    """y = sum of x along axis              dL/dx = dL/dy, spread"""

    @staticmethod
    def forward(xp: XP, x: A, /, axis: Axis = None, keepdims: bool = False) -> A:
        return xp.sum(x, axis=axis, keepdims=keepdims)

    @staticmethod
    def dx(xp: XP, dy: A, x_shape: Shape, axis: Axis, keepdims: bool) -> A:
        return xp.broadcast_to(unreduced(xp, dy, axis, keepdims), x_shape)


class Mean(Op):
    """y = mean of x along axis             dL/dx = dL/dy / n, spread over the n elements"""

    @staticmethod
    def forward(xp: XP, x: A, /, axis: Axis = None, keepdims: bool = False) -> A:
        return xp.mean(x, axis=axis, keepdims=keepdims)

    @staticmethod
    def dx(xp: XP, dy: A, x_shape: Shape, axis: Axis, keepdims: bool) -> A:
        n = count(x_shape, axis)
        return xp.broadcast_to(unreduced(xp, dy / n if n else dy, axis, keepdims), x_shape)


class Max(Op):
    """y = largest x along axis             equals share dL/dy"""

    @staticmethod
    def forward(xp: XP, x: A, /, axis: Axis = None, keepdims: bool = False) -> A:
        return xp.max(x, axis=axis, keepdims=keepdims)

    @staticmethod
    def dx(xp: XP, dy: A, x: A, y: A, axis: Axis, keepdims: bool) -> A:
        return shared(xp, dy, x, y, axis, keepdims)


class Min(Op):
    """y = smallest x along axis            equals share dL/dy"""

    @staticmethod
    def forward(xp: XP, x: A, /, axis: Axis = None, keepdims: bool = False) -> A:
        return xp.min(x, axis=axis, keepdims=keepdims)

    @staticmethod
    def dx(xp: XP, dy: A, x: A, y: A, axis: Axis, keepdims: bool) -> A:
        return shared(xp, dy, x, y, axis, keepdims)


def shared(xp: XP, dy: A, x: A, y: A, axis: Axis, keepdims: bool) -> A:
    """Give dy to the elements of x that equal the extremum y, in equal shares."""
    hit: A = xp.astype(x == unreduced(xp, y, axis, keepdims), dy.dtype)
    return unreduced(xp, dy, axis, keepdims) * (hit / xp.sum(hit, axis=axis, keepdims=True))


class Logsumexp(Op):
    """y = ln sum e^x along axis            dL/dx = dL/dy e^(x - y)

    The largest x is taken out of the sum, so that nothing overflows. Of -inf alone: y = -inf, with gradient 0.
    """

    @staticmethod
    def forward(xp: XP, x: A, /, axis: Axis = None, keepdims: bool = False) -> Any:
        top = xp.max(x, axis=axis, keepdims=True)
        total = xp.sum(xp.exp(x - xp.where(xp.isfinite(top), top, 0)), axis=axis, keepdims=True)
        y = xp.log(total + (total == 0)) + top
        return y if keepdims else xp.squeeze(y, axis=axis)

    @staticmethod
    def dx(xp: XP, dy: A, x: A, y: Any, axis: Axis, keepdims: bool) -> A:
        y = unreduced(xp, y, axis, keepdims)
        return unreduced(xp, dy, axis, keepdims) * xp.exp(x - xp.where(y == -inf, 0, y))


class Softmax(Op):
    """y_i = e^(x_i) / sum_j e^(x_j)        dL/dx = y (dL/dy - sum_j dL/dy_j y_j)"""

    @staticmethod
    def forward(xp: XP, x: A, /, axis: int = -1) -> A:
        y = xp.exp(x - xp.max(x, axis=axis, keepdims=True))
        y /= xp.sum(y, axis=axis, keepdims=True)
        return y

    @staticmethod
    def dx(xp: XP, dy: A, y: A, axis: int) -> A:
        return y * (dy - xp.sum(dy * y, axis=axis, keepdims=True))


class LogSoftmax(Op):
    """y_i = x_i - ln sum_j e^(x_j)         dL/dx = dL/dy - e^y sum_j dL/dy_j"""

    @staticmethod
    def forward(xp: XP, x: A, /, axis: int = -1) -> A:
        y = x - xp.max(x, axis=axis, keepdims=True)
        return y - xp.log(xp.sum(xp.exp(y), axis=axis, keepdims=True))

    @staticmethod
    def dx(xp: XP, dy: A, y: A, axis: int) -> A:
        return dy - xp.exp(y) * xp.sum(dy, axis=axis, keepdims=True)


class Cumsum(Op):
    """y_i = sum of x_j for j <= i          dL/dx_j = sum of dL/dy_i for i >= j"""

    @staticmethod
    def forward(xp: XP, x: A, /, axis: int) -> A:
        return xp.cumsum(x, axis=axis)

    @staticmethod
    def dx(xp: XP, dy: A, axis: int) -> A:
        return xp.flip(xp.cumsum(xp.flip(dy, axis=axis), axis=axis), axis=axis)


def count(shape: Shape, axis: Axis) -> int:
    """Return how many elements a reduction of `shape` along `axis` joins into one."""
    n = 1
    for i in range(len(shape)) if axis is None else (axis,) if isinstance(axis, int) else axis:
        n *= shape[i]
    return n
