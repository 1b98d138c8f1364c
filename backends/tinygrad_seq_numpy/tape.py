"""A training step as a straight-line program: what Python asked of NumPy once is written down as lines of Python, and
asked again without modules, graph and checks in between.

The step is run on stand-ins for its arrays. Each knows where it stands in the program and which array it has for now;
it shows shape and type, never the numbers: what depends on numbers cannot be written down. The lines are those that
NumPy was asked for anyway, in their order, so the results are the same, bit for bit.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextvars import ContextVar
from types import SimpleNamespace
from typing import Any, NamedTuple, Never, cast

import numpy as np

from tinygrad_seq.backend import XP_NAMES, Backend, Kernel, Key, Shape, made, register, use_backend
from tinygrad_seq.errors import BackendError

__all__ = ["recorded"]


class UntraceableError(BackendError):
    """The step looks at numbers, or at an array from elsewhere: what it asks for may be another thing each time."""


class Stand:
    """Stands for an array: `place` is its name in the program, `array` what it has now."""

    __slots__ = ("array", "place")
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, place: str, array: Any) -> None:
        self.place, self.array = place, array

    @property
    def shape(self) -> Shape:
        return cast("Shape", self.array.shape)

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def size(self) -> int:
        return int(self.array.size)

    @property
    def dtype(self) -> Any:
        return self.array.dtype

    def refused(self, *args: Any, **named: Any) -> Never:
        raise UntraceableError("the numbers of an array are looked at")

    __bool__ = __float__ = __int__ = __index__ = __len__ = __iter__ = __array__ = refused


def noted(f: Callable[..., Any], turned: bool = False) -> Callable[..., Any]:
    """Return a function as one that takes stand-ins, and is written down."""
    if turned:
        return lambda a, b: tape.get().call(f, b, a)
    return lambda *args, **named: tape.get().call(f, *args, **named)


for word in ("add", "sub", "mul", "truediv", "pow", "matmul", "and_", "or_"):
    setattr(Stand, f"__{word.rstrip('_')}__", noted(getattr(operator, word)))
    setattr(Stand, f"__r{word.rstrip('_')}__", noted(getattr(operator, word), turned=True))
for word in ("lt", "le", "gt", "ge", "eq", "ne", "neg", "abs", "invert", "getitem", "iadd", "isub", "imul", "itruediv"):
    setattr(Stand, f"__{word}__", noted(getattr(operator, word)))


class Line(NamedTuple):
    """One line: the place that it writes, the call, and the places that it reads."""

    place: str
    text: str
    reads: frozenset[str]


class Tape:
    """The lines so far, and what they call by name: functions, and values that are the same at every step."""

    def __init__(self) -> None:
        self.lines: list[Line] = []
        self.known: dict[str, Any] = {}

    def add(self, text: str, reads: set[str]) -> str:
        """Write a line down; return the place of its result."""
        place = f"v{len(self.lines)}"
        self.lines.append(Line(place, text, frozenset(reads)))
        return place

    def name(self, x: Any) -> str:
        """Return what the lines call a function or a value."""
        name = f"k{len(self.known)}"
        self.known[name] = x
        return name

    def word(self, x: Any, reads: set[str]) -> str:
        """Return an argument as a line has it, and note which places it reads."""
        if isinstance(x, Stand):
            reads.add(x.place)
            return x.place
        if isinstance(x, np.ndarray):
            raise UntraceableError("an array comes from elsewhere")
        if type(x) in {list, tuple}:
            inner = "".join(f"{self.word(part, reads)}, " for part in x)
            return f"[{inner}]" if isinstance(x, list) else f"({inner})"
        return self.name(x)

    def ask(self, f: Callable[..., Any], args: Sequence[Any], named: Mapping[str, Any]) -> tuple[str, Any]:
        """Do what is asked for and write it down; return the place of the result, and the result."""
        reads: set[str] = set()
        words = [*(self.word(x, reads) for x in args), *(f"{name}={self.word(x, reads)}" for name, x in named.items())]
        result = f(*map(array_of, args), **{name: array_of(x) for name, x in named.items()})
        return self.add(f"{self.name(f)}({', '.join(words)})", reads), result

    def call(self, f: Callable[..., Any], *args: Any, **named: Any) -> Stand:
        """Ask for one array."""
        return Stand(*self.ask(f, args, named))

    def part(self, place: str, index: str, x: Any) -> Stand | None:
        """Return the stand-in for a part of a result; None, the gradient of what needs none, as it is."""
        return None if x is None else Stand(self.add(f"{place}{index}", {place}), x)

    def program(self, given: Sequence[Stand], results: Sequence[Stand]) -> Callable[..., list[np.ndarray]]:
        """Return again(step, *inputs), which the lines are; a value is let go once no later line reads it."""
        kept = {x.place for x in results}
        last = {line.place: i for i, line in enumerate(self.lines)}
        last |= {place: i for i, line in enumerate(self.lines) for place in line.reads if place not in self.known}
        gone: list[list[str]] = [[] for _ in self.lines]
        for place, i in last.items():
            if place not in kept:
                gone[i].append(place)
        body = [f"def again(step, {', '.join(x.place for x in given)}):"]
        for line, places in zip(self.lines, gone, strict=True):
            body.append(f"{line.place} = {line.text}")
            body += [f"del {', '.join(places)}"] * bool(places)
        body.append(f"return [{', '.join(x.place for x in results)}]")
        found: dict[str, Any] = {}
        exec("\n    ".join(body), self.known, found)  # noqa: S102  made of the names that are given here, and of no others
        return cast("Callable[..., list[np.ndarray]]", found["again"])


def array_of(x: Any) -> Any:
    """Return an argument with arrays for stand-ins."""
    if isinstance(x, Stand):
        return x.array
    return type(x)(map(array_of, x)) if type(x) in {list, tuple} else x


class NotedKernel:
    """A kernel, each call of which is one line; what forward leaves for backward is handed on unseen."""

    def __init__(self, kernel: Kernel) -> None:
        self.kernel = kernel

    def forward(self, *arrays: Any, **static: Any) -> tuple[tuple[Any, ...], Any]:
        now = tape.get()
        place, (outputs, buffers) = now.ask(self.kernel.forward, arrays, static)
        parts = tuple(now.part(place, f"[0][{i}]", x) for i, x in enumerate(outputs))
        return parts, now.part(place, "[1]", buffers)

    def backward(self, *given: Any, **static: Any) -> list[Any]:
        now = tape.get()
        place, found = now.ask(self.kernel.backward, given, static)
        return [now.part(place, f"[{i}]", x) for i, x in enumerate(found)]


class NotedKernels(Mapping[str, Kernel]):
    """A backend's kernels, those of now: numba may have come in."""

    def __init__(self, kernels: Mapping[str, Kernel]) -> None:
        self.kernels = kernels

    def __getitem__(self, name: str) -> Kernel:
        return cast("Kernel", NotedKernel(self.kernels[name]))

    def __iter__(self) -> Iterator[str]:
        return iter(self.kernels)

    def __len__(self) -> int:
        return len(self.kernels)


