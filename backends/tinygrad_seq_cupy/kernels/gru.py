"""The GRU in both forms, launch by launch; the equations stand in gru.cu."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .cell import Cell, Kept, named_gates
from .device import Device
from .inputs import Input, column_sums, product_over_rows
from .placement import Plan
from .steps import Steps

__all__ = ["GRU"]


class GRU(Cell):
    """The reset gate after the product. Memory: 5 T B H numbers from forward to backward, 6 T B H more during it."""

    recurrence = ((1, 3),)
    recurrence_back = ((3, 1),)

    def __init__(self, on: Device, W_ih: Any, W_hh: Any, b_ih: Any, b_hh: Any, reset_after: bool) -> None:
        self.on, self.W_ih, self.W_hh, self.b_ih, self.b_hh = on, W_ih, W_hh, b_ih, b_hh

    @classmethod
    def form(cls, **settings: Any) -> type[Cell]:
        """Return one of the two forms."""
        return cls if settings["reset_after"] else GRUBefore

    def begin(self, x: Input, steps: Steps) -> Kept:
        T, B, H = steps.T, steps.B, steps.H
        hn, hidden = self.on.empty((T, B, H), steps.dtype), self.on.empty((B, 3 * H), steps.dtype)
        return {"a": x.projected(self.W_ih), "hn": hn, "hidden": hidden}

    def forward(self, t: int, steps: Steps, kept: Kept) -> None:
        hidden = kept["hidden"]
        self.on.matmul(steps.prev[0][t], self.W_hh, hidden, b_T=True)
        self.launch("gru_forward", steps, kept["a"][t], hidden, kept["hn"][t], self.b_ih, self.b_hh, *steps.forward(t))

    def gradients_begin(self, steps: Steps) -> Kept:
        return {name: self.on.empty((steps.T, steps.B, 3 * steps.H), steps.dtype) for name in ("x", "h")}

    def backward(self, t: int, steps: Steps, kept: Kept, dy: Any, dstate: Sequence[Any], D: Kept) -> None:
        (dh,), D_x, D_h = dstate, D["x"][t], D["h"][t]
        a, hn, h_prev = kept["a"][t], kept["hn"][t], steps.prev[0][t]
        self.launch("gru_backward", steps, a, hn, h_prev, dy, dh, *steps.backward(t), D_x, D_h)
        self.on.matmul(D_h, self.W_hh, dh, add=True)

    def all_forward(self, plan: Plan, steps: Steps, kept: Kept) -> None:
        weights = (self.transposed(self.W_hh), self.b_ih, self.b_hh)
        self.launch_on_chip("gru_sequence_forward", plan, steps, kept["a"], kept["hn"], *weights, *steps.all_forward())

    def all_backward(self, plan: Plan, steps: Steps, kept: Kept, dy: Any, dstate: Sequence[Any], D: Kept) -> None:
        given = (kept["a"], kept["hn"], self.W_hh, steps.prev[0], dy, *dstate, steps.here, steps.begins)
        self.launch_on_chip("gru_sequence_backward", plan, steps, *given, D["x"], D["h"])

    def gradients(self, x: Input, steps: Steps, kept: Kept, D: Kept, wanted: Sequence[bool]) -> list[Any]:
        W_ih, W_hh, b_ih, b_hh = wanted
        return [
            x.weight_gradient(D["x"], self.W_ih) if W_ih else None,
            product_over_rows(self.on, D["h"], steps.prev[0]) if W_hh else None,
            column_sums(self.on, D["x"]) if b_ih else None,
            column_sums(self.on, D["h"]) if b_hh else None,
        ]

    def reading(self, D: Kept) -> list[tuple[Any, Any]]:
        return [(D["x"], self.W_ih)]

    def watched(self, steps: Steps, kept: Kept) -> Kept:
        return super().watched(steps, kept) | named_gates(kept["a"], "rzn", steps.H) | {"hn": kept["hn"]}


class GRUBefore(Cell):
    """The reset gate before the product. Memory: 5 T B H numbers from forward to backward, 3 T B H more during it."""

    recurrence = ((1, 2), (1, 1))
    recurrence_back = ((1, 1), (2, 1))

    def __init__(self, on: Device, W_ih: Any, W_hh: Any, b_ih: Any, b_hh: Any, reset_after: bool) -> None:
        self.on, self.W_ih, self.W_hh, self.b_ih, self.b_hh, self.H = on, W_ih, W_hh, b_ih, b_hh, W_hh.shape[1]
        self.W_hrz, self.W_hn = W_hh[: 2 * self.H], W_hh[2 * self.H :]

    def rz_and_n(self, a: Any) -> tuple[Any, Any]:
        """Return the columns of r and z, and those of n, of a matrix (rows, 3 H)."""
        return a[:, : 2 * self.H], a[:, 2 * self.H :]

    def begin(self, x: Input, steps: Steps) -> Kept:
        return {"a": x.projected(self.W_ih), "rh": self.on.empty((steps.T, steps.B, steps.H), steps.dtype)}

    def forward(self, t: int, steps: Steps, kept: Kept) -> None:
        a, rh, h_prev = kept["a"][t], kept["rh"][t], steps.prev[0][t]
        a_rz, a_n = self.rz_and_n(a)
        self.on.matmul(h_prev, self.W_hrz, a_rz, b_T=True, add=True)
        self.launch("gru_reset", steps, a, rh, self.b_ih, self.b_hh, h_prev)
        self.on.matmul(rh, self.W_hn, a_n, b_T=True, add=True)
        self.launch("gru_candidate", steps, a, self.b_ih, self.b_hh, *steps.forward(t))

    def gradients_begin(self, steps: Steps) -> Kept:
        T, B, H = steps.T, steps.B, steps.H
        return {"a": self.on.empty((T, B, 3 * H), steps.dtype), "rh": self.on.empty((B, H), steps.dtype)}

    def backward(self, t: int, steps: Steps, kept: Kept, dy: Any, dstate: Sequence[Any], D: Kept) -> None:
        (dh,), a, h_prev, da, drh = dstate, kept["a"][t], steps.prev[0][t], D["a"][t], D["rh"]
        da_rz, da_n = self.rz_and_n(da)
        self.launch("gru_candidate_backward", steps, a, h_prev, dy, dh, *steps.backward(t), da)
        self.on.matmul(da_n, self.W_hn, drh)
        self.launch("gru_reset_backward", steps, a, h_prev, drh, dh, da)
        self.on.matmul(da_rz, self.W_hrz, dh, add=True)

    def all_forward(self, plan: Plan, steps: Steps, kept: Kept) -> None:
        weights = (self.transposed(self.W_hh), self.b_ih, self.b_hh)
        given = (kept["a"], kept["rh"], *weights, *steps.all_forward())
        self.launch_on_chip("gru_sequence_reset_forward", plan, steps, *given)

    def all_backward(self, plan: Plan, steps: Steps, kept: Kept, dy: Any, dstate: Sequence[Any], D: Kept) -> None:
        given = (kept["a"], self.W_hh, steps.prev[0], dy, *dstate, steps.here, steps.begins)
        self.launch_on_chip("gru_sequence_reset_backward", plan, steps, *given, D["a"])

    def gradients(self, x: Input, steps: Steps, kept: Kept, D: Kept, wanted: Sequence[bool]) -> list[Any]:
        W_ih, W_hh, b_ih, b_hh = wanted
        db = column_sums(self.on, D["a"]) if b_ih or b_hh else None
        dW_ih = x.weight_gradient(D["a"], self.W_ih) if W_ih else None
        return [dW_ih, self.recurrent_gradient(steps, kept, D) if W_hh else None, db, db]

    def recurrent_gradient(self, steps: Steps, kept: Kept, D: Kept) -> Any:
        """Return the gradient of W_hh, whose rows r and z were multiplied with h_prev, and the rows n with r h_prev."""
        on, H, rows = self.on, self.H, steps.T * steps.B
        dW_hh = on.empty((3 * H, H), steps.dtype)
        da_rz, da_n = self.rz_and_n(on.xp.reshape(D["a"], (rows, 3 * H)))
        on.matmul(da_rz, on.xp.reshape(steps.prev[0], (rows, H)), dW_hh[: 2 * H], a_T=True)
        on.matmul(da_n, on.xp.reshape(kept["rh"], (rows, H)), dW_hh[2 * H :], a_T=True)
        return dW_hh

    def reading(self, D: Kept) -> list[tuple[Any, Any]]:
        return [(D["a"], self.W_ih)]

    def watched(self, steps: Steps, kept: Kept) -> Kept:
        return super().watched(steps, kept) | named_gates(kept["a"], "rzn", steps.H) | {"rh": kept["rh"]}
