"""The training loop: one generator, for the command line, the demo and the tutorials."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from math import isfinite
from typing import Any, NamedTuple, NoReturn

from .. import random
from ..autograd import detect_anomaly
from ..errors import AnomalyError
from ..nn import Module
from ..optim import Optimizer, clip_grad_norm_, clip_grad_value_

__all__ = ["Step", "train"]


class Step(NamedTuple):
    """One step of training, done: its number from 1, the loss before it, the gradient's norm where it was clipped, the
    learning rate it was taken with, and the state to carry on.
    """

    number: int
    loss: float
    norm: float | None
    lr: float
    state: Any


def train(
    model: Module,
    batches: Iterable[Any],
    optimizer: Optimizer,
    *,
    schedule: Any = None,
    clip_norm: float | None = None,
    clip_value: float | None = None,
    state: Any = None,
    start: int = 0,
) -> Iterator[Step]:
    """Take one optimizer step per batch and yield what happened; the caller logs, evaluates, saves, and stops by
    `break`.

    The model offers `loss(batch, state) -> (loss, state to carry)`. `start` is how many steps were taken before:
    dropout draws by step number, so a resumed run repeats the uninterrupted one. `schedule.step()` follows every step.
    Raises AnomalyError, naming the operation, where the loss or the gradient is not finite; the weights are then
    untouched.

    >>> import tinygrad_seq as tg
    >>> corpus = tg.data.Corpus.from_text("to be or not to be, that is the question. " * 20)
    >>> model = tg.models.CharLM(corpus.vocab, hidden_size=16)
    >>> optimizer = tg.optim.Adam(model, lr=1e-2)
    >>> losses = [step.loss for step in train(model, corpus.batches(4, 10, steps=60), optimizer, clip_norm=5.0)]
    >>> losses[-1] < 0.7 * losses[0]
    True
    """
    parameters = list(model.parameters())
    for number, batch in enumerate(batches, start + 1):
        model.train()
        random.at_step(number)
        before = state
        loss, state = model.loss(batch, before)
        value = loss.item()
        if not isfinite(value):
            explain(model, batch, before, number, f"the loss is {value}")
        optimizer.zero_grad()
        loss.backward()
        norm = None
        if clip_value is not None:
            clip_grad_value_(parameters, clip_value)
        if clip_norm is not None:
            norm = float(clip_grad_norm_(parameters, clip_norm))
            if not isfinite(norm):
                explain(model, batch, before, number, f"the gradient's norm is {norm}")
        lr = optimizer.param_groups[0]["lr"]
        optimizer.step()
        if schedule is not None:
            schedule.step()
        yield Step(number, value, norm, lr, state)


def explain(model: Module, batch: Any, state: Any, number: int, what: str) -> NoReturn:
    """Run a step again with every number watched, and raise AnomalyError that names the operation."""
    cause = ""
    try:
        with detect_anomaly():
            random.at_step(number)
            loss, _ = model.loss(batch, state)
            loss.backward()
    except AnomalyError as error:
        cause = f"\n    First: {error}"
    raise AnomalyError(
        f"step {number}: {what}.{cause}"
        "\n    The step was not taken. Lower the learning rate, or clip the gradient's norm (--clip 1)."
    )
