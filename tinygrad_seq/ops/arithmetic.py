"""Arithmetic of two arrays with broadcasting, and the choice between them."""

from __future__ import annotations

from math import log, nan
from typing import Any

from ..backend import SCALARS, XP, A, is_floating
from ..engine import Op


class Add(Op):
    """y = a + b                    dL/da = dL/dy              dL/db = dL/dy"""

    broadcasts = True

    @staticmethod
    def forward(xp: XP, a: A, b: A) -> A:
        return a + b

    @staticmethod
    def da(xp: XP, dy: A) -> A:
        return dy

    @staticmethod
    def db(xp: XP, dy: A) -> A:
        return dy


class Subtract(Op):
    """y = a - b                    dL/da = dL/dy              dL/db = -dL/dy"""

    broadcasts = True

    @staticmethod
    def forward(xp: XP, a: A, b: A) -> A:
        return a - b

    @staticmethod
    def da(xp: XP, dy: A) -> A:
        return dy

    @staticmethod
    def db(xp: XP, dy: A) -> A:
        return -dy


class Multiply(Op):
    """y = a b                      dL/da = dL/dy b            dL/db = dL/dy a"""

    broadcasts = True

    @staticmethod
    def forward(xp: XP, a: A, b: A) -> A:
        return a * b

    @staticmethod
    def da(xp: XP, dy: A, b: A) -> A:
        return dy * b

    @staticmethod
    def db(xp: XP, dy: A, a: A) -> A:
        return dy * a


class Divide(Op):
    """y = a / b                    dL/da = dL/dy / b          dL/db = -dL/dy y / b"""

    broadcasts = True

    @staticmethod
    def forward(xp: XP, a: A, b: A) -> A:
        return a / b

    @staticmethod
    def da(xp: XP, dy: A, b: A) -> A:
        return dy / b

    @staticmethod
    def db(xp: XP, dy: A, b: A, y: A) -> A:
        return -dy * y / b


class Pow(Op):
    """y = a^b                      dL/da = dL/dy b a^(b-1)    dL/db = dL/dy y ln a   (0 where a = 0)"""

    broadcasts = True

    @staticmethod
    def forward(xp: XP, a: A, b: A) -> A:
        return a**b

    @staticmethod
    def da(xp: XP, dy: A, a: Any, b: Any) -> Any:
        origin = (a == 0) & (b == 0)  # b a^(b-1) would be 0 times infinity
        return dy * (b * a ** xp.where(origin, 1, b - 1))

    @staticmethod
    def db(xp: XP, dy: A, a: Any, y: A) -> A:
        return dy * y * xp.log(xp.where(a == 0, 1, a))


class PowConstant(Op):
    """y = x^n for a number n       dL/dx = dL/dy n x^(n-1)"""

    @staticmethod
    def forward(xp: XP, x: A, /, n: float) -> A:
        return x**n

    @staticmethod
    def dx(xp: XP, dy: A, x: A, n: float) -> A:
        return dy * (n * x ** (n - 1)) if n else dy * 0  # x^0 is flat, at x = 0 too


class Exponential(Op):
    """y = c^x for a number c       dL/dx = dL/dy y ln c       (0 where c = 0)"""

    @staticmethod
    def forward(xp: XP, x: A, /, c: float) -> A:
        return c**x

    @staticmethod
    def dx(xp: XP, dy: A, y: A, c: float) -> A:
        return dy * y * (log(c) if c > 0 else 0.0 if c == 0 else nan)


class Negative(Op):
    """y = -x                       dL/dx = -dL/dy"""

    @staticmethod
    def forward(xp: XP, x: A) -> A:
        return -x

    @staticmethod
    def dx(xp: XP, dy: A) -> A:
        return -dy


class Maximum(Op):
    """y = max(a, b)                the larger one gets dL/dy; equals share it in halves"""

    broadcasts = True

    @staticmethod
    def forward(xp: XP, a: A, b: A) -> A:
        return xp.maximum(a, b)

    @staticmethod
    def da(xp: XP, dy: A, a: A, b: A) -> Any:
        return xp.where(a == b, dy * 0.5, xp.where(a > b, dy, 0))

    @staticmethod
    def db(xp: XP, dy: A, a: A, b: A) -> Any:
        return xp.where(a == b, dy * 0.5, xp.where(a > b, 0, dy))


class Minimum(Op):
    """y = min(a, b)                the smaller one gets dL/dy; equals share it in halves"""

    broadcasts = True

    @staticmethod
    def forward(xp: XP, a: A, b: A) -> A:
        return xp.minimum(a, b)

    @staticmethod
    def da(xp: XP, dy: A, a: A, b: A) -> Any:
        return xp.where(a == b, dy * 0.5, xp.where(a < b, dy, 0))

    @staticmethod
    def db(xp: XP, dy: A, a: A, b: A) -> Any:
        return xp.where(a == b, dy * 0.5, xp.where(a < b, 0, dy))


class Clip(Op):
    """y = min(max(x, low), high)   dL/dx = dL/dy where low <= x <= high, else 0"""

    @staticmethod
    def forward(xp: XP, x: A, /, min: float | None = None, max: float | None = None) -> A:
        if min is None and max is None:
            return xp.asarray(x, copy=True)
        y = x if min is None else xp.maximum(x, min)
        return y if max is None else xp.minimum(y, max)

    @staticmethod
    def dx(xp: XP, dy: A, x: A, min: float | None, max: float | None) -> Any:
        if min is not None:
            dy = xp.where(x < min, 0, dy)
        return dy if max is None else xp.where(x > max, 0, dy)


class Where(Op):
    """y = a where mask, else b     dL/da = dL/dy where mask   dL/db = dL/dy where not mask"""

    broadcasts = True

    @staticmethod
    def forward(xp: XP, mask: A, a: A, b: A) -> Any:
        y = xp.where(mask, a, b)
        numbers = type(a) in SCALARS and type(b) in SCALARS
        return xp.astype(y, "float32") if numbers and is_floating(y.dtype) else y  # as in tensor(1.0)

    @staticmethod
    def da(xp: XP, dy: A, mask: A) -> Any:
        return xp.where(mask, dy, 0)

    @staticmethod
    def db(xp: XP, dy: A, mask: A) -> Any:
        return xp.where(mask, 0, dy)
