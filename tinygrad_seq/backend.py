"""What a backend is, which ones there are, and which one an array belongs to.

A backend belongs to the array, by its type, never to the process. A third party ships a package `tinygrad_seq_<name>`
with a class in the shape of `Backend` and registers it under the entry-point group `tinygrad_seq.backends`; nothing
here changes.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, Self, TypeVar

import numpy as np

from .errors import BackendError
from .random import Key
from .scope import current

if TYPE_CHECKING:
    from importlib.metadata import EntryPoints

__all__ = [
    "XP",
    "Array",
    "Axis",
    "Backend",
    "Buffers",
    "Call",
    "Exchange",
    "Kernel",
    "Key",
    "Memory",
    "Program",
    "Shape",
    "Wires",
    "available_backends",
    "current_backend",
    "get_backend",
    "memory",
    "use_backend",
]

Shape = tuple[int, ...]
Axis = int | tuple[int, ...] | None
Buffers = dict[str, Any]


class Array(Protocol):  # noqa: PLW1641  equality is that of the elements
    """All that a rule may ask of an array; a Tensor offers the same, so a rule can be differentiated in its turn."""

    @property
    def shape(self) -> Shape: ...
    @property
    def ndim(self) -> int: ...
    @property
    def dtype(self) -> Any: ...
    def __getitem__(self, index: Any, /) -> Self: ...
    def __neg__(self) -> Self: ...
    def __add__(self, other: Any, /) -> Self: ...
    def __radd__(self, other: Any, /) -> Self: ...
    def __sub__(self, other: Any, /) -> Self: ...
    def __rsub__(self, other: Any, /) -> Self: ...
    def __mul__(self, other: Any, /) -> Self: ...
    def __rmul__(self, other: Any, /) -> Self: ...
    def __truediv__(self, other: Any, /) -> Self: ...
    def __rtruediv__(self, other: Any, /) -> Self: ...
    def __pow__(self, other: Any, /) -> Self: ...
    def __rpow__(self, other: Any, /) -> Self: ...
    def __matmul__(self, other: Any, /) -> Self: ...
    def __and__(self, other: Any, /) -> Self: ...
    def __or__(self, other: Any, /) -> Self: ...
    def __invert__(self) -> Self: ...
    def __eq__(self, other: Any, /) -> Any: ...
    def __lt__(self, other: Any, /) -> Any: ...
    def __le__(self, other: Any, /) -> Any: ...
    def __gt__(self, other: Any, /) -> Any: ...
    def __ge__(self, other: Any, /) -> Any: ...


A = TypeVar("A", bound=Array)


class XP(Protocol):
    """The frozen namespace: every array function that an operation may call, spelt as in the Array API.

    `forward` sees raw arrays; a rule sees raw arrays or, under `create_graph=True`, Tensors and the functions of
    `tinygrad_seq.ops`. Creation functions are for `forward` alone: a rule has no device to create on.
    """

    def abs(self, x: A, /) -> A: ...
    def exp(self, x: A, /) -> A: ...
    def expm1(self, x: A, /) -> A: ...
    def log(self, x: A, /) -> A: ...
    def log1p(self, x: A, /) -> A: ...
    def sqrt(self, x: A, /) -> A: ...
    def sin(self, x: A, /) -> A: ...
    def cos(self, x: A, /) -> A: ...
    def tanh(self, x: A, /) -> A: ...
    def sign(self, x: A, /) -> A: ...
    def isfinite(self, x: A, /) -> A: ...
    def maximum(self, a: A, b: Any, /) -> A: ...
    def minimum(self, a: A, b: Any, /) -> A: ...
    def where(self, mask: Any, a: Any, b: Any, /) -> Any: ...
    def sum(self, x: A, /, *, axis: Axis = None, keepdims: bool = False) -> A: ...
    def mean(self, x: A, /, *, axis: Axis = None, keepdims: bool = False) -> A: ...
    def max(self, x: A, /, *, axis: Axis = None, keepdims: bool = False) -> A: ...
    def min(self, x: A, /, *, axis: Axis = None, keepdims: bool = False) -> A: ...
    def all(self, x: A, /, *, axis: Axis = None, keepdims: bool = False) -> A: ...
    def any(self, x: A, /, *, axis: Axis = None, keepdims: bool = False) -> A: ...
    def argmax(self, x: A, /, *, axis: int | None = None, keepdims: bool = False) -> A: ...
    def argmin(self, x: A, /, *, axis: int | None = None, keepdims: bool = False) -> A: ...
    def cumsum(self, x: A, /, *, axis: int) -> A: ...
    def sort(self, x: A, /, *, axis: int = -1) -> A: ...
    def argsort(self, x: A, /, *, axis: int = -1) -> A: ...
    def einsum(self, subscripts: str, /, *xs: A) -> A: ...
    def matrix_transpose(self, x: A, /) -> A: ...
    def reshape(self, x: A, shape: Shape, /) -> A: ...
    def squeeze(self, x: A, /, *, axis: Axis = None) -> A: ...
    def expand_dims(self, x: A, /, *, axis: int | tuple[int, ...]) -> A: ...
    def permute_dims(self, x: A, axes: tuple[int, ...], /) -> A: ...
    def broadcast_to(self, x: A, shape: Shape, /) -> A: ...
    def concat(self, xs: Sequence[A], /, *, axis: int = 0) -> A: ...
    def stack(self, xs: Sequence[A], /, *, axis: int = 0) -> A: ...
    def flip(self, x: A, /, *, axis: Axis = None) -> A: ...
    def pad(self, x: A, widths: Sequence[tuple[int, int]], /, *, constant_values: float = 0) -> A: ...
    def tril(self, x: A, /, *, k: int = 0) -> A: ...
    def triu(self, x: A, /, *, k: int = 0) -> A: ...
    def astype(self, x: A, dtype: Any, /) -> A: ...
    def asarray(self, x: Any, /, *, dtype: Any = None, copy: bool | None = None) -> Any: ...
    def zeros(self, shape: Shape, /, *, dtype: Any) -> Any: ...
    def ones(self, shape: Shape, /, *, dtype: Any) -> Any: ...
    def from_dlpack(self, x: Any, /) -> Any: ...
    def full(self, shape: Shape, value: Any, /, *, dtype: Any) -> Any: ...
    def arange(self, start: Any, stop: Any = None, step: Any = 1, /, *, dtype: Any = None) -> Any: ...
    def index_add(self, x: A, index: Any, values: A, /) -> A:
        """Add `values` into `x` at `index`, in place, repeated indices adding up, and return `x`."""


XP_NAMES = tuple(name for name in vars(XP) if not name.startswith("_"))


class Memory(NamedTuple):
    """Bytes: in use by arrays, held from the system (pools keep blocks), and the limit if there is one."""

    used: int
    held: int
    limit: int | None


class Kernel(Protocol):
    """A backend's own whole-call version of a fused operation.

    That of a recurrence may also have `stepper(*weights, **settings)`, which returns `step(x_t, *state)` on arrays: the
    next state, without a way back. Models write text by it; where there is none, by the equations.
    """

    def forward(self, *arrays: Any, training: bool, **static: Any) -> tuple[tuple[Any, ...], Buffers]:
        """Return the outputs, and by name what backward and watchers read; `training=False`: nobody is going to."""

    def backward(
        self,
        dys: tuple[Any, ...],
        arrays: tuple[Any, ...],
        outputs: tuple[Any, ...],
        buffers: Buffers,
        wanted: Sequence[bool],
        **static: Any,
    ) -> Sequence[Any]:
        """Return the gradient of every wanted input, `None` for the others."""


class Call(NamedTuple):
    """One elementwise function of a program, by NumPy's name: the places that it reads, and the one that it writes."""

    name: str
    reads: tuple[int, ...]
    writes: int


