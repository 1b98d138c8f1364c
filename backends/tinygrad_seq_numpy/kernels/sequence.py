"""What the kernels of all cells share: the way through a sequence, there and back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np

from tinygrad_seq.backend import Buffers

from .cell import Cell
from .inputs import Input, as_input
from .memory import empty
from .products import Products
from .stepper import Stepper

__all__ = ["Kept", "SequenceKernel"]

PROJECTED = 512  # rows of the input in one product: enough for its full speed, few enough that the result stays near
LOCAL = 2**14  # elements of one coefficient that are made in one call
FORGOTTEN = 2048  # rows after which a pass without gradients forgets what it has kept


class Kept(dict[str, np.ndarray]):
    """What a pass keeps: by name, (T, B, H) each, for whoever watches, and in blocks for the way back."""

    def __init__(self, cell: Cell, kept: np.ndarray, prev: np.ndarray, new: np.ndarray) -> None:
        super().__init__(zip((*cell.kept, *cell.parts), (*kept, *new), strict=True))
        self.kept, self.prev, self.new = kept, prev, new


class SequenceKernel:
    """The kernel of one kind of cell, in the shape of `tinygrad_seq.backend.Kernel`.

    The input is projected for many steps in one product, or picked where it is whole numbers; the gradients of the
    weights are one product over all rows at the end. Between the two stands a loop that has only the recurrent product
    and the cell's elementwise equations.
    """

    products = Products()

    def __init__(self, cell: Callable[..., Cell], parts: int) -> None:
        self.cell, self.parts = cell, parts

    def forward(self, *arrays: Any, training: bool, **static: Any) -> tuple[tuple[Any, ...], Buffers]:
        """Return the hidden states of all steps and the last state; in training also what each step kept, by name."""
        (x, mask, reset, *state_and_weights), (reverse, settings) = arrays, split(**static)
        cell, state = self.of_call(x, state_and_weights, settings)
        if training:
            return self.run(cell, x, mask, reset, state, reverse)
        T, B = x.shape[:2]
        y = empty((T, *state[0].shape), state[0].dtype)
        for steps in blocks(T, FORGOTTEN // max(B, 1), reverse):
            part = extent(steps)
            part_mask, part_reset = (None if rows is None else rows[part] for rows in (mask, reset))
            (y[part], *state), _ = self.run(cell, x[part], part_mask, part_reset, state, reverse)
        return (y, *state), {}

    def stepper(self, *weights: Any, **settings: Any) -> Callable[..., tuple[Any, ...]]:
        """Return `step(x_t, *state)`, that of the operation, for arrays; no step keeps anything for the way back."""
        return Stepper(partial(self.cell, **settings), self.parts, weights)

    def backward(
        self,
        dys: tuple[Any, ...],
        arrays: tuple[Any, ...],
        outputs: tuple[Any, ...],
        buffers: Any,
        wanted: Sequence[bool],
        **static: Any,
    ) -> Sequence[Any]:
        """Return the gradients of x, the state and the weights, those that are wanted."""
        (x, mask, reset, *state_and_weights), (reverse, settings) = arrays, split(**static)
        cell, _ = self.of_call(x, state_and_weights, settings)
        kept, prev = buffers.kept, buffers.prev
        dy, dstate = dys[0], np.stack(dys[1:])
        D = empty((*x.shape[:2], cell.width), dstate.dtype)
        self.back(cell, dy, dstate, mask, reset, buffers, reverse, D)
        n = D.shape[0] * D.shape[1]
        D, kept, prev = (a.reshape(*a.shape[:-3], n, a.shape[-1]) for a in (D, kept, prev))
        dx = None
        if wanted[0]:
            dx = self.products.times(D[:, : cell.reads], cell.W_x, empty((n, x.shape[2]), D.dtype)).reshape(x.shape)
        entering = as_input(x, cell.W_x.shape[1], D.dtype)
        dweights = cell.gradients(D, entering, kept, prev, wanted[3 + self.parts :], self.products)
        return [d if w else None for d, w in zip((dx, None, None, *dstate, *dweights), wanted, strict=True)]

    def of_call(self, x: Any, state_and_weights: Sequence[Any], settings: dict[str, Any]) -> tuple[Cell, list[Any]]:
        """Return the cell with its weights, and the start state, all of the one type that the arrays give together."""
        dtype = np.result_type(*(a for a in (x, *state_and_weights) if a is not None and a.dtype.kind == "f"))
        cast = [None if a is None else a.astype(dtype, copy=False) for a in state_and_weights]
        return self.cell(x.shape[1], *cast[self.parts :], **settings), cast[: self.parts]

    def run(
        self, cell: Cell, x: Any, mask: Any, reset: Any, state: Sequence[Any], reverse: bool
    ) -> tuple[tuple[Any, ...], Kept]:
        """Go through the steps; without resets a new state is the previous one of the next step, in one place."""
        T, B = x.shape[:2]
        P, H, dtype = len(state), cell.hidden, state[0].dtype
        states = empty((P, T + 1, B, H), dtype)
        prev, new = states[:, :-1], states[:, 1:]
        if reverse:
            prev, new = new, prev
        if reset is not None:
            prev = empty((P, T, B, H), dtype)
        prev[:, T - 1 if reverse else 0] = state
        memory = Kept(cell, empty((len(cell.kept), T, B, H), dtype), prev, new)
        self.through(cell, as_input(x, cell.W_x.shape[1], dtype), mask, reset, memory, reverse)
        y = new[0] if mask is None else np.where(mask[:, :, None], new[0], 0)
        return (y, *new[:, 0 if reverse else T - 1].copy()), memory

    def through(self, cell: Cell, x: Input, mask: Any, reset: Any, memory: Kept, reverse: bool) -> None:
        """Write new states and what is kept, from the start state on."""
        kept, prev, new = memory.kept, memory.prev, memory.new
        _, T, B, _ = new.shape
        absent, begins = rows_by_step(None if mask is None else ~mask, T), rows_by_step(reset, T)
        project = x.projection(cell.W_x, cell.b_x)
        n = max(PROJECTED // max(B, 1), 1)
        projected = empty((min(n, T), B, len(cell.W_x)), new.dtype)
        latest = prev[:, T - 1 if reverse else 0]
        with np.errstate(over="ignore"):  # e^a = inf gives the sigmoid its limit
            for steps in blocks(T, n, reverse):
                part = extent(steps)
                Wx = projected[: len(steps)]
                project(slice(part.start * B, part.stop * B), Wx.reshape(len(steps) * B, len(cell.W_x)))
                for t in steps:
                    if reset is not None:
                        prev[:, t] = latest
                        prev[:, t, begins[t]] = 0
                    cell.forward(Wx[t - part.start], prev[:, t], new[:, t], kept[:, t])
                    if mask is not None:
                        new[:, t, absent[t]] = prev[:, t, absent[t]]
                    latest = new[:, t]

    def back(
        self,
        cell: Cell,
        dy: np.ndarray,
        dstate: np.ndarray,
        mask: Any,
        reset: Any,
        memory: Kept,
        reverse: bool,
        D: np.ndarray,
    ) -> None:
        """Write D (T, B, width), and turn the gradient of the last state into that of the start state, in place."""
        kept, prev, new = memory.kept, memory.prev, memory.new
        _, T, B, H = new.shape
        absent, begins = rows_by_step(None if mask is None else ~mask, T), rows_by_step(reset, T)
        n = max(LOCAL // max(B * H, 1), 1)
        coefficients = empty((cell.coefficients, n, B, H), new.dtype)
        for steps in blocks(T, n, not reverse):
            part = extent(steps)
            local = coefficients[:, : len(steps)]
            cell.local(kept[:, part], prev[:, part], new[:, part], local)
            for t in steps:
                passed = dstate[:, absent[t]] if mask is not None else None
                dstate[0] += dy[t]
                if passed is not None:
                    dstate[:, absent[t]] = 0
                cell.backward(local[:, t - part.start], kept[:, t], dstate, D[t])
                if passed is not None:
                    dstate[:, absent[t]] = passed
                if reset is not None:
                    dstate[:, begins[t]] = 0


def split(*, reverse: bool, **settings: Any) -> tuple[bool, dict[str, Any]]:
    """Return the direction, and what the cell's equations have to know."""
    return reverse, settings


def blocks(T: int, n: int, backwards: bool) -> Iterator[range]:
    """Yield the steps 0 .. T - 1 in blocks of at most n; with `backwards` from the last one to the first."""
    for start in range(0, T, max(n, 1)):
        steps = range(start, min(start + max(n, 1), T))
        yield range(T - 1 - steps.start, T - 1 - steps.stop, -1) if backwards else steps


def extent(steps: range) -> slice:
    """Return the part of time that a block takes up."""
    return slice(min(steps), max(steps) + 1)


def rows_by_step(where: Any, T: int) -> list[np.ndarray]:
    """Return for each step the rows at which (T, B) is True."""
    return [] if where is None else [np.flatnonzero(where[t]) for t in range(T)]
