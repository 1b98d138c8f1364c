"""What the kernels of all cells share: the way through a sequence, there and back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tinygrad_seq.backend import Buffers

from .cell import Cell
from .device import Device
from .inputs import Input, flat
from .placement import Plan, Recurrence, placed, way
from .steps import Steps

__all__ = ["SequenceKernel"]


class Kept(dict[str, Any]):
    """What a pass keeps: by name, (T, B, H) each, for whoever watches, and whole for the way back."""

    def __init__(self, cell: Cell, steps: Steps, kept: dict[str, Any]) -> None:
        super().__init__(cell.watched(steps, kept))
        self.steps, self.kept = steps, kept


class SequenceKernel:
    """The kernel of one kind of cell, in the shape of `tinygrad_seq.backend.Kernel`.

    The input is projected for all steps in one product, or picked where it is whole numbers. All steps are one launch
    where `placement` finds room for the weights on the chip; else each is one product that adds to the projection, and
    one launch, there and back. The gradients of the weights are one product each at the end. float16 is computed in
    float32 and rounded where it leaves.
    """

    def __init__(self, on: Device, cell: type[Cell], parts: int) -> None:
        self.on, self.cell, self.parts = on, cell, parts

    def forward(self, *arrays: Any, training: bool, **static: Any) -> tuple[tuple[Any, ...], Buffers]:
        """Return the hidden states of all steps and the last state; in training also what each step kept, by name."""
        (x, mask, reset, *rest), (reverse, settings) = arrays, split(**static)
        given, dtype = types(x, rest)
        state, cell = self.of_call(rest, dtype, settings)
        steps = Steps(self.on, state, mask, reset, x.shape[0], reverse)
        kept = cell.begin(Input(self.on, x, dtype), steps)
        plan = self.plan(cell.recurrence, steps)
        if plan is not None:
            cell.all_forward(plan, steps, kept)
        else:
            for t in steps:
                cell.forward(t, steps, kept)
        xp = self.on.xp
        ends = [xp.asarray(new[steps.last], copy=True) for new in steps.new]
        outputs = tuple(xp.astype(a, given) for a in (steps.y, *ends))
        return outputs, Kept(cell, steps, kept) if training else {}

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
        (x, _, _, *rest), (_, settings) = arrays, split(**static)
        given, dtype = types(x, rest)
        _, cell = self.of_call(rest, dtype, settings)
        steps, kept, xp = buffers.steps, buffers.kept, self.on.xp
        entering = Input(self.on, x, dtype)
        dy = self.on.contiguous(dys[0], dtype)
        dstate = [xp.asarray(self.on.contiguous(d, dtype), copy=True) for d in dys[1:]]
        D = cell.gradients_begin(steps)
        plan = self.plan(cell.recurrence_back, steps)
        if plan is not None:
            cell.all_backward(plan, steps, kept, dy, dstate, D)
        else:
            for t in reversed(steps):
                cell.backward(t, steps, kept, dy[t], dstate, D)
        if steps.begins is not None:
            dstate = [xp.where(steps.begins[steps.first][:, None], 0.0, d) for d in dstate]
        dx = self.input_gradient(x, cell, D) if wanted[0] else None
        dweights = cell.gradients(entering, steps, kept, D, wanted[3 + self.parts :])
        found = zip((dx, None, None, *dstate, *dweights), wanted, strict=True)
        return [xp.astype(d, given) if w else None for d, w in found]

    def plan(self, recurrence: Recurrence, steps: Steps) -> Plan | None:
        """Return how all steps are done in one launch, None where they are not."""
        return placed(self.on.chip, recurrence, steps.B, steps.H, steps.dtype.itemsize) if steps.T else None

    def ways(self, dtype: Any, hidden_size: int, settings: dict[str, Any]) -> tuple[str, str]:
        """Return which way a module's sequences go forward and back, and why."""
        cell, dtype = self.cell.form(**settings), working(dtype)
        recurrences = cell.recurrence, cell.recurrence_back
        forward, back = (way(self.on.chip, r, hidden_size, dtype.itemsize) for r in recurrences)
        return forward, back

    def input_gradient(self, x: Any, cell: Cell, D: Any) -> Any:
        """Return the gradient of x, (T, B, I)."""
        pairs = cell.reading(D)
        dx = self.on.empty(x.shape, pairs[0][0].dtype)
        for i, (dWx, W) in enumerate(pairs):
            self.on.matmul(flat(self.on, dWx), W, flat(self.on, dx), add=i > 0)
        return dx

    def of_call(self, rest: Sequence[Any], dtype: Any, settings: dict[str, Any]) -> tuple[list[Any], Cell]:
        """Return the start state, and the cell with its weights, all of one type and in C order."""
        cast = [None if a is None else self.on.contiguous(a, dtype) for a in rest]
        return cast[: self.parts], self.cell.form(**settings)(self.on, *cast[self.parts :], **settings)


def types(x: Any, rest: Sequence[Any]) -> tuple[Any, Any]:
    """Return the type that the arrays have together, and the one that the kernels compute in."""
    given = np.result_type(*(a.dtype for a in (x, *rest) if a is not None and a.dtype.kind == "f"))
    return given, working(given)


def working(given: Any) -> Any:
    """Return the type that is computed in."""
    return np.dtype(np.float32) if given == np.float16 else np.dtype(given)


def split(*, reverse: bool, **settings: Any) -> tuple[bool, dict[str, Any]]:
    """Return the direction, and what the cell's equations have to know."""
    return reverse, settings
