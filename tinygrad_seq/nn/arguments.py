"""The arguments of a recurrent module, made tensors and masks on its backend, and checked against each other."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import functional as F
from .. import scope
from ..backend import Shape, is_floating, namespace, owner
from ..errors import ConfigError, ShapeError
from ..tensor import Tensor

__all__ = ["State", "a_step_ahead", "as_input", "as_mask", "check_symbols", "start_state", "step_mask"]

State = tuple[Tensor, ...]


def beside(x: Any, like: Tensor) -> Tensor:
    """Return x as a tensor; what is none yet goes to the backend of `like`, floating numbers to its dtype."""
    if isinstance(x, Tensor):
        return x
    y = Tensor(x, backend=like.backend)
    return y.astype(like.dtype) if is_floating(y.dtype) and y.dtype != like.dtype else y


def as_input(value: Any, input_size: int, axes: tuple[str, ...], like: Tensor) -> Tensor:
    """Return the input as a tensor. Raises ShapeError unless it is (*axes, input_size), or whole numbers (*axes,)."""
    x = beside(value, like)
    if x.dtype.kind in "iu":
        if x.ndim != len(axes):
            raise ShapeError(
                f"{scope.current()}: expected whole numbers of shape ({', '.join(axes)}), got {x.shape}."
                "\n    They stand for one-hot vectors. Are they features? Write x.astype('float32')."
            )
    elif x.ndim != len(axes) + 1 or x.shape[-1] != input_size:
        expected = ", ".join((*axes, "feature"))
        raise ShapeError(f"{scope.current()}: expected ({expected}) with {input_size} features, got {x.shape}.")
    return x


def check_symbols(x: Tensor, n: int) -> None:
    """Raise ShapeError if x holds whole numbers outside 0 .. n - 1."""
    if x.dtype.kind in "iu":
        F.check_range(x.data, n, str(scope.current()))


def start_state(state: Any, names: tuple[str, ...], shape: Shape, like: Tensor) -> State:
    """Return the parts of a state, zeros where there is none, each checked against its shape."""
    if state is None:
        return (Tensor.handle(namespace(like.data).zeros(shape, dtype=like.dtype), None),) * len(names)
    given = tuple(state) if isinstance(state, tuple | list) else (state,)
    if len(given) != len(names):
        raise ShapeError(f"{scope.current()}: expected the state as {' and '.join(names)}, got {len(given)} parts.")
    parts = []
    for name, value in zip(names, given, strict=True):
        part = beside(value, like)
        if part.shape != shape:
            axes = "(layers * directions, batch, hidden)" if len(shape) == 3 else "(batch, hidden)"
            raise ShapeError(
                f"{scope.current()}: expected the state {name} of {axes} = {shape}, got {part.shape}."
                "\n    A state belongs to the rows it came from: a batch of another size is never broadcast."
            )
        parts.append(part)
    return tuple(parts)


def as_mask(value: Any, name: str, shape: tuple[int, int], batch_first: bool, like: Tensor) -> Any:
    """Return a boolean array (T, B) on the backend of `like`, or None."""
    if value is None:
        return None
    data = F.like_mask(beside(value, like), like)
    axes, expected = ("(batch, time)", shape[::-1]) if batch_first else ("(time, batch)", shape)
    if tuple(data.shape) != expected:
        raise ShapeError(
            f"{scope.current()}: {name}= has one entry per step of x, {axes} = {expected}; got {tuple(data.shape)}."
        )
    return namespace(data).permute_dims(data, (1, 0)) if batch_first else data


def step_mask(lengths: Any, mask: Any, shape: tuple[int, int], batch_first: bool, like: Tensor) -> Any:
    """Return which steps count as a boolean array (T, B), from lengths or a mask; None where all do."""
    if lengths is None:
        return as_mask(mask, "mask", shape, batch_first, like)
    if mask is not None:
        raise ConfigError("lengths= and mask= both say which steps count; pass one of them.")
    host = Tensor(lengths, backend="numpy").data
    T, B = shape
    if host.shape != (B,) or host.dtype.kind not in "iu" or (B and (host.min() < 0 or host.max() > T)):
        raise ShapeError(
            f"{scope.current()}: lengths= are {B} whole numbers from 0 to {T}, one per row of the batch; got {host}."
        )
    return owner(like.data).from_host(np.arange(T)[:, None] < host)


def a_step_ahead(begins: Any) -> Any:
    """Return where the reverse direction starts anew: it meets the last step of a sequence first."""
    if begins is None:
        return None
    xp = namespace(begins)
    return xp.concat([begins[1:], xp.zeros((1, begins.shape[1]), dtype="bool")])
