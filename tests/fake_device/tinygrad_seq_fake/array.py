"""The array of the fake device: NumPy underneath, and nothing of NumPy's to be seen.

What it offers is the list below and no more. Whatever would make the host wait for the device, or mix arrays of the
two, is an error here, where on a real device it is an error, or slow, or silently float64.
"""

from __future__ import annotations

import operator
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple, Never
from weakref import WeakValueDictionary

import numpy as np

from tinygrad_seq.backend import Shape
from tinygrad_seq.errors import BackendError

__all__ = [
    "DLPACK_DEVICE",
    "DeviceArray",
    "HostAccessError",
    "asked",
    "computed",
    "live",
    "memory_of",
    "recording",
    "transfers",
]

calls: list[Callable[[], Any]] | None = None  # what is asked of the device, while that is recorded
transfers: Counter[str] = Counter()  # "to device", "to host", "waited": how often since the last clear()
live: WeakValueDictionary[int, DeviceArray] = WeakValueDictionary()

DLPACK_DEVICE = (12, 0)  # kDLExtDev: neither the CPU nor CUDA

Binary = Callable[["DeviceArray", Any], "DeviceArray"]
Unary = Callable[["DeviceArray"], "DeviceArray"]


class HostAccessError(BackendError):
    """The host reached for an array of the device, or the device for one of the host."""


def memory_of(x: Any) -> Any:
    """Return the memory of a device array, and a Python number as it is. Raises HostAccessError for anything else."""
    if type(x) is DeviceArray:
        return x._memory
    if type(x) in {bool, int, float}:  # exactly: np.float64 is a float, and would turn float32 into float64
        return x
    raise HostAccessError(f"a {type(x).__name__} lives on the host; bring it over with backend.from_host(array).")


def computed(f: Callable[..., Any], *memories: Any, **named: Any) -> DeviceArray:
    """Return f of memories as an array of the device, 0-d results too.

    Where calls are recorded, how to compute it anew in its place is written down.
    """
    result = np.asarray(f(*memories, **named))
    if calls is not None and not shares(result, memories):
        calls.append(lambda: np.copyto(result, f(*memories, **named)))
    return DeviceArray(result)


def asked(f: Callable[[], Any]) -> None:
    """Do what writes into memory, and where calls are recorded, write it down."""
    f()
    if calls is not None:
        calls.append(f)


def shares(result: np.ndarray, memories: Any) -> bool:
    """Tell whether a result is a view of an argument: then it needs no computing."""
    if isinstance(memories, list | tuple):
        return any(shares(result, part) for part in memories)
    return isinstance(memories, np.ndarray) and np.may_share_memory(result, memories)


@contextmanager
def recording() -> Iterator[list[Callable[[], Any]]]:
    """Write down all that is asked of the device inside the block."""
    global calls  # noqa: PLW0603  there is one device
    calls = []
    try:
        yield calls
    finally:
        calls = None


def index_of(index: Any) -> Any:
    """Return an index for the memory. A boolean mask has a result of unknown length: the host waits for the count."""
    if isinstance(index, tuple):
        return tuple(index_of(part) for part in index)
    if index is None or index is Ellipsis or isinstance(index, slice):
        return index
    if type(index) is DeviceArray and index.dtype == bool:
        transfers["waited"] += 1
    return memory_of(index)


def unary(f: Callable[[Any], Any]) -> Unary:
    return lambda x: computed(f, x._memory)


def binary(f: Callable[[Any, Any], Any]) -> tuple[Binary, Binary]:
    """Return the operator and its reflection."""
    return (
        lambda x, other: computed(f, x._memory, memory_of(other)),
        lambda x, other: computed(f, memory_of(other), x._memory),
    )


def in_place(f: Callable[[Any, Any], Any]) -> Binary:
    def method(x: DeviceArray, other: Any) -> DeviceArray:
        memory, value = x._memory, memory_of(other)
        asked(lambda: f(memory, value))
        return x

    return method


def refused(what: str) -> Callable[..., Never]:
    """Return a method that Python calls unasked, and that must not reach the device unasked."""

    def method(self: DeviceArray, *args: Any, **named: Any) -> Never:
        raise HostAccessError(f"{what} of a device array copies to the host in passing; ask: backend.to_host(array).")

    return method


class Capsule(NamedTuple):
    """What crosses between libraries: memory, and no copy of it."""

    memory: np.ndarray


class DeviceArray:
    """An n-dimensional array in the memory of the device `fake:0`."""

    __slots__ = ("__weakref__", "_memory")
    __array_ufunc__ = None  # NumPy's operators step back, so that `host + device` is refused here too

    def __init__(self, memory: np.ndarray) -> None:
        self._memory = memory
        live[id(self)] = self

    @property
    def shape(self) -> Shape:
        return self._memory.shape

    @property
    def ndim(self) -> int:
        return self._memory.ndim

    @property
    def size(self) -> int:
        return self._memory.size

    @property
    def dtype(self) -> Any:
        return self._memory.dtype

    def __getitem__(self, index: Any) -> DeviceArray:
        return computed(operator.getitem, self._memory, index_of(index))

    def __setitem__(self, index: Any, value: Any) -> None:
        memory, at, what = self._memory, index_of(index), memory_of(value)
        asked(lambda: operator.setitem(memory, at, what))

    __add__, __radd__ = binary(operator.add)
    __sub__, __rsub__ = binary(operator.sub)
    __mul__, __rmul__ = binary(operator.mul)
    __truediv__, __rtruediv__ = binary(operator.truediv)
    __pow__, __rpow__ = binary(operator.pow)
    __matmul__, __rmatmul__ = binary(operator.matmul)
    __and__, __rand__ = binary(operator.and_)
    __or__, __ror__ = binary(operator.or_)
    __lt__, __gt__ = binary(operator.lt)  # x > other is other < x
    __le__, __ge__ = binary(operator.le)
    __eq__, __ne__ = binary(operator.eq)[0], binary(operator.ne)[0]  # type: ignore[assignment]
    __hash__ = None  # type: ignore[assignment]

    __iadd__ = in_place(operator.iadd)
    __isub__ = in_place(operator.isub)
    __imul__ = in_place(operator.imul)
    __itruediv__ = in_place(operator.itruediv)

    __neg__ = unary(operator.neg)
    __abs__ = unary(operator.abs)
    __invert__ = unary(operator.invert)

    __bool__ = refused("the truth")
    __float__ = __int__ = __index__ = __complex__ = refused("a number")
    __len__ = __iter__ = __contains__ = refused("iteration")
    __array__ = refused("a NumPy view")

    def __dlpack_device__(self) -> tuple[int, int]:
        return DLPACK_DEVICE

    def __dlpack__(self, **asked: Any) -> Capsule:
        return Capsule(self._memory)

    def __repr__(self) -> str:
        return f"DeviceArray(shape={self.shape}, dtype={self.dtype})"
