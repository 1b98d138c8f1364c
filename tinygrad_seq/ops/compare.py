"""Comparisons and choices: steps, which have no gradient."""

from __future__ import annotations

from typing import Any

from ..backend import XP, A
from ..engine import Op
from ..errors import ShapeError


class Equal(Op):
    """y = (a == b), element by element"""

    @staticmethod
    def forward(xp: XP, a: A, b: A) -> Any:
        return a == b


class NotEqual(Op):
    """y = (a != b), element by element"""

    @staticmethod
    def forward(xp: XP, a: A, b: A) -> Any:
        return a != b


class Less(Op):
    """y = (a < b)"""

    @staticmethod
    def forward(xp: XP, a: A, b: A) -> Any:
        return a < b


class LessEqual(Op):
    """y = (a <= b)"""

    @staticmethod
    def forward(xp: XP, a: A, b: A) -> Any:
        return a <= b


class Greater(Op):
    """y = (a > b)"""

    @staticmethod
    def forward(xp: XP, a: A, b: A) -> Any:
        return a > b


class GreaterEqual(Op):
    """y = (a >= b)"""

    @staticmethod
    def forward(xp: XP, a: A, b: A) -> Any:
        return a >= b


class LogicalAnd(Op):
    """y = a and b, of booleans"""

    @staticmethod
    def forward(xp: XP, a: A, b: A) -> A:
        return a & b


class LogicalOr(Op):
    """y = a or b, of booleans"""

    @staticmethod
    def forward(xp: XP, a: A, b: A) -> A:
        return a | b


class LogicalNot(Op):
    """y = not x, of booleans"""

    @staticmethod
    def forward(xp: XP, x: A) -> A:
        return ~x


class Isfinite(Op):
    """y = x is neither infinite nor NaN"""

    @staticmethod
    def forward(xp: XP, x: A) -> A:
        return xp.isfinite(x)


class Sign(Op):
    """y = -1, 0 or 1"""

    @staticmethod
    def forward(xp: XP, x: A) -> A:
        return xp.sign(x)


class Argmax(Op):
    """y = index of the largest element (of the flattened array for axis=None)"""

    @staticmethod
    def forward(xp: XP, x: A, /, axis: int | None = None, keepdims: bool = False) -> A:
        return xp.argmax(x, axis=axis, keepdims=keepdims)


class Argmin(Op):
    """y = index of the smallest element (of the flattened array for axis=None)"""

    @staticmethod
    def forward(xp: XP, x: A, /, axis: int | None = None, keepdims: bool = False) -> A:
        return xp.argmin(x, axis=axis, keepdims=keepdims)


class Sort(Op):
    """y = x in rising order"""

    @staticmethod
    def forward(xp: XP, x: A, /, axis: int = -1) -> A:
        return xp.sort(x, axis=axis)


class Argsort(Op):
    """y = the indices that sort x in rising order"""

    @staticmethod
    def forward(xp: XP, x: A, /, axis: int = -1) -> A:
        return xp.argsort(x, axis=axis)


class Topk(Op):
    """(values, indices) of the k largest elements along the last axis, the largest first"""

    outputs = -1

    @staticmethod
    def forward(xp: XP, x: A, /, k: int) -> tuple[A, A]:
        if not 0 <= k <= x.shape[-1]:
            raise ShapeError(f"topk: an axis of {x.shape[-1]} has no {k} largest elements.")
        falling = (..., slice(None, None, -1))
        order = xp.argsort(x, axis=-1)[falling][..., :k]
        return xp.sort(x, axis=-1)[falling][..., :k], order
