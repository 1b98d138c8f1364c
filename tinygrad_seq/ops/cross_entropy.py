"""The loss of a classifier from its scores, position by position."""

from __future__ import annotations

from typing import Any

from ..engine import FusedOp
from .arithmetic import Negative, Where
from .compositions import take_along_axis
from .reduce import LogSoftmax
from .shape import ExpandDims, Squeeze


class CrossEntropy(FusedOp):
    """L_n = ln sum_k e^z_nk - z_n,y(n) where position n counts, else 0      dL_n/dz_nk = softmax(z_n)_k - [k = y(n)]

    Shapes: scores z (..., V), classes y (...) from 0 to V - 1, counts (...) of booleans, L (...).
    """

    @staticmethod
    def reference(z: Any, y: Any, counts: Any) -> tuple[Any, ...]:
        picked = take_along_axis(LogSoftmax.apply(z), ExpandDims.apply(y, axis=-1), axis=-1)
        return (Where.apply(counts, Negative.apply(Squeeze.apply(picked, axis=-1)), 0.0),)
