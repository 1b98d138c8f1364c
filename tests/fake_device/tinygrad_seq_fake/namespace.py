"""The frozen namespace for arrays of the fake device."""
# ruff: noqa: A001  the names are the Array API's

from __future__ import annotations

from collections.abc import Callable
from functools import partial, wraps
from typing import Any

import numpy as np

from .array import DLPACK_DEVICE, DeviceArray, asked, computed, index_of, memory_of, transfers

__all__ = [
    "abs",
    "all",
    "any",
    "arange",
    "argmax",
    "argmin",
    "argsort",
    "asarray",
    "astype",
    "broadcast_to",
    "concat",
    "cos",
    "cumsum",
    "einsum",
    "exp",
    "expand_dims",
    "expm1",
    "flip",
    "from_dlpack",
    "full",
    "index_add",
    "isfinite",
    "log",
    "log1p",
    "matrix_transpose",
    "max",
    "maximum",
    "mean",
    "min",
    "minimum",
    "ones",
    "pad",
    "permute_dims",
    "reshape",
    "sign",
    "sin",
    "sort",
    "sqrt",
    "squeeze",
    "stack",
    "sum",
    "tanh",
    "tril",
    "triu",
    "where",
    "zeros",
]


def argument(x: Any) -> Any:
    """Return one argument of a call for NumPy: arrays, also in lists, as their memory. Host arrays are refused."""
    if isinstance(x, list | tuple):
        return type(x)(argument(part) for part in x)
    return memory_of(x) if isinstance(x, DeviceArray | np.ndarray | np.generic) else x


def lifted(f: Callable[..., Any]) -> Callable[..., DeviceArray]:
    """Return a function of NumPy as one that takes arrays of the device and leaves its result there."""

    @wraps(f)
    def on_arrays(*args: Any, **named: Any) -> DeviceArray:
        return computed(f, *argument(args), **{name: argument(value) for name, value in named.items()})

    return on_arrays


abs = lifted(np.abs)
all = lifted(np.all)
any = lifted(np.any)
arange = lifted(np.arange)
argmax = lifted(np.argmax)
argmin = lifted(np.argmin)
broadcast_to = lifted(np.broadcast_to)
concat = lifted(np.concat)
cos = lifted(np.cos)
cumsum = lifted(np.cumsum)
einsum = lifted(np.einsum)
exp = lifted(np.exp)
expand_dims = lifted(np.expand_dims)
expm1 = lifted(np.expm1)
flip = lifted(np.flip)
full = lifted(np.full)
isfinite = lifted(np.isfinite)
log = lifted(np.log)
log1p = lifted(np.log1p)
matrix_transpose = lifted(np.matrix_transpose)
max = lifted(np.max)
maximum = lifted(np.maximum)
mean = lifted(np.mean)
min = lifted(np.min)
minimum = lifted(np.minimum)
ones = lifted(np.ones)
pad = lifted(np.pad)
permute_dims = lifted(np.permute_dims)
reshape = lifted(np.reshape)
sign = lifted(np.sign)
sin = lifted(np.sin)
sort = lifted(np.sort)
sqrt = lifted(np.sqrt)
squeeze = lifted(np.squeeze)
stack = lifted(np.stack)
sum = lifted(np.sum)
tanh = lifted(np.tanh)
tril = lifted(np.tril)
triu = lifted(np.triu)
where = lifted(np.where)
zeros = lifted(np.zeros)


def argsort(x: DeviceArray, *, axis: int = -1) -> DeviceArray:
    """Return the indices that sort x; equal elements keep their order, so that every backend gives the same."""
    return computed(np.argsort, memory_of(x), axis=axis, stable=True)


def astype(x: DeviceArray, dtype: Any) -> DeviceArray:
    """Return x with another number type."""
    return computed(partial(np.asarray, dtype=dtype), memory_of(x))


def asarray(x: Any, *, dtype: Any = None, copy: bool | None = None) -> DeviceArray:
    """Return an array of the device, or numbers and lists of numbers brought over; a host array is refused."""
    if not isinstance(x, DeviceArray):
        transfers["to device"] += 1
    return computed(partial(np.asarray, dtype=dtype, copy=copy), argument(x))


def from_dlpack(x: Any) -> DeviceArray:
    """Return what another library has on the fake device, without a copy; arrays of the host are refused."""
    if x.__dlpack_device__() != DLPACK_DEVICE:
        raise BufferError("DLPack shares memory and does not copy: that array is not on the fake device.")
    return DeviceArray(x.__dlpack__().memory)


def index_add(x: DeviceArray, index: Any, values: Any) -> DeviceArray:
    """Add `values` into `x` at `index`, in place; repeated indices add up."""
    memory, at, added = memory_of(x), index_of(index), memory_of(values)
    asked(lambda: np.add.at(memory, at, added))
    return x
