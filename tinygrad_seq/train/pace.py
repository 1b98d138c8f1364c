"""How many steps are asked of a device before the host waits for it."""

from __future__ import annotations

from collections.abc import Callable

from ..backend import owner
from .parallel import Alone
from .run import Moment

__all__ = ["Pace"]

STRETCH = 0.1  # seconds: as long as nobody minds to wait, for Ctrl-C or a moving bar
MOST = 64  # steps, whose batches and losses are kept meanwhile


class Pace:
    """Says after which steps loss and norm are read: on a device after a tenth of a second's worth, and at `stops`.

    On the host they are there as soon as they are asked for, and ranks go in step: each is read.
    """

    def __init__(self, moment: Moment, ranks: Alone, stops: Callable[[int], bool]) -> None:
        array = next(iter(moment.optimizer.parameters().values())).data
        self.waits = owner(array).device(array) != "cpu" and ranks.size == 1
        self.stops, self.read, self.together = stops, moment.step, 1

    def reads(self, number: int) -> bool:
        """Tell whether loss and norm are read after this step."""
        return number >= self.read + self.together or self.stops(number)

    def took(self, steps: int, seconds: float) -> None:
        """Learn how long the steps since the last time took."""
        self.read += steps
        if self.waits:
            self.together = min(MOST, max(1, int(STRETCH * steps / seconds)))
