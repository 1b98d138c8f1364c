"""A record read off a graph that stands: what tensors were made of, without a recorder having watched."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..engine import Leaf, Op
from ..engine.apply import Output
from ..engine.walk import FREED
from ..errors import GradientError, GraphFreedError
from .describe import result_name, settings
from .entries import Entry
from .views import view_of

__all__ = ["read"]


def read(tensors: Sequence[Any]) -> list[Entry]:
    """Return the graph that leads to tensors, in the order in which it was made."""
    entries: dict[Any, Entry] = {}
    for node in reached(tensors):
        if type(node) is Leaf:
            entries.setdefault(node, leaf(node, "", len(entries)))
            continue
        for parent in node.parents:
            if type(parent) is Leaf and parent not in entries:
                entries[parent] = leaf(parent, node.where.path, len(entries))
        entries[node] = operation(node, entries)
    return list(entries.values())


def reached(tensors: Sequence[Any]) -> list[Any]:
    """Return the nodes that lead to tensors in order of creation; leaves only where a tensor is one."""
    stack = [tensor.node for tensor in tensors]
    if any(node is None for node in stack):
        raise GradientError(
            "this tensor is on no graph: nothing it was made of has requires_grad=True, or it was made under no_grad()."
            "\n    Record it as it is made: with tg.record() as tape: ..."
        )
    seen: set[Any] = set()
    while stack:
        node = stack.pop()
        if node in seen:
            continue
        seen.add(node)
        if type(node) is Leaf:
            continue
        if node.parents is FREED:
            raise GraphFreedError(
                f"the graph is gone behind {node.op.name} in {node.where}: a backward() has freed it."
                "\n    Record as it runs, with tg.record() as tape: ..., or keep it: backward(retain_graph=True)."
            )
        stack += [parent for parent in node.parents if parent is not None and type(parent) is not Leaf]
    return sorted(seen, key=lambda node: node.seq)


def leaf(node: Leaf, path: str, number: int) -> Entry:
    """Return the entry of a leaf; it has the module path of its first reader."""
    entry = Entry(number, "parameter", node.shape, str(node.dtype))
    entry.name, entry.path = node.name, path
    return entry


def operation(node: Any, entries: Mapping[Any, Entry]) -> Entry:
    """Return the next entry: an operation, or one result of an operation that has several."""
    inputs = [None if parent is None else entries[parent] for parent in node.parents]
    one = node.op.outputs == 1
    shape, dtype = (node.shape, str(node.dtype)) if one else (None, None)
    entry = Entry(len(entries), "result" if node.op is Output else "op", shape, dtype)
    entry.op, (entry.path, entry.t, entry.backward) = node.op.name, node.where
    entry.inputs = tuple(None if x is None else x.id for x in inputs)
    if node.op is Output:
        entry.op, entry.index = node.parents[0].op.name, node.saved
        entry.name = result_name(node.parents[0].op, node.saved)
    else:
        entry.settings = settings(node.op, (), saved_settings(node))
        entry.name = entry.settings.get("name", "")
        entry.view_of = view_of(node.op, inputs)
    return entry


def saved_settings(node: Any) -> Mapping[str, Any]:
    """Return the static attributes that a node has saved for its rules; it has no others."""
    op = node.op
    if not (isinstance(op, type) and issubclass(op, Op)):
        return {}
    wanted = (True,) if op.variadic else node.parents
    kept = [(names, node.saved[span]) for names, span, p in zip(op.reads, op.spans, wanted, strict=True) if p]
    return {n: value for names, values in kept for n, value in zip(names, values, strict=True) if n in op.static}
