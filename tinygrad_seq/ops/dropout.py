"""Multiplication with noise that has a name."""

from __future__ import annotations

from typing import Any

from ..backend import Key, Shape, namespace, owner
from ..engine import FusedOp
from .arithmetic import Multiply


class Dropout(FusedOp):
    """y = x m      dL/dx = dL/dy m      m = [u >= p] / (1 - p), where the numbers u in [0, 1) are those of a key."""

    @staticmethod
    def reference(x: Any, p: float, key: Key) -> tuple[Any, ...]:
        return (Multiply.apply(x, x.kind.handle(noise(x.data, x.shape, p, key), None)),)


def noise(like: Any, shape: Shape, p: float, key: Key) -> Any:
    """Return m on the backend and of the type of an array."""
    xp = namespace(like)
    return xp.astype(owner(like).uniform(key, shape, like.dtype) >= p, like.dtype) / (1 - p)
