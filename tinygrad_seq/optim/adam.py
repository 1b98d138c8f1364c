"""Adam: momentum over the recent size of the gradient, both corrected for their start at zero."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from ..backend import XP, Array
from .optimizer import Optimizer, Slots
from .parameters import Groups, Parameters


class Adam(Optimizer):
    """A moving average of the gradient, divided by the root of a moving average of its square.

    ```
    g = g + weight_decay p
    m = b1 m + (1 - b1) g                      # from m = 0
    v = b2 v + (1 - b2) g^2                    # from v = 0
    m_hat = m / (1 - b1^t)                     # t = 1, 2, ...: the averages started at zero
    v_hat = v / (1 - b2^t)                     # amsgrad=True:  v_max = max(v_max, v),  v_hat = v_max / (1 - b2^t)
    p = p - lr m_hat / (sqrt(v_hat) + eps)
    ```

    Computed, as the paper advises, with both corrections drawn into numbers: p - lr_t m / (sqrt(v) + eps_t),
    lr_t = lr sqrt(1 - b2^t) / (1 - b1^t), eps_t = eps sqrt(1 - b2^t).

    Source: Kingma and Ba 2015, algorithm 1; amsgrad: Reddi, Kale, Kumar 2018, who leave out the corrections.
    `weight_decay` is part of the gradient and so divided too; `AdamW` keeps it out.

    PyTorch: the same. Keras adds eps to the uncorrected root (the paper's "epsilon hat", before its section 2.1), so
    that its eps=1e-7 acts as eps / sqrt(1 - b2^t): 32 times larger at the first step, the same in the long run.
    In float16 the default eps rounds to zero: take 1e-4, say.
    """

    def __init__(
        self,
        params: Parameters | Groups,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        amsgrad: bool = False,
    ) -> None:
        super().__init__(params, lr=lr, betas=betas, eps=eps, weight_decay=weight_decay, amsgrad=amsgrad)

    def slots(self, settings: Mapping[str, Any]) -> dict[str, float]:
        """The averages m and v, and the largest v so far for amsgrad."""
        return {"m": 0.0, "v": 0.0} | ({"v_max": 0.0} if settings["amsgrad"] else {})

    @staticmethod
    def update(
        xp: XP,
        t: int,
        p: Array,
        g: Array,
        m: Array,
        v: Array,
        v_max: Any = None,
        *,
        lr: float,
        betas: tuple[float, float],
        eps: float,
        weight_decay: float,
        amsgrad: bool,
    ) -> tuple[Array, Slots]:
        """Return the new p, m and v."""
        b1, b2 = betas
        if weight_decay:
            g = g + weight_decay * p
        m = b1 * m + (1 - b1) * g
        v = b2 * v + (1 - b2) * g * g
        slots = {"m": m, "v": v}
        if amsgrad:
            v = slots["v_max"] = xp.maximum(v_max, v)
        root = math.sqrt(1 - b2**t)
        lr_t, eps_t = lr * root / (1 - b1**t), eps * root
        return p - lr_t * m / (xp.sqrt(v) + eps_t), slots
