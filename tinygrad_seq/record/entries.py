"""What a record is made of: nodes, and the gradients that went from one to another."""

from __future__ import annotations

from typing import Literal

import numpy as np

from ..backend import Shape
from ..errors import GradientError
from ..scope import Purpose
from .summary import Summary

__all__ = ["Entry", "Kind", "Sent", "Walk"]

Kind = Literal["parameter", "input", "constant", "op", "result"]


class Entry:
    """One node: a leaf, something that came from outside, a number, an operation, or one of several results of one.

    `inputs` are the ids of what it was made of, in the order of the arguments; None stands for an argument that was
    None or, in a record of a graph, for one that is not on it. Shape and dtype are None for an operation with several
    results, which have their own. `view_of` is the parameter whose numbers this node shows in another shape or order,
    and `at` says where in the parameter each of them lies (flat, in C order), if gradients were kept in full.
    """

    __slots__ = (
        "at", "backward", "dtype", "gradient", "id", "index", "inputs", "kind", "name", "op", "path", "settings",
        "shape", "t", "value", "view_of",
    )  # fmt: skip

    def __init__(self, id: int, kind: Kind, shape: Shape | None, dtype: str | None) -> None:  # noqa: A002
        self.id = id
        self.kind = kind
        self.op = ""
        self.name = ""  # of a parameter, of a carried state, or of a result
        self.path = ""
        self.t: int | None = None
        self.backward = False  # computed by a backward pass, to be differentiated again
        self.shape = shape
        self.dtype = dtype
        self.inputs: tuple[int | None, ...] = ()
        self.index: int | None = None  # which result of its operation
        self.settings: dict[str, str] = {}
        self.value: Summary | None = None
        self.gradient: Summary | None = None
        self.view_of: int | None = None
        self.at: np.ndarray | None = None

    def __repr__(self) -> str:
        said = f"{self.id}: {self.kind}" + (f" {self.op}" if self.op else "") + (f" {self.name!r}" if self.name else "")
        return f"<{said} {self.shape} in '{self.path or 'top level'}'" + (
            f" (t={self.t})>" if self.t is not None else ">"
        )


class Sent:
    """The gradient that node `source` sent to node `target` in backward walk `walk`, and its length.

    `data` is there where it was asked for, the target is a parameter or a view of one, and it is small. Where `at` is
    not None the gradient is zero but at these places (flat, in C order), where `data` adds up, in this order. `total`
    is the length of the parameter's gradient then, what `.grad` held before with all that this walk has sent to the
    target so far: where parts were asked for, of any size.
    """

    __slots__ = ("at", "data", "norm", "source", "target", "total", "walk")

    def __init__(
        self,
        walk: int,
        source: int,
        target: int,
        norm: float,
        data: np.ndarray | None = None,
        at: np.ndarray | None = None,
        total: float | None = None,
    ) -> None:
        self.walk = walk
        self.source = source
        self.target = target
        self.norm = norm
        self.data = data
        self.at = at
        self.total = total

    def add_into(self, gradient: np.ndarray | None, shape: Shape) -> np.ndarray:
        """Return a gradient so far (None: none yet) with this part added, as the walk adds it."""
        if self.data is None:
            raise GradientError('this record has no parts of gradients: record(gradients="parts") keeps small ones.')
        if self.at is None:
            return self.data.reshape(shape).copy() if gradient is None else gradient + self.data.reshape(shape)
        total = np.zeros(shape, self.data.dtype) if gradient is None else gradient.copy()
        np.add.at(total.reshape(-1), self.at, self.data.ravel())
        return total


class Walk:
    """One backward walk: that of a `backward()`, that of a `grad()`, or one inside another, such as a checkpoint's.

    `before` is what the `.grad` of small parameters held when a `backward()` began to add to it, by id, if parts of
    gradients were asked for; a parameter without `.grad` is not there.
    """

    __slots__ = ("before", "purpose")

    def __init__(self, purpose: Purpose, before: dict[int, np.ndarray] | None = None) -> None:
        self.purpose = purpose
        self.before = before or {}
