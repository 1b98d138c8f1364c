"""Exercise 1: send gradients back through a graph of numbers.

    dL/da = sum over all b that read a of  dL/db * db/da

Every node must have received all of its gradient before it sends any on: walk the graph in reverse topological order.
"""

from __future__ import annotations


class Node:
    """A number, and what it was made of: pairs (parent, derivative of this number by the parent)."""

    def __init__(self, value: float, parents: tuple[tuple[Node, float], ...] = ()) -> None:
        self.value = value
        self.parents = parents
        self.grad = 0.0


def backward(output: Node) -> None:
    """Add d output / d node to the `.grad` of every node that `output` was made of, and of `output` itself.

    Hint: first list the nodes so that each stands after all of its parents (without recursion: graphs get deep), then
    go through the list from its end.
    """
    raise NotImplementedError
