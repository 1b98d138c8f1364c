"""RMSprop: the gradient over its own recent size."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..backend import XP, Array
from .optimizer import Optimizer, Slots
from .parameters import Groups, Parameters


class RMSprop(Optimizer):
    """The gradient, divided by the root of a moving average of its square.

    ```
    g = g + weight_decay p
    v = alpha v + (1 - alpha) g^2              # from v = 0
    m = alpha m + (1 - alpha) g                # only centered=True, from m = 0
    s = v                                      # centered=True:  s = max(v - m^2, 0), the variance
    d = g / (sqrt(s) + eps)                    # eps_inside_sqrt=True:  d = g / sqrt(s + eps)
    z = momentum z + d                         # from z = 0
    p = p - lr z
    ```

    Source: Hinton's lecture 6e (2012); centered: Graves 2013, eq. 40, who also has eps inside. char-rnn trains with
    `lr=0.002, alpha=0.95`. Inside the root the same eps weighs far more: sqrt(1e-8) is 1e-4. Centered, a gradient that
    never changes has no variance, and its steps grow to lr g / eps.

    PyTorch: the same but for `eps_inside_sqrt`; and its v - m^2 may round below zero and give NaN, ours may not.
    Keras: `RMSprop(lr=0.001, alpha=0.9, eps=1e-7, eps_inside_sqrt=True)`; with momentum z holds lr d, so a change of lr
    acts only on steps still to come.
    """

    def __init__(
        self,
        params: Parameters | Groups,
        lr: float = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        momentum: float = 0.0,
        centered: bool = False,
        eps_inside_sqrt: bool = False,
    ) -> None:
        super().__init__(
            params,
            lr=lr,
            alpha=alpha,
            eps=eps,
            weight_decay=weight_decay,
            momentum=momentum,
            centered=centered,
            eps_inside_sqrt=eps_inside_sqrt,
        )

    def slots(self, settings: Mapping[str, Any]) -> dict[str, float]:
        """v, the mean square; m, the mean, if centered; z, if there is momentum."""
        used = {"v": True, "m": settings["centered"], "z": settings["momentum"] > 0}
        return {slot: 0.0 for slot, on in used.items() if on}

    @staticmethod
    def update(
        xp: XP,
        t: int,
        p: Array,
        g: Array,
        v: Array,
        m: Any = None,
        z: Any = None,
        *,
        lr: float,
        alpha: float,
        eps: float,
        weight_decay: float,
        momentum: float,
        centered: bool,
        eps_inside_sqrt: bool,
    ) -> tuple[Array, Slots]:
        """Return the new p, and v, m and z as far as they are in use."""
        if weight_decay:
            g = g + weight_decay * p
        v = alpha * v + (1 - alpha) * g * g
        s, slots = v, {"v": v}
        if centered:
            m = alpha * m + (1 - alpha) * g
            s, slots["m"] = xp.maximum(v - m * m, 0), m
        d = g / xp.sqrt(s + eps) if eps_inside_sqrt else g / (xp.sqrt(s) + eps)
        if not momentum:
            return p - lr * d, slots
        z = momentum * z + d
        return p - lr * z, slots | {"z": z}
