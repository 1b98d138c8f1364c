"""Loss and gradients of a batch, recorded once per shape where the backend can, and replayed as one launch."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from .. import random
from ..backend import namespace, owner
from ..scope import mode
from ..tensor import Tensor

__all__ = ["Replay", "gradients"]

WARM = 2  # steps that are run as they are: they compile kernels and fill pools, which cannot happen while recording
KEPT = 4  # shapes whose recordings are kept


class Recording(NamedTuple):
    """A step of one shape: what to ask of the device again, the arrays it reads and writes, and those it belongs to."""

    again: Callable[[int], None]
    inputs: list[Any]
    loss: Tensor
    state: Any
    gradients: list[Any]
    weights: list[Any]
    draws: int  # of random arrays


def gradients(model: Any, batch: Any, state: Any) -> tuple[Tensor, Any]:
    """Leave the gradients of a batch in the parameters; return the loss and the state to carry on."""
    loss, state = model.loss(batch, state)
    loss.backward()
    return loss, state


class Replay:
    """`gradients` of a model, replayed where that gives the same.

    Batches are `data.Batch`. Recorded is what a step asks of the device, not what Python does: a model whose
    loss looks at numbers, or throws coins on the host, must not be given to it. Random numbers that are drawn by name
    (dropout) are those of the step that is replayed. A step that somebody watches is not recorded.
    """

    def __init__(self, model: Any, parameters: Sequence[Tensor]) -> None:
        self.model, self.parameters = model, parameters
        self.met: dict[Any, int] = {}
        self.recordings: OrderedDict[Any, Recording] = OrderedDict()
        self.possible = True

    def __call__(self, batch: Any, state: Any) -> tuple[Tensor, Any]:
        """Leave the gradients of a batch in the parameters; return the loss and the state to carry on."""
        if not self.possible or mode.get().watcher is not None:
            return gradients(self.model, batch, state)
        now = random.position()
        key = shape_of(batch, state), now.seed, now.draw
        if key in self.recordings:
            recording = self.recordings[key]
            if all(p.data is w for p, w in zip(self.parameters, recording.weights, strict=True)):
                self.recordings.move_to_end(key)
                return self.replayed(recording, batch, state)
            self.recordings.clear()  # the weights have moved, and these read the arrays where they were
            self.met.clear()
        self.met[key] = self.met.get(key, 0) + 1
        if self.met[key] <= WARM:
            return gradients(self.model, batch, state)
        self.possible = self.recorded(key, batch, state)
        return self(batch, state)

    def recorded(self, key: Any, batch: Any, state: Any) -> bool:
        """Record a step on arrays of its own; tell whether the backend could."""
        home = owner(self.parameters[0].data)
        x, y = (Tensor(a, backend=home.name) for a in (batch.x, batch.y))
        own = None if state is None else of_parts(state, [Tensor(part) for part in parts(state)])
        result: list[Any] = []

        def run() -> None:
            for p in self.parameters:
                p.grad = None
            result[:] = gradients(self.model, replace(batch, x=x, y=y), own)

        before = random.position()
        again = home.capture(run)
        draws = random.position().draw - before.draw
        random.rewind(before)
        if again is None:
            return False
        loss, after = result
        kept = [None if p.grad is None else p.grad.data for p in self.parameters]
        inputs = [t.data for t in (x, y, *parts(own))]
        weights = [p.data for p in self.parameters]
        self.recordings[key] = Recording(again, inputs, loss.detach(), after, kept, weights, draws)
        while len(self.recordings) > KEPT:
            self.recordings.popitem(last=False)
        return True

    def replayed(self, recording: Recording, batch: Any, state: Any) -> tuple[Tensor, Any]:
        """Bring the batch to where the recording reads it, and ask for the step again."""
        for place, value in zip(recording.inputs, (batch.x, batch.y, *parts(state)), strict=True):
            place[...] = value.data if isinstance(value, Tensor) else owner(place).from_host(value)
        now = random.position()
        recording.again(now.step)
        random.rewind(now._replace(draw=now.draw + recording.draws))
        for p, g in zip(self.parameters, recording.gradients, strict=True):
            p.grad = None if g is None else Tensor.handle(g, None)
        copies = [copied(part) for part in parts(recording.state)]  # the next replay writes over what this one returns
        return copied(recording.loss), of_parts(recording.state, copies)


def shape_of(batch: Any, state: Any) -> Any:
    """Return all that a recorded step depends on besides numbers."""
    return batch.x.shape, batch.starts_epoch, tuple(part.shape for part in parts(state))


def parts(state: Any) -> tuple[Tensor, ...]:
    """Return the tensors of a carried state: (h, c) of an LSTM, h alone of others, none where there is none."""
    return () if state is None else (state,) if isinstance(state, Tensor) else tuple(state)


def of_parts(like: Any, tensors: Sequence[Tensor]) -> Any:
    """Return tensors as a state of the same kind."""
    return tensors[0] if isinstance(like, Tensor) else type(like)(*tensors)


def copied(x: Tensor) -> Tensor:
    return Tensor.handle(namespace(x.data).asarray(x.data, copy=True), None)
