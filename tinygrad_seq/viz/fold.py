"""Rolled and unrolled: the recurrent graph with its loop, and the same net laid out over time without one."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

__all__ = ["Edge", "Node", "Place", "Rolled", "Sorted", "fold", "topological_order", "unfold"]


class Node(NamedTuple):
    """One node: an operation of a module at a time step (None: of no step), and what it reads, by argument.

    Ids count up: a node reads earlier ones. An argument that is None reads nothing.
    """

    id: int
    op: str
    path: str
    t: int | None
    inputs: tuple[int | None, ...]


@dataclass(frozen=True)
class Place:
    """What is the same node at every time step: the k-th `op` of a module's step. Without time: one node.

    `ids` are the nodes by time step, {None: id} for one without time.
    """

    op: str
    path: str
    ids: dict[int | None, int]

    @property
    def timed(self) -> bool:
        """Whether it stands at every step."""
        return None not in self.ids


@dataclass(frozen=True)
class Edge:
    """Place `source` is read by place `target`, `delay` steps later; None where one of the two has no time.

    `uses` are (t, argument) pairs: the step of the target, or of the source where the target has none.
    """

    source: int
    target: int
    delay: int | None
    uses: tuple[tuple[int | None, int], ...]


@dataclass(frozen=True)
class Rolled:
    """The folded graph. A net that reads its own past is a cycle in it, closed by edges with a delay."""

    places: list[Place]
    edges: list[Edge]


class Sorted(NamedTuple):
    """The nodes in topological order as far as it goes, and a cycle where it stops; no cycle: the order is complete."""

    order: list[int]
    cycle: list[int]


def fold(nodes: Iterable[Node]) -> Rolled:
    """Return the graph modulo time: equal operations of equal modules at different steps become one place.

    >>> steps = [Node(t, "tanh", "rnn", t, (t - 1,) if t else ()) for t in range(3)]
    >>> [(edge.source, edge.target, edge.delay) for edge in fold(steps).edges]
    [(0, 0, 1)]
    """
    places: dict[Any, Place] = {}
    seen: Counter[Any] = Counter()
    at: dict[int, tuple[Any, int | None]] = {}
    uses: dict[Any, list[tuple[int | None, int]]] = {}
    for node in nodes:
        t = node.t
        key: Any = node.id
        if t is not None:
            key = (node.path, node.op, seen[node.path, node.op, t])
            seen[node.path, node.op, t] += 1
        places.setdefault(key, Place(node.op, node.path, {})).ids[t] = node.id
        at[node.id] = key, t
        for argument, source in enumerate(node.inputs):
            if source is None:
                continue
            source_key, before = at[source]
            delay = None if t is None or before is None else t - before
            uses.setdefault((source_key, key, delay), []).append((before if t is None else t, argument))
    number = {key: i for i, key in enumerate(places)}
    edges = [Edge(number[a], number[b], delay, tuple(found)) for (a, b, delay), found in uses.items()]
    return Rolled(list(places.values()), edges)


def unfold(rolled: Rolled) -> list[Node]:
    """Return the graph that `fold` was given, in the order of ids; what is None after the last argument is left out."""
    inputs: dict[int, dict[int, int]] = {}
    for edge in rolled.edges:
        source, target = rolled.places[edge.source], rolled.places[edge.target]
        for t, argument in edge.uses:
            i = target.ids[t if target.timed else None]
            before = t if edge.delay is None or t is None else t - edge.delay
            inputs.setdefault(i, {})[argument] = source.ids[before if source.timed else None]
    nodes = [
        Node(i, place.op, place.path, t, in_order(inputs.get(i, {})))
        for place in rolled.places
        for t, i in place.ids.items()
    ]
    return sorted(nodes)


def in_order(arguments: dict[int, int]) -> tuple[int | None, ...]:
    return tuple(arguments.get(i) for i in range(max(arguments, default=-1) + 1))


def topological_order(n: int, edges: Sequence[tuple[int, int]]) -> Sorted:
    """Sort nodes 0 .. n - 1 so that every edge leads onwards (Kahn, 1962): take a node that waits for no other.

    Where every node that is left waits for another one that is left, it stops: these contain a cycle, and one is
    returned.

    >>> topological_order(3, [(0, 1), (1, 2)]), topological_order(3, [(0, 1), (1, 2), (2, 1)])
    (Sorted(order=[0, 1, 2], cycle=[]), Sorted(order=[0], cycle=[1, 2]))
    """
    waits = [0] * n
    after: list[list[int]] = [[] for _ in range(n)]
    for source, target in edges:
        waits[target] += 1
        after[source].append(target)
    ready = deque(i for i in range(n) if not waits[i])
    order = []
    while ready:
        i = ready.popleft()
        order.append(i)
        for target in after[i]:
            waits[target] -= 1
            if not waits[target]:
                ready.append(target)
    return Sorted(order, cycle(edges, {i for i in range(n) if waits[i]}))


def cycle(edges: Sequence[tuple[int, int]], left: set[int]) -> list[int]:
    """Return a cycle among nodes that all wait for another of them: go back along edges until one comes again."""
    if not left:
        return []
    before = {target: source for source, target in edges if source in left and target in left}
    i, path = min(left), []
    while i not in path:
        path.append(i)
        i = before[i]
    found = path[path.index(i) :][::-1]
    first = found.index(min(found))
    return found[first:] + found[:first]
