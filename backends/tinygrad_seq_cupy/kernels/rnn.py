"""The plain recurrence, launch by launch; its equations stand in rnn.cu."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .cell import Cell, Kept
from .device import Device
from .inputs import Input, column_sums, product_over_rows
from .placement import Plan
from .steps import Steps

__all__ = ["RNN"]


class RNN(Cell):
    """Memory: 2 T B H numbers from forward to backward, and 1 T B H more during backward."""

    recurrence = ((1, 1),)
    recurrence_back = ((1, 1),)

    def __init__(self, on: Device, W_ih: Any, W_hh: Any, b_ih: Any, b_hh: Any, nonlinearity: str) -> None:
        self.on, self.W_ih, self.W_hh, self.b_ih, self.b_hh = on, W_ih, W_hh, b_ih, b_hh
        self.relu = int(nonlinearity == "relu")

    def begin(self, x: Input, steps: Steps) -> Kept:
        return {"a": x.projected(self.W_ih)}

    def forward(self, t: int, steps: Steps, kept: Kept) -> None:
        a = kept["a"][t]
        self.on.matmul(steps.prev[0][t], self.W_hh, a, b_T=True, add=True)
        self.launch("rnn_forward", steps, a, self.b_ih, self.b_hh, *steps.forward(t), self.relu)

    def gradients_begin(self, steps: Steps) -> Kept:
        return {"a": self.on.empty((steps.T, steps.B, steps.H), steps.dtype)}

    def backward(self, t: int, steps: Steps, kept: Kept, dy: Any, dstate: Sequence[Any], D: Kept) -> None:
        (dh,), da = dstate, D["a"][t]
        self.launch("rnn_backward", steps, steps.new[0][t], dy, dh, *steps.backward(t), da, self.relu)
        self.on.matmul(da, self.W_hh, dh, add=True)

    def all_forward(self, plan: Plan, steps: Steps, kept: Kept) -> None:
        weights = (self.transposed(self.W_hh), self.b_ih, self.b_hh)
        self.launch_on_chip("rnn_sequence_forward", plan, steps, kept["a"], *weights, *steps.all_forward(), self.relu)

    def all_backward(self, plan: Plan, steps: Steps, kept: Kept, dy: Any, dstate: Sequence[Any], D: Kept) -> None:
        given = (steps.new[0], self.W_hh, dy, *dstate, steps.here, steps.begins)
        self.launch_on_chip("rnn_sequence_backward", plan, steps, *given, D["a"], self.relu)

    def gradients(self, x: Input, steps: Steps, kept: Kept, D: Kept, wanted: Sequence[bool]) -> list[Any]:
        W_ih, W_hh, b_ih, b_hh = wanted
        da = D["a"]
        db = column_sums(self.on, da) if b_ih or b_hh else None
        dW_ih = x.weight_gradient(da, self.W_ih) if W_ih else None
        return [dW_ih, product_over_rows(self.on, da, steps.prev[0]) if W_hh else None, db, db]

    def reading(self, D: Kept) -> list[tuple[Any, Any]]:
        return [(D["a"], self.W_ih)]
