"""Where am I, are gradients on, who watches: the mode that every operation reads once.

One `ContextVar` holds it, so threads and asyncio tasks do not see each other's; a new thread starts with gradients on.
A node copies one reference to `Where`; nothing is formatted until somebody prints or draws.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from itertools import count
from types import MappingProxyType
from typing import Any, Literal, NamedTuple, TypeVar

S = TypeVar("S")
Purpose = Literal["backward", "grad", "inside"]  # of a backward walk: to add to `.grad`, to return it, for another walk


class Where(NamedTuple):
    """Module path and time step; `backward` for what a backward pass computes to be differentiated again."""

    path: str = ""
    t: int | None = None
    backward: bool = False

    def __str__(self) -> str:
        """Return the place as an error message names it, such as `'encoder.lstm' (t=3)`."""
        return f"'{self.path or 'top level'}'" + ("" if self.t is None else f" (t={self.t})")


NOWHERE = Where()


class Call(NamedTuple):
    """One application of an operation: what it was given, what came out, where."""

    op: Any
    args: tuple[Any, ...]  # the inputs as they were passed, variables, arrays or numbers; then static attributes
    named: Mapping[str, Any]
    outputs: tuple[Any, ...]  # variables
    where: Where
    buffers: Mapping[str, Any] = MappingProxyType({})  # what a fused kernel hands over


class Watcher:
    """Sees every operation while it is installed, and does nothing: a watcher overrides what it wants to see.

    The recorder and the anomaly detector are watchers. Arrays are those of the program: who keeps one copies it.
    """

    expand: bool = False  # fused operations run their reference, so that every step is seen

    def made(self, call: Call) -> None:
        """Called after every application of an operation."""

    def named(self, where: Where, values: Mapping[str, Any]) -> None:
        """Called for the values of one time step that have a name in the equations: gates and states."""

    def walk(self, purpose: Purpose) -> Watcher:
        """Called as a backward walk begins, which may be inside another: return who is to see it."""
        return self

    def arrived(self, node: Any, gradient: Any) -> None:
        """Called for every node and leaf that a walk reaches, with its whole gradient (a list for several outputs)."""

    def sent(self, node: Any, i: int, gradient: Any) -> None:
        """Called for the gradient that `node` sends to its parent i; a `Part` where it is zero outside an index."""


class Mode:
    """What one read of the context tells an operation."""

    __slots__ = ("carried", "grad", "watcher", "where")

    def __init__(self, grad: bool = True, where: Where = NOWHERE, watcher: Watcher | None = None) -> None:
        self.grad = grad
        self.where = where
        self.watcher = watcher
        self.carried = ""  # the state through which a backward walk last went from one call into an earlier one


TOP = Mode()
mode: ContextVar[Mode] = ContextVar("mode", default=TOP)


class Together(Watcher):
    """Two watchers as one: a recorder inside `detect_anomaly`, say."""

    def __init__(self, *watchers: Watcher) -> None:
        self.watchers = watchers
        self.expand = any(watcher.expand for watcher in watchers)

    def made(self, call: Call) -> None:
        for watcher in self.watchers:
            watcher.made(call)

    def named(self, where: Where, values: Mapping[str, Any]) -> None:
        for watcher in self.watchers:
            watcher.named(where, values)

    def walk(self, purpose: Purpose) -> Watcher:
        return Together(*(watcher.walk(purpose) for watcher in self.watchers))

    def arrived(self, node: Any, gradient: Any) -> None:
        for watcher in self.watchers:
            watcher.arrived(node, gradient)

    def sent(self, node: Any, i: int, gradient: Any) -> None:
        for watcher in self.watchers:
            watcher.sent(node, i, gradient)


@contextmanager
def switched(grad: bool | None = None, watcher: Watcher | None = None) -> Iterator[None]:
    """Switch gradients on or off, or install one more watcher, inside the `with` block or the decorated function."""
    m = mode.get()
    if watcher is None or m.watcher is None:
        watcher = watcher or m.watcher
    else:
        watcher = Together(m.watcher, watcher)
    token = mode.set(Mode(m.grad if grad is None else grad, m.where, watcher))
    try:
        yield
    finally:
        mode.reset(token)


class module:
    """`with scope.module("lstm"):` names the operations inside, nested names joined by dots.

    A class and not a generator: it wraps every module call, and costs half.
    """

    __slots__ = ("name", "token")

    def __init__(self, name: str) -> None:
        self.name = name

    def __enter__(self) -> None:
        m = mode.get()
        path, t, backward = m.where
        inside = Where(f"{path}.{self.name}" if path else self.name, t, backward)
        self.token = mode.set(Mode(m.grad, inside, m.watcher))

    def __exit__(self, *exc: object) -> None:
        mode.reset(self.token)


def step(t: int | None) -> None:
    """Mark what follows as time step `t` of the module at hand (`None`: of no step)."""
    m = mode.get()
    path, _, backward = m.where
    mode.set(
        Mode(m.grad, Where(path, t, backward), m.watcher)
    )  # a fresh one: tasks that branched off here share the old


def named(**values: Any) -> None:
    """Tell who watches which values of this time step are the gates and states of the equations."""
    m = mode.get()
    if m.watcher is not None:
        m.watcher.named(m.where, values)


def steps(sequence: Iterable[S]) -> Iterator[S]:
    """Iterate over a sequence and mark each turn of the loop as one time step, counted from 0.

    >>> for x_t in steps("ab"):
    ...     print(x_t, current())
    a 'top level' (t=0)
    b 'top level' (t=1)
    """
    before = mode.get().where.t
    items = iter(sequence)
    try:
        for t in count():
            step(t)  # before the item is fetched: that of a tensor is an operation of its own step
            try:
                item = next(items)
            except StopIteration:
                return
            yield item
    finally:
        step(before)


def current() -> Where:
    """Return the module path and time step at this point of the program."""
    return mode.get().where
