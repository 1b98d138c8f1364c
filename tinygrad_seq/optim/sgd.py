"""Gradient descent, plain and with momentum in its several forms."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..backend import XP, Array
from ..errors import ConfigError
from .optimizer import Optimizer, Slots
from .parameters import Groups, Parameters


class SGD(Optimizer):
    """Gradient descent, plain or with momentum.

    ```
    g = g + weight_decay p
    u = g                           # ema=True:       u = (1 - momentum) g
    z = momentum z + u              # from z = 0
    p = p - lr z                    # nesterov=True:  p = p - lr (u + momentum z)
    ```

    Classical momentum (Polyak 1964) adds gradients up: along a steady g it comes to run at lr g / (1 - momentum).
    `ema=True` is the lecture's form: z is a moving average of the gradients, and along a steady g it runs at lr g.
    So `SGD(lr=a, momentum=b, ema=True)` makes the steps of `SGD(lr=a * (1 - b), momentum=b)`.

    Nesterov's method (1983; Sutskever et al. 2013) takes the gradient where momentum is about to carry the parameter.
    As in PyTorch and Keras, p is that look-ahead point, so the gradient is simply the one at p.

    PyTorch: the same but for `ema`, which its `dampening=momentum` is not: there the first step is undamped, z = g.
    Keras: its velocity is lr z, so a change of lr acts only on gradients still to come; the steps are the same as long
    as lr is constant.

    Raises:
        ConfigError: `nesterov` or `ema` without momentum, and as `Optimizer`.
    """

    def __init__(
        self,
        params: Parameters | Groups,
        lr: float = 1e-3,
        momentum: float = 0.0,
        *,
        weight_decay: float = 0.0,
        nesterov: bool = False,
        ema: bool = False,
    ) -> None:
        super().__init__(params, lr=lr, momentum=momentum, weight_decay=weight_decay, nesterov=nesterov, ema=ema)

    def settings(self, group: Mapping[str, Any]) -> dict[str, Any]:
        """Return a group's settings; raises ConfigError where they contradict each other."""
        settings = super().settings(group)
        for form in ("nesterov", "ema"):
            if settings[form] and settings["momentum"] == 0:
                raise ConfigError(
                    f"SGD: {form}=True is a form of momentum, and momentum is 0. Write momentum=0.9, say."
                )
        return settings

    def slots(self, settings: Mapping[str, Any]) -> dict[str, float]:
        """z, if there is momentum."""
        return {"z": 0.0} if settings["momentum"] else {}

    @staticmethod
    def update(
        xp: XP,
        t: int,
        p: Array,
        g: Array,
        z: Any = None,
        *,
        lr: float,
        momentum: float,
        weight_decay: float,
        nesterov: bool,
        ema: bool,
    ) -> tuple[Array, Slots]:
        """Return the new p and z."""
        if weight_decay:
            g = g + weight_decay * p
        if not momentum:
            return p - lr * g, {}
        u = (1 - momentum) * g if ema else g
        z = momentum * z + u
        return p - lr * (u + momentum * z if nesterov else z), {"z": z}
