"""Run a function once more and differentiate it: what a fused operation and a checkpoint do in the backward pass."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..scope import mode, switched
from .variable import next_number
from .walk import walk

__all__ = ["run_again"]


def run_again(
    f: Callable[..., Any],
    inputs: Sequence[Any],
    edges: Sequence[Any],
    dys: Sequence[Any],
    create_graph: bool,
) -> list[Any]:
    """Return the gradients of f(*inputs), weighted by dys, at the nodes `edges`, and walk no further than these.

    The edges are cut by number: everything numbered below `begin` existed before f ran. Cutting by identity would count
    twice where one edge depends on another.
    """
    begin = next_number()
    with switched(grad=True):
        m = mode.get()
        m.where = m.where._replace(backward=True)
        ys = f(*inputs)
    ys = ys if isinstance(ys, tuple) else (ys,)
    live = [(y, dy) for y, dy in zip(ys, dys, strict=True) if y.node is not None]
    targets = {edge for edge in edges if edge is not None}
    roots, seeds = [y for y, _ in live], [dy for _, dy in live]
    found = walk(roots, seeds, targets, create_graph, None, stop=begin, purpose="inside")
    gradients = [found.pop(edge, None) for edge in edges]  # pop: a node that is two inputs gets its total once
    return gradients if create_graph else [None if g is None else g.data for g in gradients]
