"""The same numbers in another shape or order."""

from __future__ import annotations

from itertools import pairwise

from ..backend import XP, A, Axis, Shape
from ..engine import Op
from ..errors import ShapeError


class Reshape(Op):
    """y = x in another shape               dL/dx = dL/dy in the old one"""

    views = True

    @staticmethod
    def forward(xp: XP, x: A, /, shape: Shape) -> A:
        return xp.reshape(x, shape)

    @staticmethod
    def dx(xp: XP, dy: A, x_shape: Shape) -> A:
        return xp.reshape(dy, x_shape)


class Squeeze(Op):
    """y = x without axes of length one"""

    views = True

    @staticmethod
    def forward(xp: XP, x: A, /, axis: Axis = None) -> A:
        return xp.squeeze(x, axis=axis)

    @staticmethod
    def dx(xp: XP, dy: A, x_shape: Shape) -> A:
        return xp.reshape(dy, x_shape)


class ExpandDims(Op):
    """y = x with new axes of length one"""

    views = True

    @staticmethod
    def forward(xp: XP, x: A, /, axis: int | tuple[int, ...]) -> A:
        return xp.expand_dims(x, axis=axis)

    @staticmethod
    def dx(xp: XP, dy: A, x_shape: Shape) -> A:
        return xp.reshape(dy, x_shape)


class PermuteDims(Op):
    """y = x with its axes in another order  dL/dx = dL/dy in the inverse order"""

    views = True

    @staticmethod
    def forward(xp: XP, x: A, /, axes: tuple[int, ...]) -> A:
        return xp.permute_dims(x, axes)

    @staticmethod
    def dx(xp: XP, dy: A, axes: tuple[int, ...]) -> A:
        n = len(axes)
        return xp.permute_dims(dy, tuple(sorted(range(n), key=lambda i: axes[i] % n)))


class BroadcastTo(Op):
    """y = x repeated to a larger shape     dL/dx = dL/dy, summed (by the walk)"""

    broadcasts = True
    views = True

    @staticmethod
    def forward(xp: XP, x: A, /, shape: Shape) -> A:
        return xp.broadcast_to(x, shape)

    @staticmethod
    def dx(xp: XP, dy: A) -> A:
        return dy


class Flip(Op):
    """y = x in reverse order along axis    dL/dx = dL/dy reversed"""

    views = True

    @staticmethod
    def forward(xp: XP, x: A, /, axis: Axis = None) -> A:
        return xp.flip(x, axis=axis)

    @staticmethod
    def dx(xp: XP, dy: A, axis: Axis) -> A:
        return xp.flip(dy, axis=axis)


class Pad(Op):
    """y = x with a margin of a constant    dL/dx = dL/dy without the margin"""

    @staticmethod
    def forward(xp: XP, x: A, /, widths: tuple[tuple[int, int], ...], value: float) -> A:
        return xp.pad(x, widths, constant_values=value)

    @staticmethod
    def dx(xp: XP, dy: A, x_shape: Shape, widths: tuple[tuple[int, int], ...]) -> A:
        return dy[tuple(slice(before, before + n) for (before, _), n in zip(widths, x_shape, strict=True))]


class Tril(Op):
    """y = x on and below diagonal k, else 0"""

    @staticmethod
    def forward(xp: XP, x: A, /, k: int = 0) -> A:
        return xp.tril(x, k=k)

    @staticmethod
    def dx(xp: XP, dy: A, k: int) -> A:
        return xp.tril(dy, k=k)


class Triu(Op):
    """y = x on and above diagonal k, else 0"""

    @staticmethod
    def forward(xp: XP, x: A, /, k: int = 0) -> A:
        return xp.triu(x, k=k)

    @staticmethod
    def dx(xp: XP, dy: A, k: int) -> A:
        return xp.triu(dy, k=k)


class Concat(Op):
    """y = the inputs one after another along axis      each gets its part of dL/dy"""

    @staticmethod
    def forward(xp: XP, *xs: A, axis: int) -> A:
        return xp.concat(xs, axis=axis)

    @staticmethod
    def dxs(xp: XP, dy: A, i: int, xs_shapes: tuple[Shape, ...], axis: int) -> A:
        start = sum(shape[axis] for shape in xs_shapes[:i])
        return dy[at(dy.ndim, axis, slice(start, start + xs_shapes[i][axis]))]


class Stack(Op):
    """y = the inputs side by side along a new axis     each gets its part of dL/dy"""

    @staticmethod
    def forward(xp: XP, *xs: A, axis: int) -> A:
        return xp.stack(xs, axis=axis)

    @staticmethod
    def dxs(xp: XP, dy: A, i: int, axis: int) -> A:
        return dy[at(dy.ndim, axis, i)]


class Split(Op):
    """(y_1, ..., y_n) = x cut along axis; an int gives equal parts, a tuple the places to cut at"""

    outputs = -1
    views = True

    @staticmethod
    def forward(xp: XP, x: A, /, indices_or_sections: int | tuple[int, ...], axis: int = 0) -> tuple[A, ...]:
        n = x.shape[axis]
        if isinstance(indices_or_sections, int):
            if indices_or_sections < 1 or n % indices_or_sections:
                raise ShapeError(f"split: an axis of {n} has no {indices_or_sections} equal parts.")
            size = n // indices_or_sections
            edges = [*range(0, n, size), n] if size else [0] * (indices_or_sections + 1)
        else:
            edges = [0, *indices_or_sections, n]
        before = (slice(None),) * (axis % x.ndim)
        return tuple([x[(*before, slice(i, j))] for i, j in pairwise(edges)])

    @staticmethod
    def dx(xp: XP, dys: tuple[A, ...], axis: int) -> A:
        return xp.concat(dys, axis=axis)


def at(ndim: int, axis: int, part: int | slice) -> tuple[int | slice, ...]:
    """Return the index that takes `part` along one axis and all of the others."""
    return (*[slice(None)] * (axis % ndim), part)


def axis_index(axis: int, ndim: int) -> int:
    """Return an axis counted from the front. Raises ShapeError where there is no such axis."""
    if not -ndim <= axis < ndim:
        raise ShapeError(f"axis {axis} is out of bounds for an array of {ndim} axes.")
    return axis % ndim
