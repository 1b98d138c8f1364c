"""Derivatives against central differences: the check for an operation or a model of your own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .backend import is_floating, owner
from .engine import grad
from .errors import DTypeError, GradientError
from .scope import switched

__all__ = ["gradcheck", "gradgradcheck"]


@switched(grad=True)
def gradcheck(
    f: Callable[..., Any],
    inputs: Sequence[Any],
    *,
    eps: float = 1e-6,
    atol: float = 1e-6,
    rtol: float = 1e-5,
    full: bool = True,
    seed: int = 0,
) -> bool:
    """Return True if the gradients of f at float64 inputs agree with (f(x + eps) - f(x - eps)) / (2 eps).

    `full` compares every entry of every Jacobian; otherwise one random projection u^T J v of each, far cheaper. The
    backward pass runs twice and must give the same bits. f returns a tensor or a tuple of tensors. Inputs without
    requires_grad are held fixed. Raises GradientError that names the input, the element and both numbers; DTypeError
    unless all is float64.

    >>> import tinygrad_seq as tg
    >>> x = tg.tensor([0.3, -0.7], dtype="float64", requires_grad=True)
    >>> tg.autograd.gradcheck(lambda x: tg.tanh(x) * x, [x])
    True
    """
    wrt = [i for i, x in enumerate(inputs) if x.requires_grad]
    if not wrt:
        raise GradientError("gradcheck: no input has requires_grad=True, so there is nothing to check.")
    for i in wrt:
        if str(inputs[i].dtype) != "float64":
            raise DTypeError(f"gradcheck: input {i} is {inputs[i].dtype}; differences need dtype='float64'.")
    rng = np.random.default_rng(seed)
    points = [x.detach().requires_grad_() if i in wrt else x for i, x in enumerate(inputs)]
    host = {i: np.array(owner(inputs[i].data).to_host(inputs[i].data)) for i in wrt}
    ys = outputs_of(f, points)
    for k, y in enumerate(ys):
        if not is_floating(y.dtype):
            continue
        seeds = unit_seeds(y.shape) if full else [rng.standard_normal(y.shape)]
        analytic = [gradient_of(y, points, wrt, u) for u in seeds]
        again = gradient_of(y, points, wrt, seeds[0])
        if any(not np.array_equal(a, b, equal_nan=True) for a, b in zip(analytic[0], again, strict=True)):
            raise GradientError(f"gradcheck: two backward passes from output {k} gave different bits.")
        for place, i in enumerate(wrt):
            rows = np.array([g[place].reshape(-1) for g in analytic]).reshape(len(seeds), host[i].size)
            columns = np.eye(host[i].size) if full else rng.standard_normal((1, host[i].size))
            for column, v in enumerate(columns):
                step = eps * v.reshape(host[i].shape)
                up = value_at(f, points, i, host[i] + step, k)
                down = value_at(f, points, i, host[i] - step, k)
                numeric = np.array([np.sum(u * (up - down)) / (2 * eps) for u in seeds])
                element = column if full else None
                compare(rows @ v, numeric, atol, rtol, f"output {k}, input {i}", element, host[i].shape)
    return True


def gradgradcheck(
    f: Callable[..., Any],
    inputs: Sequence[Any],
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-4,
    full: bool = True,
    seed: int = 0,
) -> bool:
    """Return True if the second derivatives of f agree with differences of its first; arguments as `gradcheck`."""
    rng = np.random.default_rng(seed)
    ys = outputs_of(f, inputs)
    if not any(y.requires_grad for y in ys):
        return True  # flat: its first derivatives are zero, and so are its second
    kind = type(ys[0]).kind
    weights = [kind.handle(owner(y.data).from_host(rng.standard_normal(y.shape)), None).requires_grad_() for y in ys]
    n = len(inputs)
    wrt = [i for i, x in enumerate(inputs) if x.requires_grad]

    def first(*args: Any) -> tuple[Any, ...]:
        xs, us = args[:n], args[n:]
        live = [(y, u) for y, u in zip(outputs_of(f, xs), us, strict=True) if y.requires_grad]
        targets = [xs[i] for i in wrt if xs[i].requires_grad]
        gradients = grad([y for y, _ in live], targets, [u for _, u in live], create_graph=True)
        return tuple(g for g in gradients if g is not None) or (live[0][1] * 0,)

    return gradcheck(first, [*inputs, *weights], eps=eps, atol=atol, rtol=rtol, full=full, seed=seed)


def outputs_of(f: Callable[..., Any], points: Sequence[Any]) -> tuple[Any, ...]:
    y = f(*points)
    return y if isinstance(y, tuple) else (y,)


def value_at(f: Callable[..., Any], points: Sequence[Any], i: int, moved: np.ndarray, k: int) -> np.ndarray:
    """Return output k with input i moved."""
    kind = type(points[i]).kind
    x = kind.handle(owner(points[i].data).from_host(moved), None).requires_grad_()
    y = outputs_of(f, [*points[:i], x, *points[i + 1 :]])[k]
    return owner(y.data).to_host(y.data)


def gradient_of(y: Any, points: Sequence[Any], wrt: list[int], u: np.ndarray) -> list[np.ndarray]:
    """Return u^T J for every checked input, zeros where the output does not depend on it."""
    shapes = [points[i].shape for i in wrt]
    if not y.requires_grad:
        return [np.zeros(shape) for shape in shapes]
    seed = y.handle(owner(y.data).from_host(np.asarray(u, y.dtype)), None)
    gs = grad([y], [points[i] for i in wrt], [seed], retain_graph=True)
    return [
        np.zeros(shape) if g is None else owner(g.data).to_host(g.data) for g, shape in zip(gs, shapes, strict=True)
    ]


def unit_seeds(shape: tuple[int, ...]) -> list[np.ndarray]:
    """Return the unit arrays of a shape, one per element (of an empty shape: the one array there is)."""
    n = int(np.prod(shape))
    return [row.reshape(shape) for row in np.eye(n)] or [np.zeros(shape)]


def compare(
    analytic: np.ndarray,
    numeric: np.ndarray,
    atol: float,
    rtol: float,
    what: str,
    column: int | None,
    shape: tuple[int, ...],
) -> None:
    """Raise GradientError at the first entry where the two disagree."""
    wrong = ~(np.abs(analytic - numeric) <= atol + rtol * np.abs(numeric))
    wrong &= ~(np.isnan(analytic) & np.isnan(numeric))
    if wrong.any():
        j = int(np.argmax(wrong))
        element = "a random projection"
        if column is not None:
            element = f"element {tuple(int(n) for n in np.unravel_index(column, shape))}" if shape else "the scalar"
        raise GradientError(
            f"gradcheck: {what}, {element}: the rule gives {analytic[j]:.8g}, differences give {numeric[j]:.8g}."
        )