class Program(NamedTuple):
    """Elementwise calls over numbered places: `arrays` of them are given, then come the constants, then scratch."""

    calls: tuple[Call, ...]
    arrays: int
    constants: tuple[float, ...]
    scratch: int


class Exchange(Protocol):
    """Arrays of a backend from process to process; all processes call it, in the same order."""

    def all_to_all(self, parts: Any) -> Any:
        """Return what each process has for this one, from what this one has for each: (processes, n) both."""

    def all_gather(self, part: Any) -> Any:
        """Return the parts (n,) of all processes, one after the other."""


class Wires(Protocol):
    """How processes that train together exchange arrays without the host."""

    def claim(self, number: int) -> bool:
        """Take a device for process `number` of this machine; tell whether it is that process's alone."""

    def connect(self, rank: int, size: int) -> Exchange:
        """Return the exchange of this process, once all processes have asked for it; each has a device of its own."""


class Backend(Protocol):
    """Where arrays live and who computes on them."""

    name: str
    xp: XP
    array_types: tuple[type, ...]
    kernels: Mapping[str, Kernel]

    @property
    def wires(self) -> Wires | None:
        """What connects the devices of several processes; None where arrays go over the host."""

    def on(self, device: str) -> Backend:
        """Return this backend on one of its devices, named as after the colon of `cupy:1`; BackendError if unknown."""

    def active(self) -> AbstractContextManager[None]:
        """Compute on this backend's device inside the `with` block, in order with what was asked for outside of it."""

    def from_host(self, array: np.ndarray) -> Any:
        """Return a NumPy array as an array of this backend."""

    def to_host(self, array: Any) -> np.ndarray:
        """Return an array of this backend as a NumPy array; the one way from a device to the host."""

    def device(self, array: Any) -> str:
        """Return where the array lives, such as `cpu` or `cuda:0`."""

    def uniform(self, key: Key, shape: Shape, dtype: Any) -> Any:
        """Return numbers in [0, 1) that are a function of the key alone."""

    def in_place(self, program: Program, dtype: Any) -> Callable[[Sequence[Sequence[Any]]], list[bool]] | None:
        """Return a function that runs a program on sets of arrays of a type; None where none can.

        It tells of each set whether it could; where it could not, nothing has been written.
        """

    def clipped(self, arrays: Sequence[Any], max_norm: float) -> tuple[Any, Sequence[Any]] | None:
        """Return the norm of all arrays together, 0-d, and the arrays scaled so that it is at most `max_norm`.

        Nobody waits for the device meanwhile: arrays whose norm is not finite keep their values. None where a norm is
        no sooner an array than a number: then it is looked at, and nothing is scaled where it is small enough.
        """

    def made_with(self, kernel: str, dtype: Any, **module: Any) -> str:
        """Return what a kernel of this backend computes with on numbers of a type, and why, as a part of a sentence.

        Of a recurrent module its `hidden_size` and its settings may be told too.
        """

    def about(self) -> dict[str, str]:
        """Return what its times and last digits depend on: `device`, its name, then whatever else does."""

    def capture(
        self, run: Callable[[list[Any], list[Any]], list[Any]], weights: Sequence[Any], inputs: Sequence[Any]
    ) -> Callable[..., list[Any]] | None:
        """Run a function of weights and inputs once, and record what that asks for; None where that cannot be.

        `again(step, *inputs)` asks for it again: of the same weights, which are read where they lie, of other inputs of
        the same shapes and types, and with the random numbers of that training step, under the seed and the draw that
        they were recorded with. What it returns may be written over by its next call.
        """

    def look(self, array: Any, check: Callable[[np.ndarray], None]) -> None:
        """Let a check raise for the numbers of an array, where they are there; nobody waits for a device."""

    def synchronize(self) -> None:
        """Wait until everything asked of the device is done."""

    def memory(self) -> Memory:
        """Return the bytes in use, held, and the limit."""


