"""The state that one call of a recurrent module hands to the next."""

from __future__ import annotations

from ..backend import XP, A
from ..engine import Op
from ..scope import current, mode


class Carry(Op):
    """y = x, the carried state `name`: it labels the picture, and the error of a state that was not detached."""

    views = True

    @staticmethod
    def forward(xp: XP, x: A, /, name: str) -> A:
        return x

    @staticmethod
    def dx(xp: XP, dy: A, name: str) -> A:
        mode.get().carried = f"`{name}` of {current()}"  # if a freed graph follows, it was reached through here
        return dy
