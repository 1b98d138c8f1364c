"""Training as it is watched: a live bar on a terminal, sober lines elsewhere."""

from __future__ import annotations

import sys
from abc import abstractmethod
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, closing
from time import monotonic
from typing import Self

import numpy as np
import typer

from ..backend import use_backend
from ..errors import AnomalyError
from ..train.fit import Progress
from ..train.parallel import ALONE, Alone
from ..train.run import Run
from .ctrl_c import INTERRUPTED
from .figures import bits, losses, unit
from .folder import contents, kept, quoted
from .interrupt import finishing_the_step

__all__ = ["watch"]

SECONDS_BETWEEN_LINES = 10.0
MEMORY = 0.9
"""How much of a moving average stays at each step."""


class Averages:
    """The loss and the speed, each averaged over about the last ten steps that were told of."""

    def __init__(self) -> None:
        self.loss = self.speed = self.weight = 0.0

    def add(self, progress: Progress) -> None:
        """Look at one more step."""
        self.loss = MEMORY * self.loss + (1 - MEMORY) * progress.loss
        self.speed = MEMORY * self.speed + (1 - MEMORY) * progress.speed
        self.weight = MEMORY * self.weight + (1 - MEMORY)

    def nats(self) -> float:
        """Return the loss in nats."""
        return self.loss / self.weight

    def per_second(self) -> float:
        """Return symbols trained on per second."""
        return self.speed / self.weight


class Display(AbstractContextManager["Display"]):
    """Shows how training goes."""

    def __init__(self, unit: str, start: int, steps: int) -> None:
        self.unit, self.start, self.steps = unit, start, steps
        self.averages = Averages()

    def show(self, progress: Progress) -> None:
        """Show one more step."""
        self.averages.add(progress)
        self.draw(progress)

    @abstractmethod
    def draw(self, progress: Progress) -> None:
        """Draw what is known after a step."""

    @abstractmethod
    def say(self, text: str) -> None:
        """Print a line that stays."""

    def evaluation(self, progress: Progress) -> str:
        """Return the line about an evaluation."""
        best = "  (best so far)" if progress.is_best else ""
        return f"step {progress.step:,}: held-out loss {losses(progress.held_out or 0.0)} per {self.unit}{best}"


class Lines(Display):
    """A line now and then, for files and pipes."""

    def __enter__(self) -> Self:
        self.began = self.printed = monotonic()
        return self

    def __exit__(self, *exc: object) -> None:
        pass

    def draw(self, progress: Progress) -> None:
        """Print a line at the first step, at the last and every ten seconds, and one for each evaluation."""
        now = monotonic()
        is_first, is_last = progress.step == self.start + 1, progress.step == self.steps
        if is_first or is_last or now - self.printed >= SECONDS_BETWEEN_LINES:
            self.printed = now
            left = (now - self.began) / (progress.step - self.start) * (self.steps - progress.step)
            self.say(
                f"step {progress.step:,} of {self.steps:,}: loss {losses(self.averages.nats())} per {self.unit}, "
                f"{self.averages.per_second():,.0f} {self.unit[:4]}s/s, {left:.0f} s left"
            )
        if progress.held_out is not None:
            self.say(self.evaluation(progress))

    def say(self, text: str) -> None:
        """Print a line now, not when a buffer is full."""
        print(text, flush=True)


class Bar(Display):
    """A bar that moves, for a terminal."""

    def __enter__(self) -> Self:
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as Columns

        self.columns = Columns(
            MofNCompleteColumn(),
            BarColumn(bar_width=None),
            TextColumn("{task.description}"),
            TimeRemainingColumn(),
            expand=True,
        )
        self.columns.__enter__()
        self.task = self.columns.add_task("first step ...", total=self.steps, completed=self.start)
        return self

    def __exit__(self, *exc: object) -> None:
        self.columns.__exit__(None, None, None)

    def draw(self, progress: Progress) -> None:
        """Move the bar, and print a line for each evaluation."""
        nats = self.averages.nats()
        self.columns.update(
            self.task,
            completed=progress.step,
            description=f"{nats:.3f} nats  {bits(nats):.3f} bits  {self.averages.per_second():,.0f} {self.unit[:4]}s/s",
        )
        if progress.held_out is not None:
            self.say(self.evaluation(progress))

    def say(self, text: str) -> None:
        """Print a line above the bar."""
        self.columns.console.print(text, highlight=False, markup=False)


def watch(
    run: Run,
    course: Generator[Progress, None, None],
    *,
    start: int,
    remark: Callable[[Progress], str] = lambda progress: "",
    ranks: Alone = ALONE,
) -> None:
    """Go through the steps of a run and show them; Ctrl-C ends it after the step in hand, saved, with exit code 130.

    `remark` may have something to say after a step. Other ranks learn that it ends by `ranks.anywhere`.

    Raises:
        AnomalyError: a loss or a gradient is not finite; the message says what the run has kept.
    """
    steps = run.settings.steps
    display = (Bar if sys.stdout.isatty() else Lines)(unit(run.vocab), start, steps)
    try:
        # Training looks for what is not finite itself: NumPy's warnings would come first and say less.
        computing = use_backend(run.settings.backend)
        with np.errstate(all="ignore"), computing, closing(course), finishing_the_step() as asked, display:
            for progress in course:
                display.show(progress)
                said = remark(progress)
                if said:
                    display.say(said)
                if ranks.anywhere(asked.to_stop) and progress.step < steps:
                    display.say(f"Stopped after step {progress.step:,}, which is saved.")
                    break
            else:
                return
    except AnomalyError as error:
        raise AnomalyError(f"{error}\n    {kept(run)}") from error
    print(f"Wrote {contents(run)}")
    print(f"Next:  tinygrad-seq train --resume {quoted(run.folder)}")
    raise typer.Exit(INTERRUPTED)
