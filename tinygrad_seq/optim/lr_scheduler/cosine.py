"""Down along a cosine."""

from __future__ import annotations

import math

from ...errors import ConfigError
from ..optimizer import Optimizer
from .scheduler import ClosedFormLR


class CosineAnnealingLR(ClosedFormLR):
    """Half a cosine wave, from the first learning rate to eta_min in T_max steps.

    ```
    lr_t = eta_min + (lr_0 - eta_min) (1 + cos(pi t / T_max)) / 2
    ```

    After T_max it climbs again, as in PyTorch. Source: Loshchilov and Hutter 2017 (SGDR), eq. 5, without its restarts.
    """

    def __init__(self, optimizer: Optimizer, T_max: int, eta_min: float = 0.0) -> None:
        if T_max < 1 or not eta_min >= 0:
            raise ConfigError(
                f"CosineAnnealingLR: T_max must be 1 or more and eta_min 0 or more, got {T_max} and {eta_min}."
            )
        self.T_max = T_max
        self.eta_min = eta_min
        super().__init__(optimizer)

    def lr_at(self, t: int, base: float) -> float:
        """Return eta_min + (base - eta_min) * (1 + cos(pi * t / T_max)) / 2."""
        return self.eta_min + (base - self.eta_min) * (1 + math.cos(math.pi * t / self.T_max)) / 2
