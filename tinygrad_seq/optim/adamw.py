"""AdamW: Adam with the decay of the weights kept out of the gradient."""

from __future__ import annotations

from typing import Any

from ..backend import XP, Array
from .adam import Adam
from .optimizer import Slots
from .parameters import Groups, Parameters


class AdamW(Adam):
    """Adam, and beside it every weight shrinks at the same rate, however large its gradients are.

    ```
    p = (1 - lr weight_decay) p
    m, v, p as in Adam without weight decay
    ```

    Source: Loshchilov and Hutter 2019, algorithm 2, whose decay is multiplied by the schedule alone: their lambda
    is our lr weight_decay at the start. PyTorch: the same. Keras: with weight_decay=0.004, and eps as under `Adam`.
    """

    def __init__(
        self,
        params: Parameters | Groups,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        amsgrad: bool = False,
    ) -> None:
        super().__init__(params, lr, betas, eps, weight_decay, amsgrad)

    @staticmethod
    def update(
        xp: XP, t: int, p: Array, g: Array, *slots: Any, lr: float, weight_decay: float, **settings: Any
    ) -> tuple[Array, Slots]:
        """Return the new p, m and v."""
        p = (1 - lr * weight_decay) * p
        return Adam.update(xp, t, p, g, *slots, lr=lr, weight_decay=0.0, **settings)
