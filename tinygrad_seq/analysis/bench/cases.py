"""What is compared: operations, recurrent layers, and whole training steps, each forward and backward.

All of them draw the same float32 numbers whoever computes; in float64 these are exact.
"""

from __future__ import annotations

import string
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Literal, NamedTuple, Protocol, TypeVar, cast

import numpy as np

from ... import functional as F
from ... import ops
from ...autograd import grad
from ...backend import Program
from ...data import Batch, CharVocab
from ...models import CELLS, CharLM
from ...nn import Module
from ...optim import Adam
from ...optim.in_place import traced
from ...tensor import Tensor
from ...train.replay import Replay
from .work import Work, of_program

__all__ = ["Case", "Job", "Kind", "Size", "cases"]

Kind = Literal["operation", "layer", "training step"]

M = TypeVar("M", bound=Module)
VOCAB = CharVocab(string.printable[:96])


class Size(NamedTuple):
    """Steps, sequences side by side, and features."""

    T: int
    B: int
    H: int


class Job(Protocol):
    """One case at one size, its arrays in place."""

    def __call__(self, *, create_graph: bool = False) -> Mapping[str, Tensor]:
        """Compute, and return what came out, by name; with `create_graph` the way back is a graph too."""

    def update(self) -> Work:
        """Return the work that is no part of the graph: the optimizer's."""


class Case(NamedTuple):
    """Something to compare, made at a size for numbers of a type, on the current backend."""

    name: str
    kind: Kind
    make: Callable[[Size, Any], Job]


class Differentiated:
    """y = f(x, W, ...) and the gradient of each of these for a given dy."""

    def __init__(self, f: Callable[[], Tensor], leaves: Mapping[str, Tensor], dy: Tensor | None = None) -> None:
        self.f, self.leaves, self.dy = f, dict(leaves), dy

    def __call__(self, *, create_graph: bool = False) -> dict[str, Tensor]:
        y = self.f()
        gradients = grad(y, list(self.leaves.values()), self.dy, create_graph=create_graph)
        return {"y": y, **{f"d{name}": g for name, g in zip(self.leaves, gradients, strict=True)}}

    def update(self) -> Work:
        return Work()


class TrainingStep:
    """A step of `train` for a character model: loss, gradients (replayed where the backend can), and Adam."""

    def __init__(self, model: CharLM, batch: Batch) -> None:
        self.model, self.batch = model, batch
        self.parameters = dict(model.named_parameters())
        self.optimizer = Adam(model)
        self.gradients = Replay(model, list(self.parameters.values()))

    def __call__(self, *, create_graph: bool = False) -> dict[str, Tensor]:
        if create_graph:
            loss, _ = self.model.loss(self.batch)
            gradients = grad(loss, list(self.parameters.values()), create_graph=True)
        else:
            self.optimizer.zero_grad()
            loss, _ = self.gradients(self.batch, None)
            gradients = [p.grad for p in self.parameters.values()]
            self.optimizer.step()
        return {"loss": loss, **{f"d{name}": g for name, g in zip(self.parameters, gradients, strict=True)}}

    def update(self) -> Work:
        settings = self.optimizer.settings(self.optimizer.param_groups[0])
        program = cast(Program, traced(Adam.update, 1, list(self.optimizer.slots(settings)), settings))
        return of_program(program, sum(p.size for p in self.parameters.values()), self.model.head.weight.dtype.itemsize)


def cases(cells: tuple[str, ...]) -> list[Case]:
    """Return the operations, then the cells asked for, as layers and in training."""
    return [
        Case("matmul", "operation", matmul),
        Case("elementwise", "operation", elementwise),
        Case("cross-entropy", "operation", cross_entropy),
        *(Case(cell, "layer", partial(layer, cell)) for cell in cells),
        *(Case(cell, "training step", partial(step, cell)) for cell in cells),
    ]


def matmul(size: Size, dtype: Any) -> Job:
    """y = x W      x (T B, H), W (H, H)"""
    rows = size.T * size.B
    x, W, dy = drawn(dtype, (rows, size.H), (size.H, size.H), (rows, size.H))
    return Differentiated(lambda: x @ W, {"x": x, "W": W}, dy)


def elementwise(size: Size, dtype: Any) -> Job:
    """y = tanh(a) * b + c      as a gate does; all (T, B, H)"""
    a, b, c, dy = drawn(dtype, *[tuple(size)] * 4)
    return Differentiated(lambda: ops.tanh(a) * b + c, {"a": a, "b": b, "c": c}, dy)


def cross_entropy(size: Size, dtype: Any) -> Job:
    """L = the mean of -ln softmax(z)_y      z (T, B, V) of V = H classes"""
    (z,) = drawn(dtype, tuple(size))
    y = Tensor(np.random.default_rng(1).integers(0, size.H, (size.T, size.B)))
    return Differentiated(lambda: F.cross_entropy(z, y), {"z": z})


def layer(cell: str, size: Size, dtype: Any) -> Job:
    """One layer over (T, B, H) from a zero state: its output, and the gradients of input and weights."""
    net = filled(CELLS[cell](size.H, size.H, dtype=dtype), size.H)
    x, dy = drawn(dtype, tuple(size), tuple(size))
    return Differentiated(lambda: net(x).output, {"x": x, **dict(net.named_parameters())}, dy)


def step(cell: str, size: Size, dtype: Any) -> Job:
    """A training step of a character model: one-hot symbols, one layer, a linear layer, cross-entropy, Adam."""
    model = filled(CharLM(VOCAB, size.H, cell=cell, dtype=dtype), size.H)  # type: ignore[arg-type]
    stream = np.random.default_rng(1).integers(0, len(VOCAB), (size.B, size.T + 1))
    x, y = np.ascontiguousarray(stream[:, :-1]), np.ascontiguousarray(stream[:, 1:])
    return TrainingStep(model, Batch(x, y, step=0, starts_epoch=True))


def drawn(dtype: Any, *shapes: tuple[int, ...]) -> list[Tensor]:
    """Return leaves of normal numbers, the same in every type."""
    rng = np.random.default_rng(0)
    made = [rng.standard_normal(shape).astype(np.float32) for shape in shapes]
    return [Tensor(array.astype(dtype), requires_grad=True) for array in made]


def filled(module: M, H: int) -> M:
    """Return a module with weights drawn uniformly in +-1/sqrt(H), the same in every type."""
    rng, bound = np.random.default_rng(2), H**-0.5
    named = dict(module.named_parameters())
    module.load_state_dict({name: rng.uniform(-bound, bound, p.shape).astype(np.float32) for name, p in named.items()})
    return module
