"""Loss and gradients of a batch, recorded once per shape where the backend can, and replayed without Python's part."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from .. import random
from ..backend import owner
from ..scope import mode
from ..tensor import Tensor
from .snapshot import copied

__all__ = ["Replay", "gradients"]

WARM = 2  # steps that are run as they are: they compile kernels and fill pools, which cannot happen while recording
KEPT = 4  # shapes that are recorded


class Recording(NamedTuple):
    """A step of one shape: what asks for it again, the weights it reads, and what it gives."""

    again: Callable[..., list[Any]]
    weights: list[Any]
    has_gradient: list[bool]
    after: Any  # a state like the one that it gives
    draws: int  # of random arrays


def gradients(model: Any, batch: Any, state: Any) -> tuple[Tensor, Any]:
    """Leave the gradients of a batch in the parameters; return the loss and the state to carry on."""
    loss, state = model.loss(batch, state)
    loss.backward()
    return loss, state


class Replay:
    """`gradients` of a model, replayed where that gives the same.

    Batches are `data.Batch`. Recorded is what a step asks of the backend, not what Python does: a model must not be
    given to it that throws coins of its own, reads `batch.step`, keeps arrays of a step, or is changed on the way.
    Random numbers that are drawn by name (dropout) are those of the step that is replayed. Steps that somebody
    watches, parameters with hooks, and batches of another number type than the weights go the usual way, and so do
    more shapes than KEPT: the first ones are recorded.
    """

    def __init__(self, model: Any, parameters: Sequence[Tensor]) -> None:
        self.model, self.parameters = model, parameters
        self.met: dict[Any, int] = {}
        self.recordings: dict[Any, Recording] = {}
        self.possible = True

    def __call__(self, batch: Any, state: Any) -> tuple[Tensor, Any]:
        """Leave the gradients of a batch in the parameters; return the loss and the state to carry on."""
        if not self.possible or mode.get().watcher is not None or not self.is_plain(batch):
            return gradients(self.model, batch, state)
        now = random.position()
        learning = tuple(p.requires_grad for p in self.parameters)
        key = shape_of(batch, state), learning, now.seed, now.draw, random.here.get()
        if key in self.recordings:
            recording = self.recordings[key]
            if all(p.data is w for p, w in zip(self.parameters, recording.weights, strict=True)):
                return self.replayed(recording, batch, state)
            self.recordings.clear()  # the weights have moved, and these read the arrays where they were
            self.met.clear()
        if len(self.recordings) == KEPT:
            return gradients(self.model, batch, state)
        self.met[key] = self.met.get(key, 0) + 1
        if self.met[key] <= WARM:
            return gradients(self.model, batch, state)
        self.possible = self.recorded(key, batch, state)
        return self(batch, state)

    def is_plain(self, batch: Any) -> bool:
        """Tell whether a recording would see all that happens: no hooks, no arrays that the model brings to a type."""
        dtype = self.parameters[0].dtype
        return all(a.dtype.kind != "f" or a.dtype == dtype for a in (batch.x, batch.y)) and not any(
            p.node is not None and p.node.hooks for p in self.parameters
        )

    def recorded(self, key: Any, batch: Any, state: Any) -> bool:
        """Record a step; tell whether the backend could."""
        weights = [p.data for p in self.parameters]
        after: Any = None

        def run(weights: list[Any], inputs: list[Any]) -> list[Any]:
            nonlocal after
            for p, w in zip(self.parameters, weights, strict=True):
                p.data = w
                forget(p)
            x, y, *own = (Tensor.handle(a, None) for a in inputs)
            before = None if state is None else of_parts(state, own)
            loss, after = gradients(self.model, replace(batch, x=x, y=y), before)
            return [loss.data, *(p.grad.data for p in self.parameters if p.grad is not None), *arrays(after)]

        before = random.position()
        try:
            again = owner(weights[0]).capture(run, weights, self.inputs(batch, state))
            has_gradient = [p.grad is not None for p in self.parameters]
        finally:
            for p, w in zip(self.parameters, weights, strict=True):
                p.data = w
                forget(p)
        draws = random.position().draw - before.draw
        random.rewind(before)
        if again is None:
            return False
        self.recordings[key] = Recording(again, weights, has_gradient, after, draws)
        return True

    def replayed(self, recording: Recording, batch: Any, state: Any) -> tuple[Tensor, Any]:
        """Ask for a step again, with another batch."""
        now = random.position()
        loss, *made = recording.again(now.step, *self.inputs(batch, state))
        random.rewind(now._replace(draw=now.draw + recording.draws))
        rest = iter(made)
        for p, has_gradient in zip(self.parameters, recording.has_gradient, strict=True):
            if has_gradient:
                p.grad = Tensor.handle(next(rest), None)
            else:
                forget(p)
        # copies: the next replay may write over what this one returns
        loss, *kept = (Tensor.handle(copied(x), None) for x in (loss, *rest))
        return loss, of_parts(recording.after, kept)

    def inputs(self, batch: Any, state: Any) -> list[Any]:
        """Return the arrays that change from step to step, where the weights are."""
        home = owner(self.parameters[0].data)
        there = (a.data if isinstance(a, Tensor) else home.from_host(a) for a in (batch.x, batch.y))
        return [*there, *arrays(state)]


def shape_of(batch: Any, state: Any) -> Any:
    """Return all that a recorded step depends on besides numbers."""
    kinds = tuple((part.shape, part.dtype) for part in (batch.x, batch.y, *parts(state)))
    return kinds, batch.starts_epoch


def parts(state: Any) -> tuple[Tensor, ...]:
    """Return the tensors of a carried state: (h, c) of an LSTM, h alone of others, none where there is none."""
    return () if state is None else (state,) if isinstance(state, Tensor) else tuple(state)


def of_parts(like: Any, tensors: Sequence[Tensor]) -> Any:
    """Return tensors as a state of the same kind."""
    return tensors[0] if isinstance(like, Tensor) else type(like)(*tensors)


def forget(p: Tensor) -> None:
    """Forget a gradient; one that is frozen has none."""
    if p.grad is not None:
        p.grad = None


def arrays(state: Any) -> list[Any]:
    return [part.data for part in parts(state)]