SCALARS = frozenset((float, int, bool))  # weak: they never decide a result's type

CLASSES = {"numpy": "tinygrad_seq_numpy.backend:NumpyBackend", "cupy": "tinygrad_seq_cupy:CupyBackend"}
made: dict[str, Backend] = {}
namespaces: dict[type, XP] = {}
owners: dict[type, Backend] = {}
chosen: ContextVar[str | None] = ContextVar("backend", default=None)


def registered() -> EntryPoints:
    """Return the entry points of installed backends; looked up late, since `importlib.metadata` is slow to import."""
    from importlib.metadata import entry_points

    return entry_points(group="tinygrad_seq.backends")


def available_backends() -> tuple[str, ...]:
    """Return the names of the backends that are registered; one of them may still be unable to run here."""
    return tuple(dict.fromkeys([*CLASSES, *(entry.name for entry in registered())]))


def register(backend: Backend) -> None:
    """Make a backend known by its name and by the types of its arrays."""
    made[backend.name] = backend
    for kind in backend.array_types:
        namespaces[kind] = backend.xp
        owners[kind] = backend


def get_backend(name: str) -> Backend:
    """Return the backend of that name, making it on first use; `cupy:1` is the second device of `cupy`.

    Raises BackendError for an unknown name or device and BackendUnavailableError where it cannot run here.
    """
    if name not in made:
        whole, colon, device = name.partition(":")
        if colon:
            made[name] = get_backend(whole).on(device)
        elif name in CLASSES:
            module, _, attribute = CLASSES[name].partition(":")
            register(getattr(import_module(module), attribute)())
        else:
            for entry in registered().select(name=name):
                register(entry.load()())
        if name not in made:
            raise BackendError(f"there is no backend {name!r}. Registered: {', '.join(available_backends())}.")
    return made[name]


