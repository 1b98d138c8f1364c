"""The LSTM, launch by launch; its equations stand in lstm.cu."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from .cell import Cell, Kept, named_gates
from .device import Device
from .inputs import Input, column_sums, product_over_rows
from .placement import Plan, Recurrence
from .steps import Steps

__all__ = ["LSTM"]


class LSTM(Cell):
    """Memory: 6 T B H numbers from forward to backward, and 4 T B H more during backward."""

    parts = ("h", "c")
    recurrence: ClassVar[Recurrence] = ((1, 4),)
    recurrence_back: ClassVar[Recurrence] = ((4, 1),)

    def __init__(self, on: Device, W_ih: Any, W_hh: Any, b_ih: Any, b_hh: Any) -> None:
        self.on, self.W_ih, self.W_hh, self.b_ih, self.b_hh = on, W_ih, W_hh, b_ih, b_hh

    def begin(self, x: Input, steps: Steps) -> Kept:
        return {"a": x.projected(self.W_ih)}

    def forward(self, t: int, steps: Steps, kept: Kept) -> None:
        self.step(t, steps, kept, steps.prev[0][t])

    def step(self, t: int, steps: Steps, kept: Kept, h_prev: Any) -> None:
        """Step t, with h_prev or what stands in its place."""
        a = kept["a"][t]
        self.on.matmul(h_prev, self.W_hh, a, b_T=True, add=True)
        self.launch("lstm_forward", steps, a, self.b_ih, self.b_hh, *steps.forward(t))

    def gradients_begin(self, steps: Steps) -> Kept:
        return {"a": self.on.empty((steps.T, steps.B, 4 * steps.H), steps.dtype)}

    def backward(self, t: int, steps: Steps, kept: Kept, dy: Any, dstate: Sequence[Any], D: Kept) -> None:
        self.step_back(t, steps, kept, dy, dstate, D)
        self.on.matmul(D["a"][t], self.W_hh, dstate[0], add=True)

    def step_back(self, t: int, steps: Steps, kept: Kept, dy: Any, dstate: Sequence[Any], D: Kept) -> None:
        """Write D at t; what is left in dh is what passes through absent rows."""
        a, c_prev, c_t = kept["a"][t], steps.prev[1][t], steps.new[1][t]
        self.launch("lstm_backward", steps, a, c_prev, c_t, dy, *dstate, *steps.backward(t), D["a"][t])

    def all_forward(self, plan: Plan, steps: Steps, kept: Kept) -> None:
        weights = (self.transposed(self.W_hh), self.b_ih, self.b_hh)
        self.launch_on_chip("lstm_sequence_forward", plan, steps, kept["a"], *weights, *steps.all_forward())

    def all_backward(self, plan: Plan, steps: Steps, kept: Kept, dy: Any, dstate: Sequence[Any], D: Kept) -> None:
        given = (kept["a"], self.W_hh, steps.prev[1], steps.new[1], dy, *dstate, steps.here, steps.begins)
        self.launch_on_chip("lstm_sequence_backward", plan, steps, *given, D["a"])

    def gradients(self, x: Input, steps: Steps, kept: Kept, D: Kept, wanted: Sequence[bool]) -> list[Any]:
        W_ih, W_hh, b_ih, b_hh = wanted
        da = D["a"]
        db = column_sums(self.on, da) if b_ih or b_hh else None
        dW_ih = x.weight_gradient(da, self.W_ih) if W_ih else None
        return [dW_ih, product_over_rows(self.on, da, steps.prev[0]) if W_hh else None, db, db]

    def reading(self, D: Kept) -> list[tuple[Any, Any]]:
        return [(D["a"], self.W_ih)]

    def watched(self, steps: Steps, kept: Kept) -> Kept:
        return super().watched(steps, kept) | named_gates(kept["a"], "ifgo", steps.H)
