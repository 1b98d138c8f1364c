"""The state through a sequence: what each step reads and writes, whatever the mask, the resets, the direction."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from .device import Device

__all__ = ["Steps"]


class Steps:
    """The states before and after each step, (T, B, H) for every part.

    Without resets the state after a step is the state before the next one, in one place. With them the step itself
    writes what the next one reads: its own state, or zero where a new sequence begins.
    """

    def __init__(self, on: Device, start: Sequence[Any], mask: Any, reset: Any, T: int, reverse: bool) -> None:
        (B, H), dtype, xp = start[0].shape, start[0].dtype, on.xp
        self.T, self.B, self.H, self.dtype, self.reverse = T, B, H, dtype, reverse
        self.here: Any = None if mask is None else on.contiguous(mask, "bool")
        self.begins: Any = None if reset is None else on.contiguous(reset, "bool")
        if self.begins is None:
            whole = [on.empty((T + 1, B, H), dtype) for _ in start]
            before, after = [s[:-1] for s in whole], [s[1:] for s in whole]
            self.prev, self.new = (after, before) if reverse else (before, after)
        else:
            self.prev, self.new = ([on.empty((T, B, H), dtype) for _ in start] for _ in range(2))
            start = [xp.where(self.begins[self.first][:, None], 0.0, s) for s in start]
        for prev, s in zip(self.prev, start, strict=True):
            prev[self.first] = s
        self.y = self.new[0] if mask is None else on.empty((T, B, H), dtype)

    @property
    def first(self) -> int:
        """The step with which the way forward begins."""
        return self.T - 1 if self.reverse else 0

    @property
    def last(self) -> int:
        """The step with which it ends."""
        return 0 if self.reverse else self.T - 1

    def __iter__(self) -> Iterator[int]:
        """Yield the steps in the order of the way forward."""
        return iter(range(self.T)[:: -1 if self.reverse else 1])

    def __reversed__(self) -> Iterator[int]:
        """Yield the steps in the order of the way back."""
        return iter(range(self.T)[:: 1 if self.reverse else -1])

    def next(self, t: int) -> int:
        """Return the step that follows on the way forward."""
        return t - 1 if self.reverse else t + 1

    def forward(self, t: int) -> tuple[Any, ...]:
        """Return the arguments of a step forward: prev, new and next of each part, y, who is here, who begins next."""
        follows = None if self.begins is None or t == self.last else self.next(t)
        nexts = [None if follows is None else part[follows] for part in self.prev]
        y = None if self.here is None else self.y[t]
        begins = None if follows is None else self.begins[follows]
        return (*(p[t] for p in self.prev), *(n[t] for n in self.new), *nexts, y, self.here_at(t), begins)

    def backward(self, t: int) -> tuple[Any, Any]:
        """Return who is here at a step, and to whom nothing comes back, since a new sequence begins after it."""
        return self.here_at(t), None if self.begins is None or t == self.last else self.begins[self.next(t)]

    def all_forward(self) -> tuple[Any, ...]:
        """Return the arguments of all steps forward in one launch: prev and new of each part, y, here, begins."""
        return (*self.prev, *self.new, None if self.here is None else self.y, self.here, self.begins)

    def here_at(self, t: int) -> Any:
        """Return the rows that are here at a step; None where all are."""
        return None if self.here is None else self.here[t]
