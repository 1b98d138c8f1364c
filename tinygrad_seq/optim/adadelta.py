"""Adadelta: steps in the units of the weights, without a learning rate."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..backend import XP, Array
from .optimizer import Optimizer, Slots
from .parameters import Groups, Parameters


class Adadelta(Optimizer):
    """The size of recent steps over the size of recent gradients is the learning rate.

    ```
    g = g + weight_decay p
    v = rho v + (1 - rho) g^2                  # from v = 0
    d = sqrt(u + eps) / sqrt(v + eps) g
    u = rho u + (1 - rho) d^2                  # from u = 0
    p = p - lr d
    ```

    Source: Zeiler 2012, algorithm 1, which has no lr: lr=1. PyTorch: the same. Keras: the same with other defaults,
    `lr=0.001, rho=0.95, eps=1e-7`.
    """

    def __init__(
        self,
        params: Parameters | Groups,
        lr: float = 1.0,
        rho: float = 0.9,
        eps: float = 1e-6,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(params, lr=lr, rho=rho, eps=eps, weight_decay=weight_decay)

    def slots(self, settings: Mapping[str, Any]) -> dict[str, float]:
        """The averages of squares: v of the gradients, u of the steps."""
        return {"v": 0.0, "u": 0.0}

    @staticmethod
    def update(
        xp: XP,
        t: int,
        p: Array,
        g: Array,
        v: Array,
        u: Array,
        *,
        lr: float,
        rho: float,
        eps: float,
        weight_decay: float,
    ) -> tuple[Array, Slots]:
        """Return the new p, v and u."""
        if weight_decay:
            g = g + weight_decay * p
        v = rho * v + (1 - rho) * g * g
        d = xp.sqrt(u + eps) / xp.sqrt(v + eps) * g
        u = rho * u + (1 - rho) * d * d
        return p - lr * d, {"v": v, "u": u}
