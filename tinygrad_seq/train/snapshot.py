"""Where training stands, kept on the device, to go back to."""

from __future__ import annotations

from typing import Any

from ..backend import namespace
from ..optim import Optimizer

__all__ = ["Snapshot", "copied"]


class Snapshot:
    """Copies of all that steps of an optimizer and its schedule change: three arrays of a weight's size, with Adam."""

    def __init__(self, optimizer: Optimizer, schedule: Any) -> None:
        self.optimizer, self.schedule = optimizer, schedule
        self.weights = {name: copied(p.data) for name, p in optimizer.parameters().items()}
        self.state = {name: {slot: copied(x) for slot, x in slots.items()} for name, slots in optimizer.state.items()}
        self.steps = dict(optimizer.steps)
        self.settings = [optimizer.settings(group) for group in optimizer.param_groups]
        self.position = None if schedule is None else schedule.state_dict()

    def restore(self) -> None:
        """Go back. It can be done once: what was kept is in use from then on."""
        optimizer = self.optimizer
        for name, p in optimizer.parameters().items():
            p.assign_(self.weights[name], by="Snapshot.restore()")
        optimizer.state, optimizer.steps = self.state, self.steps
        for group, settings in zip(optimizer.param_groups, self.settings, strict=True):
            group.update(settings)
        if self.schedule is not None:
            self.schedule.load_state_dict(self.position)


def copied(array: Any) -> Any:
    """Return an array of its own with the same numbers, where the first one is."""
    return namespace(array).asarray(array, copy=True)
