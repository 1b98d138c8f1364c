"""A run, step by step: training, evaluation, the log and the checkpoints."""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Generator
from dataclasses import dataclass, replace
from functools import partial
from math import inf, isfinite
from pathlib import Path
from time import perf_counter
from typing import TextIO

from ..data import Corpus
from ..errors import AnomalyError
from .cure import cure
from .evaluate import evaluate
from .loop import Course
from .pace import Pace
from .parallel import ALONE, Alone
from .run import LOG, Moment, Run

__all__ = ["Progress", "fit"]


@dataclass(frozen=True)
class Progress:
    """One step, done, the last one that was; losses are in nats per symbol.

    Attributes:
        norm: the gradient's norm before clipping.
        speed: symbols trained on per second, since the last one that was told of.
        held_out: the loss on the held-out text, where this step was followed by an evaluation.
        is_best: whether that loss is the lowest so far: the weights are in `best.safetensors`.
    """

    step: int
    loss: float
    norm: float | None
    lr: float
    speed: float
    held_out: float | None = None
    is_best: bool = False

    def line(self) -> str:
        """Return the line of the log."""
        line = {"step": self.step, "loss": self.loss, "norm": self.norm, "lr": self.lr}
        line |= {"chars_per_s": round(self.speed)} | ({} if self.held_out is None else {"held_out": self.held_out})
        return json.dumps(line)


def fit(
    run: Run,
    moment: Moment,
    training: Corpus,
    held_out: Corpus | None,
    ranks: Alone = ALONE,
    told: Collection[int] = (),
) -> Generator[Progress, None, None]:
    """Train from a moment (`run.begin()` or `run.resume()`) to the last step; log, evaluate and save on the way.

    Whoever stops reading before the end (`break` inside `contextlib.closing`) finds the last step saved. Resumed, a run
    takes the steps that it would have taken uninterrupted, bit for bit on the same machine with the same versions.
    Without held-out text `best.safetensors` holds the newest weights. Where `ranks` train together, each calls this
    with the same moment and stops reading after the same step; the first one evaluates, logs and saves.

    Every step is told of on the host. A device is asked for several before anybody waits for it, a tenth of a second's
    worth: of these the log has all, and the last one is told of, as are those in `told`, after which somebody looks at
    the model.

    Raises:
        AnomalyError: a loss, a gradient or a weight is not finite; what was saved before stays as it is.
        CheckpointError: a file cannot be written.
    """
    settings = run.settings
    batches = training.batches(settings.batch_size, settings.seq_length, steps=settings.steps, start=moment.step)
    symbols = settings.batch_size * settings.seq_length

    def evaluates(number: int) -> bool:
        return number == settings.steps or number % settings.eval_every == 0

    def saves(number: int) -> bool:
        return number == settings.steps or number % settings.save_every == 0

    course = Course(
        moment.model,
        moment.optimizer,
        moment.schedule,
        clip_norm=settings.clip or inf,  # inf measures the norm, and that it is finite
        clip_value=inf,
        replay=True,
        ranks=ranks,
    )
    pace = Pace(moment, ranks, lambda number: evaluates(number) or saves(number) or number in told)
    log_file = Path(os.devnull) if ranks.rank else run.folder / LOG
    with log_file.open("a", encoding="utf-8", buffering=1) as log:
        began = perf_counter()
        for steps in course.bursts(batches, ranks.own_rows(moment.state), moment.step, pace.reads):
            seconds = perf_counter() - began
            pace.took(len(steps), seconds)
            step = steps[-1]
            moment.step, moment.state = step.number, step.state
            speed = symbols * len(steps) / seconds
            for earlier in steps[:-1]:
                log.write(Progress(earlier.number, earlier.loss, earlier.norm, earlier.lr, speed).line() + "\n")
            loss = None
            is_best = False
            if held_out is not None and evaluates(step.number):
                loss = ranks.from_first(partial(evaluate, moment.model, held_out))
                if not isfinite(loss):
                    raise AnomalyError(
                        f"step {step.number}: the loss on the held-out text is {loss}: this step went too far."
                        f"\n    It was not saved. {cure(settings.clip)}"
                    )
                is_best = moment.best is None or loss < moment.best
                moment.schedule.evaluated(loss)
            if is_best:
                moment.best = loss
                if not ranks.rank:
                    run.save_best(moment)
            progress = Progress(step.number, step.loss, step.norm, step.lr, speed, loss, is_best)
            log.write(progress.line() + "\n")
            if saves(step.number):
                save(run, moment, held_out, log, ranks)
            try:
                yield progress
            except GeneratorExit:
                if not saves(step.number):
                    save(run, moment, held_out, log, ranks)
                raise
            began = perf_counter()


def save(run: Run, moment: Moment, held_out: Corpus | None, log: TextIO, ranks: Alone) -> None:
    """Save the moment, its log before it, and the newest weights as the best where no text was held out."""
    moment = replace(moment, state=ranks.all_rows(moment.state))
    if ranks.rank:
        return
    os.fsync(log.fileno())
    if held_out is None:
        run.save_best(moment)
    run.save_last(moment)
