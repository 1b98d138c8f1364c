"""Down when nothing improves any more."""

from __future__ import annotations

import math
from typing import Literal, SupportsFloat

from ...errors import ConfigError
from ..optimizer import Optimizer
from .scheduler import LRScheduler


class ReduceLROnPlateau(LRScheduler):
    """When a metric has not improved for more than `patience` steps, the learning rate is multiplied by `factor`.

    ```
    improved:  metric < best (1 - threshold)               # threshold_mode="abs":  metric < best - threshold
                                                           # mode="max":  > and +
    lr = max(factor lr, min_lr)                            # if that is more than eps below lr
    ```

    After a reduction the count of bad steps rests for `cooldown` steps. A NaN is no improvement. PyTorch: the same.

    Attributes:
        best: the best metric so far; None before the first.
        bad: how many steps in a row brought no improvement.
        resting: how many steps of the cooldown are left.
    """

    counters = ("best", "bad", "resting")

    def __init__(
        self,
        optimizer: Optimizer,
        mode: Literal["min", "max"] = "min",
        factor: float = 0.1,
        patience: int = 10,
        threshold: float = 1e-4,
        threshold_mode: Literal["rel", "abs"] = "rel",
        cooldown: int = 0,
        min_lr: float = 0.0,
        eps: float = 1e-8,
    ) -> None:
        if mode not in {"min", "max"} or threshold_mode not in {"rel", "abs"}:
            raise ConfigError(
                "ReduceLROnPlateau: mode is 'min' or 'max', threshold_mode 'rel' or 'abs';"
                f" got {mode!r} and {threshold_mode!r}."
            )
        if not 0 < factor < 1:
            raise ConfigError(f"ReduceLROnPlateau: factor must be above 0 and below 1, got {factor}.")
        self.mode = mode
        self.factor = factor
        self.patience = patience
        self.threshold = threshold
        self.threshold_mode = threshold_mode
        self.cooldown = cooldown
        self.min_lr = min_lr
        self.eps = eps
        self.best: float | None = None
        self.bad = 0
        self.resting = 0
        super().__init__(optimizer)

    def step(self, metric: SupportsFloat) -> None:
        """Look at a metric, such as the validation loss, and reduce the rates if it has not improved for too long."""
        metric = float(metric)
        if self.improves(metric):
            self.best, self.bad = metric, 0
        else:
            self.bad += 1
        if self.resting > 0:
            self.resting -= 1
            self.bad = 0
        if self.bad > self.patience:
            self.set_lr([self.reduced(lr) for lr in self.get_last_lr()])
            self.bad, self.resting = 0, self.cooldown

    def improves(self, metric: float) -> bool:
        """Tell whether a metric is better than the best by more than the threshold."""
        sign = 1 if self.mode == "max" else -1
        if self.best is None:
            return sign * metric > -math.inf
        if self.threshold_mode == "rel":
            bound = self.best * (1 + sign * self.threshold)
        else:
            bound = self.best + sign * self.threshold
        return sign * metric > sign * bound

    def reduced(self, lr: float) -> float:
        """Return the next lower learning rate, or the same if the difference is not worth it."""
        lower = max(lr * self.factor, self.min_lr)
        return lower if lr - lower > self.eps else lr
