"""The training loop: one generator, for the command line, the demo and the tutorials."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from math import inf, isfinite
from typing import Any, NamedTuple, NoReturn, Protocol

import numpy as np

from .. import random
from ..autograd import detect_anomaly
from ..errors import AnomalyError
from ..optim import Optimizer, clip_grad_norm_, clip_grad_value_
from ..tensor import Tensor
from .parallel import ALONE, Alone, Share
from .replay import Replay, gradients

__all__ = ["Step", "Trainable", "train"]


class Trainable(Protocol):
    """What the loop asks of a model; every `Module` with a `loss` is one."""

    def train(self, mode: bool = True) -> Any:
        """Switch dropout on."""

    def loss(self, batch: Any, state: Any) -> tuple[Tensor, Any]:
        """Return the loss of a batch, a scalar, and the state to carry to the next batch, detached."""


class Step(NamedTuple):
    """One step of training, done.

    Attributes:
        number: which step, from 1.
        loss: before the update.
        norm: of the whole gradient, before it was clipped.
        lr: the learning rate of the update.
        state: what is carried to the next batch.
    """

    number: int
    loss: float
    norm: float
    lr: float
    state: Any


def train(
    model: Trainable,
    batches: Iterable[Any],
    optimizer: Optimizer,
    *,
    schedule: Any = None,
    clip_norm: float = inf,
    clip_value: float = inf,
    state: Any = None,
    start: int = 0,
    replay: bool = False,
    ranks: Alone = ALONE,
) -> Iterator[Step]:
    """Take one optimizer step per batch and yield what happened; the caller logs, evaluates, saves, and stops by
    `break`.

    The gradient of what the optimizer updates is clipped to `clip_norm`, then each element to `clip_value`.
    `schedule.step()` follows every step. `start` is how many steps were taken before: dropout draws by step number, so
    a resumed run repeats the uninterrupted one. With `replay` loss and gradients are recorded once per shape of batch,
    where the backend can, and replayed; `Replay` says what the model must be like. Loss and norm are read once the
    backward pass has been queued: on a device the host waits once per step. Where `ranks` train together, each takes
    its rows of every batch, a `data.Batch`; `state` is of these rows, loss and gradient are of the whole batch.

    Raises:
        AnomalyError: the loss or the gradient is not finite. It names the step and the operation that made the first
            such number, and the weights are untouched.

    >>> import tinygrad_seq as tg
    >>> tg.manual_seed(0)
    >>> corpus = tg.data.Corpus.from_text("to be or not to be, that is the question. " * 20)
    >>> model = tg.models.CharLM(corpus.vocab, hidden_size=16)
    >>> optimizer = tg.optim.Adam(model, lr=3e-2)
    >>> losses = [step.loss for step in train(model, corpus.batches(4, 10, steps=60), optimizer, clip_norm=5.0)]
    >>> losses[-1] < 0.7 * losses[0]
    True
    """
    parameters = list(optimizer.parameters().values())
    gradients_of = Replay(model, parameters) if replay else partial(gradients, model)
    for number, batch in enumerate(batches, start + 1):
        before = state
        share = ranks.share(batch)
        model.train()
        random.at_step(number)
        optimizer.zero_grad()
        with np.errstate(all="ignore"):  # what is not finite is found here, by step and name: NumPy need not warn
            with random.rows_here(share.rows):
                loss, state = gradients_of(share.batch, before)
            value = ranks.join(loss, parameters, share)
            norm = clip_grad_norm_(parameters, clip_norm)
        if not isfinite(value):
            explain(model, share, before, number, f"the loss is {value}", ranks)
        if not isfinite(norm):
            explain(model, share, before, number, f"the gradient's norm is {norm}", ranks)
        if clip_value != inf:
            clip_grad_value_(parameters, clip_value)
        lr = float(optimizer.param_groups[0]["lr"])
        optimizer.step()
        if schedule is not None:
            schedule.step()
        yield Step(number, value, norm, lr, state)


@np.errstate(all="ignore")
def explain(model: Trainable, share: Share, state: Any, number: int, what: str, ranks: Alone) -> NoReturn:
    """Run a step again with every number watched, and raise AnomalyError that names the operation, on all ranks."""
    cause = ""
    try:
        with detect_anomaly(), random.rows_here(share.rows):
            random.at_step(number)
            loss, _ = model.loss(share.batch, state)
            loss.backward()
    except AnomalyError as error:
        cause = f"\n    First: {error}"
    raise AnomalyError(
        f"step {number}: {what}.{ranks.first_of(cause)}"
        "\n    The step was not taken. Lower the learning rate, or clip the gradient's norm (--clip 1)."
    )
