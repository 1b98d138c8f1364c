"""Reading and adding at an index. An index is static: no gradient flows to it."""

from __future__ import annotations

from typing import Any

from ..backend import XP, A, Shape
from ..engine import Op, Part


class Getitem(Op):
    """y = x[index]                         dL/dx = dL/dy at index, else 0"""

    views = True

    @staticmethod
    def forward(xp: XP, x: A, /, index: Any) -> A:
        return x[index]

    @staticmethod
    def dx(xp: XP, dy: A, index: Any) -> Part:
        return Part(index, dy)


class Unindex(Op):
    """y = zeros with x added at index, the adjoint of reading      dL/dx = dL/dy[index]"""

    @staticmethod
    def forward(xp: XP, x: A, /, index: Any, shape: Shape) -> A:
        y: A = xp.index_add(xp.zeros(shape, dtype=x.dtype), index, x)
        return y

    @staticmethod
    def dx(xp: XP, dy: A, index: Any) -> A:
        return dy[index]


class IndexAdd(Op):
    """y = x with values added at index (repeated indices add up)   dL/dx = dL/dy, dL/dvalues = dL/dy[index]"""

    broadcasts = True

    @staticmethod
    def forward(xp: XP, x: A, values: A, /, index: Any) -> A:
        y: A = xp.asarray(x, copy=True)
        return xp.index_add(y, index, values)

    @staticmethod
    def dx(xp: XP, dy: A) -> A:
        return dy

    @staticmethod
    def dvalues(xp: XP, dy: A, index: Any) -> A:
        return dy[index]
