"""Clipping of gradients: the cure for those that explode on their way back through time."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..backend import namespace, owner
from ..errors import ConfigError
from ..tensor import Tensor
from .parameters import Parameters, named

__all__ = ["clip_grad_norm_", "clip_grad_value_"]

SMALLEST = 1e-30  # a sum of squares in float32 above this has lost none that count


def clip_grad_norm_(parameters: Parameters, max_norm: float) -> float:
    """Scale all gradients together so that their common norm is at most `max_norm`; return the norm they had.

    ```
    norm = sqrt(sum of g^2 over all elements of all gradients)
    g = g min(1, max_norm / (norm + 1e-6))
    ```

    The direction stays. Squares that overflow or vanish are summed again in float64: a float32 gradient of 1e30 is
    large, not infinite. Where an element is infinite or NaN there is no direction to keep: the norm returned is inf or
    nan, and the gradients stay as they are, so look at it before `step()`. `max_norm=math.inf` only measures. The norm
    of no gradients is 0.

    Source: Pascanu, Mikolov, Bengio 2013. PyTorch: the same for finite norms; of others it makes zeros and NaN.

    >>> import tinygrad_seq as tg
    >>> w = tg.tensor([3.0, 4.0], requires_grad=True)
    >>> (0.5 * w * w).sum().backward()
    >>> clip_grad_norm_([w], max_norm=1.0)
    5.0
    >>> w.grad
    tensor([0.6, 0.8])

    Raises:
        ConfigError: a negative `max_norm`, or no parameters.
    """
    (norm,) = numbers([clipped(parameters, max_norm)])
    return norm


def clipped(parameters: Parameters, max_norm: float) -> Any:
    """Do what `clip_grad_norm_` does; return the norm, which may be an array that the device has not made yet."""
    max_norm = checked_bound("clip_grad_norm_", "max_norm", max_norm)
    grads = gradients(parameters, "clip_grad_norm_()")
    if not grads:
        return 0.0
    arrays = [grad.data for grad in grads]
    if made := owner(arrays[0]).clipped(arrays, max_norm):
        norm, scaled = made
        for grad, array in zip(grads, scaled, strict=True):
            grad.data = array
        return norm
    norm = length(arrays)
    scale = max_norm / (norm + 1e-6)
    if math.isfinite(norm) and scale < 1:
        for grad in grads:
            grad.data = grad.data * scale
    return norm


def numbers(values: Sequence[Any]) -> list[float]:
    """Return numbers and 0-d arrays as numbers; several arrays of a device in one wait."""
    if len(values) > 1 and not any(isinstance(x, float) for x in values):
        together = namespace(values[0]).stack(values)
        return [float(x) for x in owner(together).to_host(together)]
    return [float(x if isinstance(x, float) else owner(x).to_host(x)) for x in values]


def clip_grad_value_(parameters: Parameters, clip_value: float) -> None:
    """Bring every element of every gradient into [-clip_value, clip_value]: g = min(max(g, -c), c); NaN stays.

    This bends the direction, and is what char-rnn does, with 5.

    Raises:
        ConfigError: a negative `clip_value`, or no parameters.
    """
    clip_value = checked_bound("clip_grad_value_", "clip_value", clip_value)
    for grad in gradients(parameters, "clip_grad_value_()"):
        xp = namespace(grad.data)
        grad.data = xp.minimum(xp.maximum(grad.data, -clip_value), clip_value)


def gradients(parameters: Parameters, who: str) -> list[Tensor]:
    return [p.grad for _, p in named(parameters, who) if p.grad is not None]


def length(arrays: list[Any]) -> float:
    """Return the length of arrays as one vector: one product each, without a copy where that is exact enough."""
    if all(x.dtype != "float16" for x in arrays):
        with np.errstate(over="ignore", under="ignore", invalid="ignore"):  # what this hides is looked at next
            total = total_of_squares(arrays)
        if SMALLEST < total < math.inf:
            return math.sqrt(total)
    return math.sqrt(total_of_squares([namespace(x).astype(x, "float64") for x in arrays]))


def total_of_squares(arrays: list[Any]) -> float:
    flat = [namespace(x).reshape(x, (-1,)) for x in arrays]
    total = sum(x @ x for x in flat)
    return numbers([total])[0]


def checked_bound(who: str, name: str, bound: float) -> float:
    if not bound >= 0:
        raise ConfigError(f"{who}(): {name} must be 0 or more, got {bound}.")
    return float(bound)
