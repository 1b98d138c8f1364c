"""Functions of one number, applied to every element."""

from __future__ import annotations

from math import pi, sqrt
from typing import Any

from ..backend import XP, A
from ..engine import Op


class Abs(Op):
    """y = |x|                      dL/dx = dL/dy sign(x)"""

    @staticmethod
    def forward(xp: XP, x: A) -> A:
        return xp.abs(x)

    @staticmethod
    def dx(xp: XP, dy: A, x: A) -> A:
        return dy * xp.sign(x)


class Exp(Op):
    """y = e^x                      dL/dx = dL/dy y"""

    @staticmethod
    def forward(xp: XP, x: A) -> A:
        return xp.exp(x)

    @staticmethod
    def dx(xp: XP, dy: A, y: A) -> A:
        return dy * y


class Expm1(Op):
    """y = e^x - 1                  dL/dx = dL/dy (y + 1)"""

    @staticmethod
    def forward(xp: XP, x: A) -> A:
        return xp.expm1(x)

    @staticmethod
    def dx(xp: XP, dy: A, y: A) -> A:
        return dy * (y + 1)


class Log(Op):
    """y = ln x                     dL/dx = dL/dy / x"""

    @staticmethod
    def forward(xp: XP, x: A) -> A:
        return xp.log(x)

    @staticmethod
    def dx(xp: XP, dy: A, x: A) -> A:
        return dy / x


class Log1p(Op):
    """y = ln(1 + x)                dL/dx = dL/dy / (1 + x)"""

    @staticmethod
    def forward(xp: XP, x: A) -> A:
        return xp.log1p(x)

    @staticmethod
    def dx(xp: XP, dy: A, x: A) -> A:
        return dy / (1 + x)


class Sqrt(Op):
    """y = sqrt(x)                  dL/dx = dL/dy / (2 y)"""

    @staticmethod
    def forward(xp: XP, x: A) -> A:
        return xp.sqrt(x)

    @staticmethod
    def dx(xp: XP, dy: A, y: A) -> A:
        return dy / (2 * y)


class Rsqrt(Op):
    """y = 1 / sqrt(x)              dL/dx = -dL/dy y^3 / 2"""

    @staticmethod
    def forward(xp: XP, x: A) -> A:
        return 1 / xp.sqrt(x)

    @staticmethod
    def dx(xp: XP, dy: A, y: A) -> A:
        return dy * (-0.5 * y * y * y)


class Sin(Op):
    """y = sin x                    dL/dx = dL/dy cos x"""

    @staticmethod
    def forward(xp: XP, x: A) -> A:
        return xp.sin(x)

    @staticmethod
    def dx(xp: XP, dy: A, x: A) -> A:
        return dy * xp.cos(x)


class Cos(Op):
    """y = cos x                    dL/dx = -dL/dy sin x"""

    @staticmethod
    def forward(xp: XP, x: A) -> A:
        return xp.cos(x)

    @staticmethod
    def dx(xp: XP, dy: A, x: A) -> A:
        return -dy * xp.sin(x)


class Tanh(Op):
    """y = tanh x                   dL/dx = dL/dy (1 - y^2)"""

    @staticmethod
    def forward(xp: XP, x: A) -> A:
        return xp.tanh(x)

    @staticmethod
    def dx(xp: XP, dy: A, y: A) -> A:
        return dy * (1 - y * y)


class Sigmoid(Op):
    """y = 1 / (1 + e^-x)           dL/dx = dL/dy y (1 - y)

    Computed as (1 + tanh(x/2)) / 2, which cannot overflow.
    """

    @staticmethod
    def forward(xp: XP, x: A) -> A:
        y = xp.tanh(0.5 * x)
        y *= 0.5
        y += 0.5
        return y

    @staticmethod
    def dx(xp: XP, dy: A, y: A) -> A:
        return dy * (y - y * y)


class Relu(Op):
    """y = max(x, 0)                dL/dx = dL/dy where x > 0, else 0"""

    @staticmethod
    def forward(xp: XP, x: A) -> A:
        return xp.maximum(x, 0)

    @staticmethod
    def dx(xp: XP, dy: A, y: A) -> Any:
        return xp.where(y > 0, dy, 0)


class LeakyRelu(Op):
    """y = x where x > 0, else slope x      dL/dx = dL/dy where x > 0, else slope dL/dy"""

    @staticmethod
    def forward(xp: XP, x: A, /, slope: float = 0.01) -> Any:
        return xp.where(x > 0, x, float(slope) * x)  # float: a NumPy scalar would decide the type

    @staticmethod
    def dx(xp: XP, dy: A, x: A, slope: float) -> Any:
        return xp.where(x > 0, dy, float(slope) * dy)


K = sqrt(2 / pi)
C = 0.044715


class Gelu(Op):
    """y = x/2 (1 + u), u = tanh(k (x + c x^3)), k = sqrt(2/pi), c = 0.044715

    dL/dx = dL/dy ((1 + u)/2 + x/2 (1 - u^2) k (1 + 3 c x^2))

    The tanh form (Hendrycks and Gimpel, Gaussian Error Linear Units, 2016, section 2).
    """

    @staticmethod
    def forward(xp: XP, x: A) -> A:
        return 0.5 * x * (1 + xp.tanh(K * (x + C * x * x * x)))

    @staticmethod
    def dx(xp: XP, dy: A, x: A) -> A:
        u = xp.tanh(K * (x + C * x * x * x))
        return dy * (0.5 * (1 + u) + 0.5 * x * (1 - u * u) * (K * (1 + 3 * C * x * x)))


class Softplus(Op):
    """y = ln(1 + e^x)              dL/dx = dL/dy sigmoid(x)

    Computed as max(x, 0) + ln(1 + e^-|x|), which cannot overflow.
    """

    @staticmethod
    def forward(xp: XP, x: A) -> A:
        return xp.maximum(x, 0) + xp.log1p(xp.exp(-xp.abs(x)))

    @staticmethod
    def dx(xp: XP, dy: A, x: A) -> A:
        return dy * (0.5 + 0.5 * xp.tanh(0.5 * x))


class Logsigmoid(Op):
    """y = ln sigmoid(x)            dL/dx = dL/dy sigmoid(-x)"""

    @staticmethod
    def forward(xp: XP, x: A) -> A:
        return xp.minimum(x, 0) - xp.log1p(xp.exp(-xp.abs(x)))

    @staticmethod
    def dx(xp: XP, dy: A, x: A) -> A:
        return dy * (0.5 - 0.5 * xp.tanh(0.5 * x))


class Astype(Op):
    """y = x in another floating type; the walk casts the gradient back"""

    views = True

    @staticmethod
    def forward(xp: XP, x: A, /, dtype: Any) -> A:
        return xp.astype(x, dtype)

    @staticmethod
    def dx(xp: XP, dy: A) -> A:
        return dy
