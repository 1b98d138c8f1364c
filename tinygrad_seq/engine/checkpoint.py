"""Trade time for memory: forget the inside of a function, and run it again in the backward pass."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .. import random
from ..scope import Call, mode
from .again import run_again
from .apply import several
from .rules import filled
from .variable import Variable, next_number

__all__ = ["checkpoint"]


class Recomputed:
    """The operation that stands for one call of a function; it keeps the function and its arguments."""

    name = "checkpoint"
    outputs = -1
    broadcasts = False
    views = False

    def __init__(self, f: Callable[..., Any], inputs: tuple[Any, ...], edges: tuple[Any, ...], at: random.Key) -> None:
        self.f = f
        self.inputs = inputs
        self.edges = edges
        self.at = at

    def backward(self, xp: Any, node: Any, dys: Any, wanted: Any, kind: Any) -> Any:
        dys = filled(dys, node, kind)
        now = random.position()
        random.rewind(self.at)  # the same dropout masks as in the forward pass
        try:
            return run_again(self.f, self.inputs, wanted, dys, create_graph=kind is not None)
        finally:
            random.rewind(now)

    def reads_value(self, i: int, wanted: Any) -> bool:
        return True

    def input_name(self, i: int) -> str:
        return f"input {i}"


def checkpoint(f: Callable[..., Any], *inputs: Any) -> Any:
    """Return f(*inputs), saving nothing of its inside: its backward pass runs f a second time.

    What f reads from outside, weights too, is found by creation number: everything older than this call. Memory falls
    from all of f's intermediates to its outputs; time grows by one forward pass. Dropout draws the same masks again.

    >>> import tinygrad_seq as tg
    >>> x = tg.tensor(0.5, requires_grad=True)
    >>> tg.grad(tg.autograd.checkpoint(lambda x: tg.tanh(x * x), x), x)
    tensor(0.94)
    """
    at = random.position()
    begin = next_number()
    y = f(*inputs)
    ys = y if isinstance(y, tuple) else (y,)
    edges: dict[Any, None] = {}
    seen: set[Any] = set()
    stack = [v.node for v in ys]
    while stack:
        node = stack.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        if node.seq < begin:
            edges[node] = None
        else:
            stack += node.parents
    kind = next(v.kind for v in ys if isinstance(v, Variable))
    op = Recomputed(f, inputs, tuple(edges), at)
    m = mode.get()
    outs = several(op, kind, tuple(v.data for v in ys), tuple(edges), (), m)
    if m.watcher is not None:
        m.watcher.made(Call(op, inputs, {}, outs, m.where))
    return outs if isinstance(y, tuple) else outs[0]
