"""Adagrad: the sum of all squared gradients sets the pace."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..backend import XP, Array
from .optimizer import Optimizer, Slots
from .parameters import Groups, Parameters


class Adagrad(Optimizer):
    """Every weight has its own pace, slower the more gradient it has seen.

    ```
    g = g + weight_decay p
    v = v + g^2                                # from v = initial_accumulator_value
    p = p - lr_t g / (sqrt(v) + eps)           # lr_t = lr / (1 + (t - 1) lr_decay)
    ```

    Source: Duchi, Hazan, Singer 2011. PyTorch: the same. Texts that write p = p - lr g / sqrt(v + eps) mean
    `initial_accumulator_value=eps, eps=0`, since v then starts at eps. Keras is one of them, and its v starts at 0.1:
    `initial_accumulator_value=0.1 + 1e-7, eps=0`.
    """

    def __init__(
        self,
        params: Parameters | Groups,
        lr: float = 1e-2,
        lr_decay: float = 0.0,
        weight_decay: float = 0.0,
        initial_accumulator_value: float = 0.0,
        eps: float = 1e-10,
    ) -> None:
        super().__init__(
            params,
            lr=lr,
            lr_decay=lr_decay,
            weight_decay=weight_decay,
            initial_accumulator_value=initial_accumulator_value,
            eps=eps,
        )

    def slots(self, settings: Mapping[str, Any]) -> dict[str, float]:
        """v, the sum of squares."""
        return {"v": settings["initial_accumulator_value"]}

    @staticmethod
    def update(
        xp: XP,
        t: int,
        p: Array,
        g: Array,
        v: Array,
        *,
        lr: float,
        lr_decay: float,
        weight_decay: float,
        initial_accumulator_value: float,
        eps: float,
    ) -> tuple[Array, Slots]:
        """Return the new p and v."""
        if weight_decay:
            g = g + weight_decay * p
        v = v + g * g
        lr_t = lr / (1 + (t - 1) * lr_decay)
        return p - lr_t * g / (xp.sqrt(v) + eps), {"v": v}
