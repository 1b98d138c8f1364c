"""One recipe, from the first step to what came out: the same for all of them."""

from __future__ import annotations

import json
from collections.abc import Generator
from dataclasses import asdict
from pathlib import Path
from time import perf_counter, process_time
from typing import Any, NamedTuple

from .. import random
from ..atomic import replace_file
from ..checkpoint import save
from ..errors import CheckpointError
from ..optim import Adam
from ..train import train
from ..train.environment import environment
from ..train.fit import Progress
from ..train.schedule import Schedule
from .recipe import Figures, Recipe, Settings

__all__ = ["KEPT", "WEIGHTS", "Course", "Reached"]

KEPT, WEIGHTS = "recipe.json", "weights.safetensors"
CLIP = 1.0
WARM_UP = 100
MEASURED = 8
"""How often the net is measured on the way."""


class Reached(NamedTuple):
    """A step, done; and what the net reaches after it, where it was measured."""

    progress: Progress
    figures: Figures | None


class Course:
    """A recipe being followed: Adam, the learning rate rising over 100 steps and falling along a cosine.

    Attributes:
        task: the data and the net.
        floors: what is reached without understanding, by the way it is done.
        curve: the steps after which the net was measured, with what it reached.
        seconds: what training took so far, without the measuring; of the clock, and of the processor.
    """

    def __init__(self, recipe: Recipe, settings: Settings | None = None) -> None:
        self.recipe, self.settings = recipe, settings or recipe.settings
        random.manual_seed(self.settings.seed)
        self.task = recipe.make(self.settings)
        self.floors = self.task.floors()
        self.curve: list[tuple[int, Figures]] = []
        self.seconds = {"clock": 0.0, "processor": 0.0}

    @property
    def figures(self) -> Figures:
        """What the net reached when it was last measured."""
        return self.curve[-1][1]

    def steps(self) -> Generator[Reached, None, None]:
        """Train, and measure on the way and at the end; whoever stops earlier calls `measure` for the last figures."""
        settings, task = self.settings, self.task
        every = -(-settings.steps // MEASURED)
        optimizer = Adam(task.model, lr=settings.lr)
        schedule = Schedule.make(
            "cosine", optimizer, warm_up=min(WARM_UP, settings.steps // 10), steps=settings.steps, steps_per_epoch=1
        )
        began = perf_counter(), process_time()
        steps = train(task.model, task.batches(settings.steps), optimizer, schedule=schedule, clip_norm=CLIP)  # type: ignore[arg-type]
        for step in steps:
            clock, processor = perf_counter() - began[0], process_time() - began[1]
            self.seconds["clock"] += clock
            self.seconds["processor"] += processor
            progress = Progress(step.number, step.loss, step.norm, step.lr, task.units / clock, None, False)
            due = step.number % every == 0 or step.number == settings.steps
            yield Reached(progress, self.measure(step.number) if due else None)
            began = perf_counter(), process_time()

    def measure(self, step: int) -> Figures:
        """Measure the net on the test examples, and remember it."""
        self.curve.append((step, self.task.measure()))
        return self.figures

    def beats_the_floors(self) -> bool:
        """Tell whether what was reached is better than every floor."""
        return self.recipe.beats(self.figures, self.floors)

    def to_json(self) -> dict[str, Any]:
        """Return settings, floors, figures and times."""
        return {
            "recipe": self.recipe.name,
            "settings": asdict(self.settings),
            "weights": sum(p.size for p in self.task.model.parameters()),
            "floors": self.floors,
            "figures": self.figures,
            "curve": [[step, figures] for step, figures in self.curve],
            "seconds": {name: round(value, 1) for name, value in self.seconds.items()},
        }

    def save(self, folder: Path) -> None:
        """Write the weights, under PyTorch's names, and what came out; raises CheckpointError where that fails."""
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise CheckpointError(f"{folder} cannot be made: {error.strerror}. Choose another (--out).") from error
        save(folder / WEIGHTS, self.task.model.state_dict())
        kept = {**self.to_json(), "environment": environment()}
        replace_file(folder / KEPT, (json.dumps(kept, indent=2) + "\n").encode())
