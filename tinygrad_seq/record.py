"""The recorder: what ran, where, at which time step, and, after `backward()`, how large each gradient was.

It costs nothing when off: an operation looks once whether anybody watches.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .backend import owner
from .engine.variable import HookHandle
from .scope import Where, switched

__all__ = ["Made", "Record", "record"]


@dataclass
class Made:
    """One result of an operation: its number in order of creation (None off the graph), and where it was made."""

    number: int | None
    op: str
    path: str
    t: int | None
    shape: tuple[int, ...]
    gradient_norm: float | None = None


@dataclass
class Record:
    """What a `record()` block has seen, in order."""

    made: list[Made] = field(default_factory=list)

    def steps(self) -> dict[tuple[str, int], list[Made]]:
        """Return what was made at each (module path, time step), in order."""
        found: dict[tuple[str, int], list[Made]] = {}
        for entry in self.made:
            if entry.t is not None:
                found.setdefault((entry.path, entry.t), []).append(entry)
        return found


class Recorder:
    """The watcher behind `record`."""

    def __init__(self, tape: Record) -> None:
        self.tape = tape

    def made(self, op: Any, outputs: tuple[Any, ...], where: Where, buffers: dict[str, Any]) -> None:
        for output in outputs:
            node = output.node
            entry = Made(getattr(node, "seq", None), op.name, where.path, where.t, tuple(output.data.shape))
            self.tape.made.append(entry)
            if node is not None:
                HookHandle(node, measure(entry))

    def sent(self, op: Any, name: str, gradient: Any, where: Where) -> None:
        """Nothing: complete gradients come by the hooks."""


def measure(entry: Made) -> Any:
    """Return a hook that writes the length of a gradient into an entry."""

    def hook(gradient: Any) -> None:
        host = owner(gradient.data).to_host(gradient.data)
        entry.gradient_norm = float(np.linalg.norm(host.astype(np.float64)))  # float16 squares overflow at 256

    return hook


@contextmanager
def record() -> Iterator[Record]:
    """Record every operation inside the `with` block; a `backward()` later fills in the gradients' lengths.

    >>> import tinygrad_seq as tg
    >>> w = tg.tensor(2.0, requires_grad=True)
    >>> with tg.record() as tape:
    ...     loss = (3 * w) ** 2
    >>> loss.backward()
    >>> [(made.op, made.gradient_norm) for made in tape.made]
    [('multiply', 12.0), ('pow_constant', 1.0)]
    """
    tape = Record()
    with switched(watcher=Recorder(tape)):
        yield tape