def current_backend() -> Backend:
    """Return the backend that creation functions use: `use_backend`'s, else `TINYGRAD_SEQ_BACKEND`'s, else NumPy."""
    return get_backend(chosen.get() or os.environ.get("TINYGRAD_SEQ_BACKEND") or "numpy")


@contextmanager
def use_backend(name: str) -> Iterator[Backend]:
    """Inside the `with` block, creation functions and modules make their arrays on that backend, and it is active.

    >>> with use_backend("numpy") as backend:
    ...     backend.name
    'numpy'
    """
    backend = get_backend(name)
    token = chosen.set(name)
    try:
        with backend.active():
            yield backend
    finally:
        chosen.reset(token)


def memory(name: str | None = None) -> Memory:
    """Return what a backend's arrays hold, in bytes (default: the current backend)."""
    return (current_backend() if name is None else get_backend(name)).memory()


def owner(array: Any) -> Backend:
    """Return the backend that an array belongs to, by its type; a subclass belongs where its base does."""
    kind = type(array)
    if kind not in owners:
        known = next((base for base in kind.__mro__ if base in owners), None)
        if known is None:
            library = kind.__module__.partition(".")[0]
            if library in available_backends() and library not in made:
                get_backend(library)
                return owner(array)
            raise BackendError(f"no backend is registered for arrays of type {kind.__module__}.{kind.__qualname__}.")
        owners[kind], namespaces[kind] = owners[known], namespaces[known]
    return owners[kind]


def namespace(array: Any) -> XP:
    """Return the array functions of the backend that an array belongs to."""
    try:
        return namespaces[type(array)]
    except KeyError:
        return owner(array).xp


def weak(value: Any) -> Any:
    """Return a NumPy scalar as a Python number, which never decides a result's type; all else as it is."""
    return value.item() if isinstance(value, np.generic) else value


def is_array(value: Any) -> bool:
    """Tell whether a value is an array of a backend that has been made."""
    return any(base in owners for base in type(value).__mro__)


def check_same_backend(name: str, *operands: Any) -> None:
    """Raise BackendError unless all arrays among the operands of operation `name` belong to one backend."""
    owners = {owner(x).name: x for x in operands if x is not None and type(x) not in SCALARS}
    if len(owners) > 1:
        came = ", ".join(f"{backend!r} ({owner(x).device(x)})" for backend, x in owners.items())
        raise BackendError(
            f"{name} in {current()} got arrays of {len(owners)} backends: {came}."
            f'\n    Move one with .to("{next(iter(owners))}"). Nothing is copied between devices silently.'
        )


def is_floating(dtype: Any) -> bool:
    """Tell whether numbers of this type can carry a gradient."""
    return getattr(dtype, "kind", "") in "fc"
