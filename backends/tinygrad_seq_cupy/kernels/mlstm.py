"""The mLSTM, launch by launch: an LSTM with m_t in the place of h_prev; m_t stands in mlstm.cu."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .cell import Kept
from .device import Device
from .inputs import Input, column_sums, product_over_rows
from .lstm import LSTM
from .sources import function
from .steps import Steps

__all__ = ["MLSTM"]


class MLSTM(LSTM):
    """Memory: 9 T B H numbers from forward to backward, and 6 T B H more during backward."""

    recurrence = ()  # its two products of a step would need twice the room
    recurrence_back = ()

    def __init__(self, on: Device, W_ih: Any, W_hh: Any, W_mx: Any, W_mh: Any, b: Any) -> None:
        super().__init__(on, W_ih, W_hh, b, None)
        self.W_mx, self.W_mh = W_mx, W_mh

    def begin(self, x: Input, steps: Steps) -> Kept:
        room = {name: self.on.empty((steps.T, steps.B, steps.H), steps.dtype) for name in ("m", "mh")}
        return {**super().begin(x, steps), "mx": x.projected(self.W_mx), **room}

    def forward(self, t: int, steps: Steps, kept: Kept) -> None:
        mx, mh, m = (kept[name][t] for name in ("mx", "mh", "m"))
        n = steps.B * steps.H
        self.on.matmul(steps.prev[0][t], self.W_mh, mh, b_T=True)
        self.on.launch(function("mlstm_forward"), steps.dtype, n, mx, mh, m, n)
        self.step(t, steps, kept, m)

    def gradients_begin(self, steps: Steps) -> Kept:
        room = {name: self.on.empty((steps.T, steps.B, steps.H), steps.dtype) for name in ("mx", "mh")}
        return {**super().gradients_begin(steps), **room, "m": self.on.empty((steps.B, steps.H), steps.dtype)}

    def backward(self, t: int, steps: Steps, kept: Kept, dy: Any, dstate: Sequence[Any], D: Kept) -> None:
        dm, dmx, dmh, n = D["m"], D["mx"][t], D["mh"][t], steps.B * steps.H
        self.step_back(t, steps, kept, dy, dstate, D)
        self.on.matmul(D["a"][t], self.W_hh, dm)
        self.on.launch(function("mlstm_backward"), steps.dtype, n, dm, kept["mx"][t], kept["mh"][t], dmx, dmh, n)
        self.on.matmul(dmh, self.W_mh, dstate[0], add=True)

    def gradients(self, x: Input, steps: Steps, kept: Kept, D: Kept, wanted: Sequence[bool]) -> list[Any]:
        W_ih, W_hh, W_mx, W_mh, b = wanted
        return [
            x.weight_gradient(D["a"], self.W_ih) if W_ih else None,
            product_over_rows(self.on, D["a"], kept["m"]) if W_hh else None,
            x.weight_gradient(D["mx"], self.W_mx) if W_mx else None,
            product_over_rows(self.on, D["mh"], steps.prev[0]) if W_mh else None,
            column_sums(self.on, D["a"]) if b else None,
        ]

    def reading(self, D: Kept) -> list[tuple[Any, Any]]:
        return [(D["a"], self.W_ih), (D["mx"], self.W_mx)]

    def watched(self, steps: Steps, kept: Kept) -> Kept:
        return super().watched(steps, kept) | {"m": kept["m"]}