class Recorder:
    """NumPy's backend on stand-ins; what is not said here is as there."""

    array_types: tuple[type, ...] = (Stand,)

    def __init__(self, name: str, numpy: Backend) -> None:
        self.name, self.numpy = name, numpy
        self.xp = SimpleNamespace(**{name: noted(getattr(numpy.xp, name)) for name in XP_NAMES})
        self.kernels = NotedKernels(numpy.kernels)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.numpy, name)

    def from_host(self, array: np.ndarray) -> Never:
        raise UntraceableError("an array comes from elsewhere")

    def to_host(self, array: Any) -> Never:
        raise UntraceableError("the numbers of an array are looked at")

    def look(self, array: Any, check: Callable[[np.ndarray], None]) -> None:
        tape.get().ask(check, (array,), {})

    def uniform(self, key: Key, shape: Shape, dtype: Any) -> Stand:
        """Drawn by the number of the step that is asked for again, `step` in the program."""
        now, draw = tape.get(), self.numpy.uniform
        text = f"{now.name(draw)}({now.name(Key)}({key.seed}, step, {key.draw}), {now.name(shape)}, {now.name(dtype)})"
        return Stand(now.add(text, set()), draw(key, shape, dtype))


tape: ContextVar[Tape] = ContextVar("tape")


def recorder(numpy: Backend) -> str:
    """Return the name of the backend that records for another one, which can be asked for by it from then on."""
    name = f"{numpy.name}, recorded"
    if name not in made:
        register(cast("Backend", Recorder(name, numpy)))
    return name


def recorded(
    numpy: Backend,
    run: Callable[[list[Any], list[Any]], list[Any]],
    weights: Sequence[np.ndarray],
    inputs: Sequence[np.ndarray],
) -> Callable[..., list[np.ndarray]] | None:
    """Return again(step, *inputs) for a function of weights, read where they lie, and inputs; None where none can be.

    Whatever is in the way, the step goes on as it is written, and raises there what is its own.
    """
    now = Tape()
    there = [Stand(now.name(w), w) for w in weights]
    given = [Stand(f"x{i}", x) for i, x in enumerate(inputs)]
    token = tape.set(now)
    try:
        with use_backend(recorder(numpy)):
            results = run(there, given)
    except Exception:  # noqa: BLE001  of any kind: arrays of two backends, a method that stand-ins have not
        return None
    finally:
        tape.reset(token)
    return now.program(given, results)
