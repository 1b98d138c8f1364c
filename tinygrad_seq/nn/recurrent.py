"""What all recurrent modules share: layers, directions, masks, and the loop over time."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from inspect import cleandoc
from math import sqrt
from textwrap import indent
from typing import Any, ClassVar, TypedDict, get_args

import numpy as np

from .. import functional as F
from .. import ops, scope
from ..backend import Shape
from ..engine import checkpoint
from ..engine.fused import FusedOp, Path
from ..errors import ConfigError, ShapeError
from ..tensor import Tensor
from . import init
from .arguments import State, a_step_ahead, as_input, as_mask, check_symbols, start_state, step_mask, symbols
from .module import Module, Parameter
from .state import LSTMState, RecurrentOutput

__all__ = ["Cell", "Options", "Recurrent", "SequenceOp"]


def projected(x_t: Any, W: Tensor, b: Tensor | None = None) -> Tensor:
    """Return W x_t + b; whole numbers x_t stand for one-hot vectors: a column of W is picked.

    Shapes: x_t (B, I) or integers (B,), W (G, I), b (G,) or None, result (B, G).
    """
    if x_t.dtype.kind not in "iu":
        return ops.linear(x_t, W, b)
    y = ops.matrix_transpose(W[:, x_t.data if isinstance(x_t, Tensor) else x_t])
    return y if b is None else y + b


class SequenceOp(FusedOp):
    """A recurrence over a whole sequence in one direction; by definition, the loop over its step.

    Inputs: x, mask, reset, the parts of the state (B, H), the weights. Outputs: the hidden states of all steps
    (T, B, H), then the parts of the last state. Where mask (T, B) is False the state passes through and the output is
    zero; where reset (T, B) is True the state is zero before the step. Both are arrays or None. With `reverse` time
    runs backwards.
    """

    parts: ClassVar[tuple[str, ...]] = ("h",)
    results: ClassVar[tuple[str, ...]] = ("output", "h")
    stepper: ClassVar[Callable[..., Callable[..., Any]]]
    """`stepper(*weights, **settings)` returns `step(x_t, *state)`: what is the same for all steps is made once."""

    @classmethod
    def reference(
        cls, x: Tensor, mask: Any, reset: Any, *state_and_weights: Any, reverse: bool, **settings: Any
    ) -> tuple[Tensor, ...]:
        """Run the step over all steps."""
        state, weights = state_and_weights[: len(cls.parts)], state_and_weights[len(cls.parts) :]
        step = cls.stepper(*weights, **settings)
        outputs: list[Any] = [None] * len(x)
        for t in reversed(range(len(x))) if reverse else range(len(x)):
            scope.step(t)
            if reset is not None:
                state = tuple(ops.where(reset[t][:, None], 0.0, s) for s in state)
            new = step(x[t], *state)
            new = new if isinstance(new, tuple) else (new,)
            outputs[t] = new[0]
            if mask is not None:
                here = mask[t][:, None]
                outputs[t] = ops.where(here, new[0], 0.0)
                held = [ops.where(here, n, s) for n, s in zip(new[::-1], state[::-1], strict=True)]
                new = tuple(held[::-1])  # h comes last, as from a step: that is how it is known in a record
            scope.named(**dict(zip(cls.parts, new, strict=True)))
            state = new
        scope.step(None)
        return (ops.stack(outputs), *state)

    @classmethod
    def in_chunks(
        cls, n: int, x: Tensor, mask: Any, reset: Any, *state_and_weights: Any, reverse: bool, **options: Any
    ) -> tuple[Tensor, ...]:
        """Return what `apply` returns; of each n steps only the states at their ends are kept for the way back."""
        state, weights = state_and_weights[: len(cls.parts)], state_and_weights[len(cls.parts) :]
        chunks = [slice(start, start + n) for start in range(0, len(x), n)]
        outputs = []

        def run(steps: slice, x: Tensor, *state: Tensor) -> tuple[Tensor, ...]:
            here = (None if rows is None else rows[steps] for rows in (mask, reset))
            return cls.apply(x, *here, *state, *weights, reverse=reverse, **options)

        for steps in reversed(chunks) if reverse else chunks:
            y, *state = checkpoint(partial(run, steps), x[steps], *state)
            outputs.append(y)
        return (ops.concat(outputs[::-1] if reverse else outputs), *state)


class Weighted(Module):
    """A module whose weights start uniform in +-1/sqrt(hidden_size), as PyTorch's recurrent ones do."""

    gates: ClassVar[int]
    op: ClassVar[type[SequenceOp]]
    reading: ClassVar[tuple[int, ...]] = (0,)  # which of the weights multiply x

    def __init__(self, input_size: int, hidden_size: int, bias: bool, dtype: Any) -> None:
        if input_size < 1 or hidden_size < 1:
            raise ConfigError(f"input_size={input_size} and hidden_size={hidden_size}: both must be at least 1.")
        self.input_size, self.hidden_size, self.bias, self.dtype = input_size, hidden_size, bias, dtype

    def layout(self, input_size: int) -> dict[str, Shape]:
        """Return the weights of one layer by name: W_ih and W_hh with the gates stacked, and their two biases."""
        n = self.gates * self.hidden_size
        matrices: dict[str, Shape] = {"weight_ih": (n, input_size), "weight_hh": (n, self.hidden_size)}
        return matrices | ({"bias_ih": (n,), "bias_hh": (n,)} if self.bias else {})

    def add_weights(self, input_size: int, suffix: str = "") -> None:
        """Make the parameters of one layer, drawn in the order of the layout."""
        bound = 1 / sqrt(self.hidden_size)
        for name, shape in self.layout(input_size).items():
            setattr(self, name + suffix, init.uniform_(Parameter(np.zeros(shape), dtype=self.dtype), -bound, bound))

    def weights(self, suffix: str = "") -> tuple[Any, ...]:
        """Return the weights of one layer as the equations take them; a bias that is absent is None."""
        return tuple(getattr(self, name + suffix, None) for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"))

    def reading_rows(self, weights: tuple[Any, ...], E: Tensor) -> tuple[Any, ...]:
        """Return the weights for one-hot vectors x instead of the rows E^T x of a table: W E^T for each W beside x."""
        return tuple(W @ E.mT if i in self.reading else W for i, W in enumerate(weights))

    def settings(self) -> dict[str, Any]:
        """Return what the equations have to know besides their arrays."""
        return {}

    def extra_repr(self) -> str:
        """Return the sizes, and the settings of the equations."""
        settings = self.settings() if self.bias else {"bias": False, **self.settings()}
        return f"{self.input_size}, {self.hidden_size}" + "".join(f", {k}={v!r}" for k, v in settings.items())


class Cell(Weighted):
    """One step of a recurrent net: `state = cell(x_t, state)`. Pure: a cell keeps no state.

    Shapes: x_t (B, input_size) or integers (B,); each part of the state (B, hidden_size), zeros where none is given.
    """

    weight_ih: Parameter

    def __init__(self, input_size: int, hidden_size: int, bias: bool = True, dtype: Any = "float32") -> None:
        super().__init__(input_size, hidden_size, bias, dtype)
        self.add_weights(input_size)

    def forward(self, x_t: Any, state: Any = None) -> Any:
        """Return the next state."""
        x_t = as_input(x_t, self.input_size, ("batch",), self.weight_ih)
        check_symbols(x_t, self.input_size)
        state = start_state(state, self.op.parts, (x_t.shape[0], self.hidden_size), self.weight_ih)
        step = self.op.stepper(*self.weights(), **self.settings())
        return step(x_t, *state)


class Options(TypedDict, total=False):
    """The settings that every sequence module takes by keyword; see `Recurrent`."""

    bias: bool
    batch_first: bool
    dropout: float
    bidirectional: bool
    path: Path
    checkpoint: int | None
    dtype: Any


class Recurrent(Weighted):
    """A recurrent net over whole sequences: layers, one direction or two, dropout between layers.

    Call: `output, state = net(x, state, lengths=, mask=, reset=, table=)`.
    Shapes: x (T, B, input_size), or integers (T, B) that stand for one-hot vectors; output (T, B, D H), D directions;
    each part of the state (num_layers D, B, H). With `batch_first` x and output are (B, T, ...); the state never is.
    `lengths` (B,) are the true lengths of padded rows: no sorting, no packing, every row comes out as if it were alone,
    whatever stands in the padding. `mask` (T, B), laid out as x, is False at steps to pass over, in any pattern: the
    state passes through, the output is zero. `reset` (T, B), laid out as x, is True where a new sequence begins: the
    state starts from zero there, in both directions, and no gradient flows across. With `table` E (V, input_size) whole
    numbers stand for its rows: W_ih E^T is made once for V symbols, not W_ih E^T x for T B of them. `.last` of the
    result is the top layer at the true end. `path` chooses between the loop over cells and a backend's kernel: see
    `nn.explain`.
    Memory from forward to backward: T B H k numbers a layer and direction, k = 7 for the LSTM, 5 for the GRU, 1 for the
    RNN, 10 for the mLSTM. `checkpoint=n` keeps the output, the states after each n steps, and n whole steps, which it
    goes through again in the backward pass: beside the output it grows as T / n + n, least at n = sqrt(T). An LSTM of
    128 units on 4096 steps of 16 rows: at most 107 MB with n = 64 instead of 375, for 22 % more time. Values and
    gradients stay the same to rounding. While somebody watches the steps, all of them are kept.
    Raises ShapeError for input or state of another size, ConfigError for settings that contradict each other.
    """

    weight_ih_l0: Parameter

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        *,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        path: Path = "auto",
        checkpoint: int | None = None,
        dtype: Any = "float32",
    ) -> None:
        super().__init__(input_size, hidden_size, bias, dtype)
        if num_layers < 1:
            raise ConfigError(f"num_layers={num_layers}: at least one.")
        if dropout and num_layers == 1:
            raise ConfigError(
                f"dropout={dropout} works between layers, and there is one layer: it would do nothing."
                "\n    For the output use nn.Dropout after this module."
            )
        if path not in get_args(Path):
            raise ConfigError(f"path={path!r}: expected one of {', '.join(get_args(Path))}.")
        if checkpoint is not None and checkpoint < 1:
            raise ConfigError(f"checkpoint={checkpoint}: the steps of a chunk, at least 1; None keeps every step.")
        self.num_layers, self.batch_first, self.dropout = num_layers, batch_first, dropout
        self.bidirectional, self.path, self.checkpoint = bidirectional, path, checkpoint
        for k in range(num_layers):
            for suffix in self.suffixes(k):
                self.add_weights(input_size if k == 0 else hidden_size * self.directions, suffix)

    @property
    def directions(self) -> int:
        """2 for a bidirectional net, else 1."""
        return 2 if self.bidirectional else 1

    def suffixes(self, layer: int) -> list[str]:
        """Return the endings of a layer's weight names, one per direction."""
        return [f"_l{layer}", f"_l{layer}_reverse"][: self.directions]

    def forward(
        self,
        x: Any,
        state: Any = None,
        *,
        lengths: Any = None,
        mask: Any = None,
        reset: Any = None,
        table: Tensor | None = None,
    ) -> RecurrentOutput:
        """Run over a batch of sequences; see the class."""
        like = self.weight_ih_l0
        x = as_input(x, self.input_size, ("batch", "time") if self.batch_first else ("time", "batch"), like)
        if self.batch_first:
            x = ops.swapaxes(x, 0, 1)
        T, B = x.shape[:2]
        if not T:
            raise ShapeError(f"{scope.current()}: a sequence has at least one step, and these have none.")
        steps = step_mask(lengths, mask, (T, B), self.batch_first, like)
        if steps is not None:  # infinite or NaN padding would reach the weights' gradient as 0 * inf
            x = ops.where(steps if x.ndim == 2 else steps[:, :, None], x, 0)
        check_symbols(x, self.input_size if table is None else symbols(table, self.input_size, x))
        begins = as_mask(reset, "reset", (T, B), self.batch_first, like)
        given = start_state(state, self.op.parts, (self.num_layers * self.directions, B, self.hidden_size), like)
        if state is not None:
            given = tuple(ops.carry(s, name=name) for s, name in zip(given, self.op.parts, strict=True))
        apply: Callable[..., tuple[Tensor, ...]] = self.op.apply
        if self.checkpoint is not None and scope.mode.get().watcher is None:  # who watches is told of every step
            apply = partial(self.op.in_chunks, self.checkpoint)
        ends: list[State] = []
        for k in range(self.num_layers):
            if k and self.dropout:
                x = F.dropout(x, self.dropout, self.training, batch_axis=1)
            outputs = []
            for suffix in self.suffixes(k):
                reverse = suffix.endswith("_reverse")
                weights = self.weights(suffix)
                if k == 0 and table is not None:
                    weights = self.reading_rows(weights, table)
                with scope.module(suffix[1:]):
                    y, *end = apply(
                        x,
                        steps,
                        a_step_ahead(begins) if reverse else begins,
                        *(s[len(ends)] for s in given),
                        *weights,
                        path=self.path,
                        reverse=reverse,
                        **self.settings(),
                    )
                outputs.append(y)
                ends.append(tuple(end))
            x = outputs[0] if len(outputs) == 1 else ops.concat(outputs, axis=-1)
        last = tuple(map(by_layer, zip(*ends, strict=True)))
        output = ops.swapaxes(x, 0, 1) if self.batch_first else x
        return RecurrentOutput(output, LSTMState(*last) if len(last) == 2 else last[0])

    def extra_repr(self) -> str:
        """Return the sizes, and the settings that are not the default."""
        extra = f", num_layers={self.num_layers}" * (self.num_layers > 1)
        extra += ", batch_first=True" * self.batch_first + f", dropout={self.dropout}" * bool(self.dropout)
        extra += ", bidirectional=True" * self.bidirectional
        return super().extra_repr() + extra + (f", checkpoint={self.checkpoint}" if self.checkpoint else "")


def by_layer(ends: tuple[Tensor, ...]) -> Tensor:
    """Return the last states of all layers, each (B, H), as one (layers * directions, B, H); of one they are a view."""
    return ops.expand_dims(ends[0], axis=0) if len(ends) == 1 else ops.stack(ends)


def docstring(of: Any) -> str:
    """Return a docstring as it stands inside another one: Python 3.13 strips the indentation, earlier ones do not."""
    return indent(cleandoc(of.__doc__ or ""), "    ").strip()
