"""The learning rate over a run, as the command line names it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, Self

from ..errors import ConfigError
from ..optim import Optimizer
from ..optim.lr_scheduler import (
    ClosedFormLR,
    CosineAnnealingLR,
    ExponentialLR,
    LinearLR,
    ReduceLROnPlateau,
    StepLR,
)

__all__ = ["Schedule", "ScheduleName"]

ScheduleName = Literal["none", "step", "exponential", "cosine", "plateau"]

DECAYS = {"step": (0.5, 10), "exponential": (0.97, 10), "plateau": (0.5, 2)}
"""What `decay` and `decay_after` are, if nothing is said."""


@dataclass
class Schedule:
    """Changes the learning rate after steps (warm-up, cosine), epochs (step, exponential) or evaluations (plateau).

        step         x decay (0.5) every `decay_after` (10) epochs
        exponential  x decay (0.97) at the end of epoch `decay_after` (10) and of each one that follows, as in char-rnn
        cosine       along half a cosine to zero at the last step
        plateau      x decay (0.5) after more than `decay_after` (2) evaluations without improvement

    With `warm_up` the first steps rise in a straight line: step t of them is taken with lr t / warm_up.
    """

    by_step: ClosedFormLR | None
    by_epoch: ClosedFormLR | None
    by_evaluation: ReduceLROnPlateau | None
    steps_per_epoch: int
    steps: int = 0

    @classmethod
    def make(
        cls,
        name: ScheduleName,
        optimizer: Optimizer,
        *,
        decay: float | None = None,
        decay_after: int | None = None,
        warm_up: int = 0,
        steps: int,
        steps_per_epoch: int,
    ) -> Self:
        """Build a schedule by its name; raises ConfigError for settings out of range or of no use to it."""
        if name not in {"none", "cosine", *DECAYS}:
            raise ConfigError(f"schedule={name!r}: expected none, step, exponential, cosine or plateau.")
        if name not in DECAYS and (decay is not None or decay_after is not None):
            raise ConfigError(f"the schedule {name!r} takes no decay. Choose step, exponential or plateau.")
        if name == "cosine" and warm_up >= steps:
            raise ConfigError(f"a warm-up of {warm_up} steps leaves nothing of {steps} for the cosine.")
        usual = DECAYS.get(name, (0.0, 0))
        gamma = usual[0] if decay is None else decay
        after = usual[1] if decay_after is None else decay_after
        by_step: ClosedFormLR | None = None
        by_epoch: ClosedFormLR | None = None
        by_evaluation = None
        match name:
            case "step":
                by_epoch = StepLR(optimizer, after, gamma)
            case "exponential":
                by_epoch = ExponentialLR(optimizer, gamma, start=after)
            case "cosine":
                by_step = CosineAnnealingLR(optimizer, T_max=steps - max(warm_up - 1, 0))
            case "plateau":
                by_evaluation = ReduceLROnPlateau(optimizer, factor=gamma, patience=after)
        if warm_up > 1:
            by_step = LinearLR(optimizer, 1 / warm_up, total_iters=warm_up - 1, then=by_step)
        return cls(by_step, by_epoch, by_evaluation, steps_per_epoch)

    def step(self) -> None:
        """Go on by one step of training."""
        self.steps += 1
        if self.by_epoch is not None and self.steps % self.steps_per_epoch == 0:
            self.by_epoch.step()
        if self.by_step is not None:
            self.by_step.step()

    def evaluated(self, loss: float) -> None:
        """Look at the loss on held-out text."""
        if self.by_evaluation is not None:
            self.by_evaluation.step(loss)

    def state_dict(self) -> dict[str, Any]:
        """Return where the schedule stands, ready for JSON."""
        return {"steps": self.steps, **{name: part.state_dict() for name, part in self.parts().items()}}

    def load_state_dict(self, saved: dict[str, Any]) -> None:
        """Go on from a `state_dict()`."""
        self.steps = saved["steps"]
        for name, part in self.parts().items():
            part.load_state_dict(saved[name])

    def parts(self) -> dict[str, ClosedFormLR | ReduceLROnPlateau]:
        """Return the schedules that there are."""
        parts = {"by_step": self.by_step, "by_epoch": self.by_epoch, "by_evaluation": self.by_evaluation}
        return {name: part for name, part in parts.items() if part is not None}
