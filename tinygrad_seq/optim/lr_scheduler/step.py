"""Steps down."""

from __future__ import annotations

from ...errors import ConfigError
from ..optimizer import Optimizer
from .scheduler import ClosedFormLR


class StepLR(ClosedFormLR):
    """Every `step_size` steps the learning rate is multiplied by gamma.

    ```
    lr_t = lr_0 gamma^floor(t / step_size)
    ```
    """

    def __init__(self, optimizer: Optimizer, step_size: int, gamma: float = 0.1) -> None:
        if step_size < 1 or not gamma > 0:
            raise ConfigError(f"StepLR: step_size must be 1 or more and gamma above 0, got {step_size} and {gamma}.")
        self.step_size = step_size
        self.gamma = gamma
        super().__init__(optimizer)

    def lr_at(self, t: int, base: float) -> float:
        """Return base * gamma^floor(t / step_size)."""
        return base * self.gamma ** (t // self.step_size)
