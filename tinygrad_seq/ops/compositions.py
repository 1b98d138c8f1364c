"""Functions written in other operations: their derivatives are those of their parts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from ..backend import Axis, check_same_backend, is_array, is_floating, namespace, weak
from ..engine import Variable
from ..errors import ShapeError
from .arithmetic import Clip, Exponential, Pow, PowConstant
from .elementwise import Astype, Sqrt
from .foreign import spelled
from .index import Getitem, IndexAdd
from .linalg import Einsum, Matmul, explicit
from .reduce import Mean, Sum, count
from .shape import BroadcastTo, Concat, ExpandDims, Pad, PermuteDims, Reshape, Squeeze, Stack, axis_index

V = TypeVar("V")


def pow(a: Any, b: Any, /) -> Any:
    """Return a^b, element by element; a number as exponent has a rule of its own, right at a = 0."""
    a, b = weak(a), weak(b)
    if isinstance(b, int | float) and isinstance(a, Variable):
        return PowConstant.apply(a, b)
    if isinstance(a, int | float) and isinstance(b, Variable):
        return Exponential.apply(b, a)
    return Pow.apply(a, b)


def clip(x: Any, /, min: float | None = None, max: float | None = None) -> Any:
    """Return min(max(x, `min`), `max`); a bound that is None is none."""
    return Clip.apply(x, weak(min), weak(max))


def astype(x: Any, dtype: Any, /) -> Any:
    """Return x in another number type; a gradient flows through floating types only."""
    if isinstance(x, Variable) and not is_floating(namespace(x.data).zeros((), dtype=dtype).dtype):
        x = x.handle(x.data, None)
    return Astype.apply(x, dtype)


def matmul(a: Any, b: Any, /) -> Any:
    """Return the matrix product over the last two axes, batch axes broadcast; a 1-D operand is a row or a column.

    Shapes: (..., n, k) @ (..., k, m) -> (..., n, m); (k,) @ (k, m) -> (m,); (n, k) @ (k,) -> (n,); (k,) @ (k,) -> ().
    """
    row, column = getattr(a, "ndim", 0) == 1, getattr(b, "ndim", 0) == 1
    if not (row or column):
        return Matmul.apply(a, b)
    y = Matmul.apply(ExpandDims.apply(a, axis=0) if row else a, ExpandDims.apply(b, axis=1) if column else b)
    gone = (-2,) * row + (-1,) * column
    return Squeeze.apply(y, axis=gone)


def einsum(subscripts: str, /, *xs: Any) -> Any:
    """Return Einstein's sum, such as einsum("bth,bsh->bts", q, k); an ellipsis stands for batch axes.

    Raises ShapeError for an axis named twice in one term ("ii"), which has no rule here.
    """
    return Einsum.apply(*xs, subscripts=explicit(subscripts, [x.ndim for x in xs]))


@spelled
def concat(xs: Sequence[V], /, axis: int = 0) -> V:
    """Return arrays joined along an axis they have."""
    result: V = Concat.apply(*xs, axis=axis)
    return result


@spelled
def stack(xs: Sequence[V], /, axis: int = 0) -> V:
    """Return arrays of one shape joined along a new axis."""
    result: V = Stack.apply(*xs, axis=axis)
    return result


def swapaxes(x: Any, axis1: int, axis2: int, /) -> Any:
    """Return x with two axes exchanged."""
    axes = list(range(x.ndim))
    i, j = axis_index(axis1, x.ndim), axis_index(axis2, x.ndim)
    axes[i], axes[j] = j, i
    return PermuteDims.apply(x, tuple(axes))


@spelled
def repeat(x: Any, repeats: int, /, axis: int | None = None) -> Any:
    """Return x with every element (along axis, or of the flattened array) repeated."""
    if axis is None:
        x, axis = Reshape.apply(x, (-1,)), 0
    axis = axis_index(axis, x.ndim)
    lead, n, rest = x.shape[:axis], x.shape[axis], x.shape[axis + 1 :]
    spread = BroadcastTo.apply(ExpandDims.apply(x, axis=axis + 1), (*lead, n, repeats, *rest))
    return Reshape.apply(spread, (*lead, n * repeats, *rest))


def pad(x: Any, widths: Any, /, value: float = 0) -> Any:
    """Return x with a margin of `value`: an int for all sides, (before, after) for all axes, or a pair per axis."""
    if isinstance(widths, int):
        widths = (widths, widths)
    if widths and isinstance(widths[0], int):
        widths = [widths] * x.ndim
    if len(widths) != x.ndim:
        raise ShapeError(f"pad: {len(widths)} pairs of widths for an array of {x.ndim} axes, shape {x.shape}.")
    return Pad.apply(x, tuple((int(before), int(after)) for before, after in widths), value)


@spelled
def prod(x: Any, /, axis: Axis = None, keepdims: bool = False) -> Any:
    """Return the product along axis (of all elements for axis=None), as a tree of products.

    So the derivative by an element is the product of the others: right to any order where some are zero.
    """
    shape = x.shape
    given = range(len(shape)) if axis is None else (axis,) if isinstance(axis, int) else axis
    joined = tuple(axis_index(i, len(shape)) for i in given)
    others = tuple(i for i in range(len(shape)) if i not in joined)
    rest = tuple(shape[i] for i in others)
    if not is_floating(x.dtype):  # as a sum does, so that small integers do not overflow
        x = Astype.apply(x, "uint64" if x.dtype.kind == "u" else "int64")
    y = Reshape.apply(PermuteDims.apply(x, (*joined, *others)), (count(shape, joined), *rest))
    while (n := y.shape[0]) > 1:
        half = n // 2
        product = y[:half] * y[half : 2 * half]
        y = concat([product, y[2 * half :]]) if n % 2 else product
    if n == 0:
        y = Sum.apply(y, axis=0) + 1
    return Reshape.apply(y, tuple(1 if i in joined else m for i, m in enumerate(shape)) if keepdims else rest)


@spelled
def var(x: Any, /, axis: Axis = None, keepdims: bool = False, correction: float = 0) -> Any:
    """Return the variance along an axis: the mean of (x - mean x)^2, with n - correction in the place of n."""
    centred = x - Mean.apply(x, axis=axis, keepdims=True)
    n = count(x.shape, axis)
    return Sum.apply(centred * centred, axis=axis, keepdims=keepdims) / (n - correction)


@spelled
def std(x: Any, /, axis: Axis = None, keepdims: bool = False, correction: float = 0) -> Any:
    """Return the standard deviation along an axis, the root of `var`; its gradient is not finite where it is zero."""
    return Sqrt.apply(var(x, axis=axis, keepdims=keepdims, correction=correction))


def raw_index(x: Any, index: Any) -> Any:
    """Return an index as the array library of x takes it: tensors as their arrays, lists as arrays."""
    if isinstance(index, int | slice):
        return index
    if isinstance(index, tuple):
        return tuple(raw_index(x, part) for part in index)
    index = weak(index.data if isinstance(index, Variable) else index)
    if isinstance(index, list):
        return namespace(x).asarray(index, dtype=None if index else "int64")
    if is_array(index):
        check_same_backend("indexing", x, index)
    return index


def getitem(x: Any, index: Any, /) -> Any:
    """Return x[index]: integers, slices, None, ..., integer arrays, boolean masks, and tuples of these."""
    return Getitem.apply(x, raw_index(x.data if isinstance(x, Variable) else x, index))


def index_add(x: Any, index: Any, values: Any, /) -> Any:
    """Return a copy of x with `values` added at `index`, repeated indices adding up."""
    return IndexAdd.apply(x, values, raw_index(x.data if isinstance(x, Variable) else x, index))


@spelled
def take(x: Any, indices: Any, /, axis: int | None = None) -> Any:
    """Return the elements of x at integer indices along an axis (of the flattened array for axis=None)."""
    if axis is None:
        x, axis = Reshape.apply(x, (-1,)), 0
    if isinstance(indices, tuple):  # as an index it would be one per axis
        indices = list(indices)
    lead = (slice(None),) * axis_index(axis, x.ndim)
    return getitem(x, (*lead, indices) if lead else indices)


@spelled
def take_along_axis(x: Any, indices: Any, /, axis: int = -1) -> Any:
    """Return y[..., i, ...] = x[..., indices[..., i, ...], ...]: one index per line along the axis."""
    array = indices.data if isinstance(indices, Variable) else indices
    if array.ndim != x.ndim:
        raise ShapeError(f"take_along_axis: x of shape {x.shape} needs indices of as many axes, not {array.shape}.")
    xp, axis = namespace(array), axis_index(axis, x.ndim)
    grid = []
    for k, n in enumerate(x.shape):
        line = xp.reshape(xp.arange(n), (*(1,) * k, n, *(1,) * (x.ndim - k - 1)))
        grid.append(array if k == axis else line)
    return getitem(x, tuple(grid))
