"""The public face of differentiation: gradients, products with Jacobians, checks against differences."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any

import numpy as np

from . import ops
from .backend import is_floating, namespace, owner
from .engine import FusedOp, Op, Part, Variable, checkpoint, grad
from .errors import AnomalyError
from .gradcheck import gradcheck, gradgradcheck
from .scope import Call, Watcher, switched

__all__ = [
    "FusedOp",
    "Op",
    "Part",
    "checkpoint",
    "detect_anomaly",
    "enable_grad",
    "grad",
    "gradcheck",
    "gradgradcheck",
    "hvp",
    "jacobian",
    "jvp",
    "no_grad",
    "vjp",
]


def no_grad() -> AbstractContextManager[None]:
    """Switch gradients off: `with no_grad():` or `@no_grad()`. Nothing is saved, results have no graph."""
    return switched(grad=False)


def enable_grad() -> AbstractContextManager[None]:
    """Switch gradients on again inside `no_grad`."""
    return switched(grad=True)


def vjp(f: Callable[..., Any], inputs: Sequence[Any], v: Any = None) -> tuple[Any, list[Any]]:
    """Return y = f(*inputs) and v^T J, the gradients of the inputs for the output weights v (default 1).

    Shapes: v as y; each gradient as its input.
    """
    leaves = as_leaves(inputs)
    y = f(*leaves)
    return y, grad(y, leaves, v)


def jvp(f: Callable[..., Any], inputs: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, Any]:
    """Return y = f(*inputs) and J t, how y moves when the inputs move along the tangents.

    By two backward passes: u^T J is linear in u, and its derivative by u along t is J t.
    """
    leaves = as_leaves(inputs)
    y = f(*leaves)
    u = (y.detach() * 0).requires_grad_()
    moved = [(g, t) for g, t in zip(grad(y, leaves, u, create_graph=True), tangents, strict=True) if g is not None]
    if not moved:
        return y.detach(), y.detach() * 0
    return y.detach(), grad([g for g, _ in moved], u, [t for _, t in moved])


def jacobian(f: Callable[..., Any], x: Any, *, create_graph: bool = False) -> Any:
    """Return J with J[..., i, ...] = d f(x) / d x_i, of shape (*y.shape, *x.shape); one backward pass per element of y.

    >>> import tinygrad_seq as tg
    >>> tg.autograd.jacobian(lambda x: x * x, tg.tensor([1.0, 2.0]))
    tensor([[2., 0.],
            [0., 4.]])
    """
    if not create_graph or x.node is None:
        (x,) = as_leaves([x])
    y = f(x)
    flat = ops.reshape(y, (-1,))
    rows = [grad(flat[i], x, create_graph=create_graph, retain_graph=True) for i in range(flat.shape[0])]
    zero = x.detach() * 0
    return ops.reshape(ops.stack([zero if r is None else r for r in rows]), (*y.shape, *x.shape))


def hvp(f: Callable[..., Any], x: Any, v: Any) -> Any:
    """Return H v for a scalar function f with Hessian H, without building H."""
    (x,) = as_leaves([x])
    g = grad(f(x), x, create_graph=True)
    product = grad(g, x, v) if g is not None and g.requires_grad else None
    return x.detach() * 0 if product is None else product


def as_leaves(inputs: Sequence[Any]) -> list[Any]:
    """Return the same numbers as fresh leaves."""
    return [x.detach().requires_grad_() for x in inputs]


class AnomalyWatcher(Watcher):
    """Looks at every result and every gradient, and raises at the first that is not finite."""

    expand = True

    def made(self, call: Call) -> None:
        for output in call.outputs:
            if is_floating(output.data.dtype):
                look(output.data, f"{call.op.name} in {call.where}: its result")

    def sent(self, node: Any, i: int, gradient: Any) -> None:
        values = gradient.values if isinstance(gradient, Part) else gradient
        data = values.data if isinstance(values, Variable) else values
        look(data, f"the backward pass of {node.op.name} in {node.where}: the gradient of `{node.op.input_name(i)}`")


def look(array: Any, what: str) -> None:
    """Raise AnomalyError, with the first bad element, unless all of an array is finite."""
    finite = owner(array).to_host(namespace(array).isfinite(array))
    if not finite.all():
        bad = ~finite
        first = tuple(int(i) for i in np.argwhere(bad)[0])
        value = float(owner(array).to_host(array)[first])
        place = f"index {first} of shape {array.shape}" if first else "a scalar"
        raise AnomalyError(f"{what} is not finite: {value} at {place}, {int(bad.sum())} of {bad.size} elements.")


def detect_anomaly() -> AbstractContextManager[None]:
    """Raise AnomalyError at the first result or gradient that is infinite or NaN, saying which operation made it.

    The message names the operation, the module path, the time step, the shape and the first bad index. Every array is
    looked at, and fused operations run op by op, which makes everything several times slower: switch it on to find the
    cause, not to train.
    """
    return switched(watcher=AnomalyWatcher())
