"""What all schedules share: they write `lr` into an optimizer's groups, and can be saved."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from ...errors import CheckpointError
from ..optimizer import Optimizer


class LRScheduler:
    """Something that changes the learning rates of an optimizer's groups when its `step` is called."""

    counters: ClassVar[tuple[str, ...]] = ()  # the attributes that change from step to step

    def __init__(self, optimizer: Optimizer) -> None:
        self.optimizer = optimizer

    def get_last_lr(self) -> list[float]:
        """Return the present learning rate of each group."""
        return [group["lr"] for group in self.optimizer.param_groups]

    def set_lr(self, rates: list[float]) -> None:
        """Write a learning rate into each group."""
        for group, lr in zip(self.optimizer.param_groups, rates, strict=True):
            group["lr"] = lr

    def state_dict(self) -> dict[str, Any]:
        """Return where the schedule stands and the present rates, ready for JSON; its settings are not part of it."""
        return {
            "scheduler": type(self).__name__,
            "lr": self.get_last_lr(),
            **{name: getattr(self, name) for name in self.counters},
        }

    def load_state_dict(self, saved: Mapping[str, Any]) -> None:
        """Go on from a `state_dict()`; the optimizer's rates become the saved ones.

        Raises CheckpointError for the state of another schedule, or for another number of groups.
        """
        kind, groups = type(self).__name__, len(self.optimizer.param_groups)
        if saved.get("scheduler") != kind:
            raise CheckpointError(f"this is not the state of {kind}: it says scheduler={saved.get('scheduler')!r}.")
        if len(saved["lr"]) != groups:
            raise CheckpointError(
                f"the saved state of {kind} is for {len(saved['lr'])} parameter groups, not {groups}."
            )
        for name in self.counters:
            setattr(self, name, saved[name])
        self.set_lr(list(saved["lr"]))


class ClosedFormLR(LRScheduler):
    """A schedule that is a function of how often `step` was called: a subclass says it in `lr_at`.

    A group's lr is written when the schedule changes it, and left alone while it stays the same. So a warm-up that is
    over does not undo what `ReduceLROnPlateau` does later.

    Attributes:
        t: how often `step` was called.
        base_lrs: the learning rate that each group begins with, by default the one it has when the schedule is made.
    """

    counters = ("t", "base_lrs")

    def __init__(self, optimizer: Optimizer, base_lrs: list[float] | None = None) -> None:
        super().__init__(optimizer)
        self.t = 0
        self.base_lrs = base_lrs or self.get_last_lr()
        self.set_lr([self.lr_at(0, base) for base in self.base_lrs])

    def lr_at(self, t: int, base: float) -> float:
        """Return the learning rate after t calls of `step`, for a group that began at `base`."""
        raise NotImplementedError

    def step(self) -> None:
        """Go on by one: t = t + 1."""
        before, self.t = self.t, self.t + 1
        for group, base in zip(self.optimizer.param_groups, self.base_lrs, strict=True):
            lr = self.lr_at(self.t, base)
            if lr != self.lr_at(before, base):
                group["lr"] = lr
