"""Exponential decay, at once or after a while."""

from __future__ import annotations

from ...errors import ConfigError
from ..optimizer import Optimizer
from .scheduler import ClosedFormLR


class ExponentialLR(ClosedFormLR):
    """From its `start`-th call on, `step` multiplies the learning rate by gamma.

    ```
    lr_t = lr_0 gamma^max(0, t - start + 1)
    ```

    PyTorch: start=1. char-rnn: `ExponentialLR(optimizer, gamma=0.97, start=10)`, and a `step()` at an epoch's end:
    ten epochs at lr_0, the eleventh at 0.97 lr_0.
    """

    def __init__(self, optimizer: Optimizer, gamma: float, start: int = 1) -> None:
        if not gamma > 0 or start < 1:
            raise ConfigError(f"ExponentialLR: gamma must be above 0 and start 1 or more, got {gamma} and {start}.")
        self.gamma = gamma
        self.start = start
        super().__init__(optimizer)

    def lr_at(self, t: int, base: float) -> float:
        """Return base * gamma^max(0, t - start + 1)."""
        return base * self.gamma ** max(0, t - self.start + 1)
