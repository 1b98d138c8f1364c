"""The training loop: one generator, for the command line, the demo and the tutorials."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from math import inf, isfinite
from typing import Any, NamedTuple, NoReturn, Protocol

import numpy as np

from .. import random
from ..autograd import detect_anomaly
from ..errors import AnomalyError
from ..optim import Optimizer, clip_grad_value_
from ..optim.clip import clipped, numbers
from ..tensor import Tensor
from .cure import cure
from .parallel import ALONE, Alone, Share
from .replay import Replay, gradients
from .snapshot import Snapshot

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
    course = Course(model, optimizer, schedule, clip_norm, clip_value, replay, ranks)
    for steps in course.bursts(batches, state, start, reads=lambda number: True):
        yield from steps


class Asked(NamedTuple):
    """A step that has been asked of the device: its loss and norm may be arrays that nobody has waited for."""

    loss: Any
    norm: Any
    lr: float
    state: Any


class Course:
    """What `train` does with its arguments, and when the host waits for the device."""

    def __init__(
        self,
        model: Trainable,
        optimizer: Optimizer,
        schedule: Any,
        clip_norm: float,
        clip_value: float,
        replay: bool,
        ranks: Alone,
    ) -> None:
        self.model, self.optimizer, self.schedule, self.ranks = model, optimizer, schedule, ranks
        self.clip_norm, self.clip_value = clip_norm, clip_value
        self.parameters = list(optimizer.parameters().values())
        self.gradients = Replay(model, self.parameters) if replay else partial(gradients, model)

    def bursts(
        self, batches: Iterable[Any], state: Any, start: int, reads: Callable[[int], bool]
    ) -> Iterator[list[Step]]:
        """Take one step per batch. Yield those of a burst once all of them are taken; it ends where `reads` says so.

        Batches of a burst are taken from the iterator before its first step.
        """
        burst: list[Any] = []
        for number, batch in enumerate(batches, start + 1):
            burst.append(batch)
            if reads(number):
                steps = self.taken(burst, state, number - len(burst))
                yield steps
                burst, state = [], steps[-1].state
        if burst:
            yield self.taken(burst, state, number - len(burst))

    def taken(self, batches: Sequence[Any], state: Any, start: int) -> list[Step]:
        """Take one step per batch, and wait for the device once, before the update of the last.

        Where a loss or a norm is not finite the steps are undone, and taken again one by one: that is how the one that
        must not be taken is found, with the weights as they are before it.
        """
        back = Snapshot(self.optimizer, self.schedule) if len(batches) > 1 else None
        asked: list[Asked] = []
        with np.errstate(all="ignore"):  # what is not finite is found here, by step and name: NumPy need not warn
            for number, batch in enumerate(batches, start + 1):
                if asked:
                    self.update()
                asked.append(self.ask(batch, asked[-1].state if asked else state, number))
        losses, norms = numbers([each.loss for each in asked]), numbers([each.norm for each in asked])
        if all(map(isfinite, losses + norms)):
            self.update()
            each_read = enumerate(zip(asked, losses, norms, strict=True), start + 1)
            return [Step(number, loss, norm, each.lr, each.state) for number, (each, loss, norm) in each_read]
        if back is None:
            self.refuse(batches[0], state, start + 1, losses[0], norms[0])
        back.restore()
        steps: list[Step] = []
        for number, batch in enumerate(batches, start):
            steps += self.taken([batch], steps[-1].state if steps else state, number)
        return steps

    def ask(self, batch: Any, state: Any, number: int) -> Asked:
        """Ask for loss, gradients and norm of a batch."""
        share = self.ranks.share(batch)
        self.model.train()
        random.at_step(number)
        self.optimizer.zero_grad()
        with random.rows_here(share.rows):
            loss, state = self.gradients(share.batch, state)
        total = self.ranks.join(loss, self.parameters, share)
        norm = clipped(self.parameters, self.clip_norm)
        return Asked(total, norm, float(self.optimizer.param_groups[0]["lr"]), state)

    def update(self) -> None:
        """Take the step that has been asked for."""
        if self.clip_value != inf:
            clip_grad_value_(self.parameters, self.clip_value)
        self.optimizer.step()
        if self.schedule is not None:
            self.schedule.step()

    def refuse(self, batch: Any, state: Any, number: int, loss: float, norm: float) -> NoReturn:
        """Raise AnomalyError for a step that must not be taken; it names the update or operation that went too far."""
        what = f"the gradient's norm is {norm}" if isfinite(loss) else f"the loss is {loss}"
        first = self.ranks.first_of(
            went_too_far(self.optimizer, number - 1)
            or first_operation(self.model, self.ranks.share(batch), state, number)
        )
        cause = f"\n    First: {first}" if first else ""
        raise AnomalyError(f"step {number}: {what}.{cause}\n    The step was not taken. {cure(self.clip_norm)}")


@np.errstate(all="ignore")
def first_operation(model: Trainable, share: Share, state: Any, number: int) -> str:
    """Run a step again with every number watched, and name the operation that makes the first one not finite."""
    try:
        with detect_anomaly(), random.rows_here(share.rows):
            random.at_step(number)
            loss, _ = model.loss(share.batch, state)
            loss.backward()
    except AnomalyError as error:
        return str(error)
    return ""


def went_too_far(optimizer: Optimizer, number: int) -> str:
    """Name the update, that of this step, after which a weight is not finite."""
    for name, p in optimizer.parameters().items():
        if not np.isfinite(p.detach().numpy()).all():
            return f"{type(optimizer).__name__}.step() of step {number}: after it not all of {name} is finite."
    return ""
