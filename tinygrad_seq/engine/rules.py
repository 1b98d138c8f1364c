"""How the walk calls an operation's rules: with raw arrays, or with variables when the gradient is to be a graph."""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain
from typing import Any

from ..backend import is_array, namespace

__all__ = ["filled", "rule_caller"]


def rule_caller(op: Any) -> Callable[..., Any]:
    """Return `backward(xp, node, dy, wanted, kind)`: the gradients of the inputs, aligned with the node's parents.

    `wanted` holds None for an input whose gradient nobody asked for. `kind` is None for raw arrays; under
    `create_graph` it is the class of variables that the saved arrays are wrapped in.
    """
    if op.variadic:
        return list_caller(op)
    if op.outputs == 1 and all(op.rules) and len(op.rules) <= 2:
        return pair_caller(op) if len(op.rules) == 2 else single_caller(op)

    def backward(xp: Any, node: Any, dy: Any, wanted: Any, kind: Any) -> Any:
        if op.outputs != 1:
            dy = filled(dy, node, kind)
        saved = node.saved if kind is None else lifted(kind, node)
        return [
            None if p is None or rule is None else rule(xp, dy, *saved[span])
            for p, rule, span in zip(wanted, op.rules, op.spans, strict=True)
        ]

    return backward


def single_caller(op: Any) -> Callable[..., Any]:
    """One input: the walk has no call to make unless it is wanted."""
    (rule,) = op.rules

    def backward(xp: Any, node: Any, dy: Any, wanted: Any, kind: Any) -> Any:
        saved = node.saved if kind is None else lifted(kind, node)
        return (rule(xp, dy, *saved),)

    return backward


def pair_caller(op: Any) -> Callable[..., Any]:
    """Two inputs with a rule each: the common case, written out."""
    (da, db), (for_a, for_b) = op.rules, op.spans
    if [len(names) for names in op.reads] == [1, 1]:
        return each_reads_one(da, db)

    def backward(xp: Any, node: Any, dy: Any, wanted: Any, kind: Any) -> Any:
        saved = node.saved if kind is None else lifted(kind, node)
        return (
            None if wanted[0] is None else da(xp, dy, *saved[for_a]),
            None if wanted[1] is None else db(xp, dy, *saved[for_b]),
        )

    return backward


def each_reads_one(da: Any, db: Any) -> Callable[..., Any]:
    """Two rules that read one value each, as those of a product do: no slices are taken."""

    def backward(xp: Any, node: Any, dy: Any, wanted: Any, kind: Any) -> Any:
        for_a, for_b = node.saved if kind is None else lifted(kind, node)
        return None if wanted[0] is None else da(xp, dy, for_a), None if wanted[1] is None else db(xp, dy, for_b)

    return backward


def list_caller(op: Any) -> Callable[..., Any]:
    """One rule for a list of inputs."""
    (rule,), (name,), (reads,) = op.rules, op.inputs, op.reads

    def backward(xp: Any, node: Any, dy: Any, wanted: Any, kind: Any) -> Any:
        saved = node.saved
        if kind is not None:
            saved = [lifted_value(kind, node, name, r, v) for r, v in zip(reads, saved, strict=True)]
        return [None if p is None else rule(xp, dy, i, *saved) for i, p in enumerate(wanted)]

    return backward


def lifted_value(kind: Any, node: Any, name: str, read: str, value: Any) -> Any:
    """Return what a list rule saved, as variables where it is arrays of the graph."""
    if read == name:
        return tuple(kind.handle(x, p) for x, p in zip(value, node.parents, strict=True))
    return kind.handle(value, node) if read == "y" else value


def lifted(kind: Any, node: Any) -> list[Any]:
    """Return what the rules saved, as variables on the graph: fresh handles, so that no node ever holds a variable."""
    op = node.op
    out = []
    for name, value in zip(chain.from_iterable(op.reads), node.saved, strict=True):
        if is_array(value):
            if name == "y":
                value = kind.handle(value, node)
            elif name in op.inputs:
                value = kind.handle(value, node.parents[op.inputs.index(name)])
        out.append(value)
    return out


def filled(dys: list[Any], node: Any, kind: Any) -> tuple[Any, ...]:
    """Return the gradients of all outputs, zeros for those that nobody used."""
    if all(dy is not None for dy in dys):
        return tuple(dys)
    some = next(d for d in dys if d is not None)
    xp = namespace(some if kind is None else some.data)
    out = []
    for dy, shape in zip(dys, node.shape, strict=True):
        if dy is None:
            zeros = xp.zeros(shape, dtype=node.dtype)
            dy = zeros if kind is None else kind.handle(zeros, None)
        out.append(dy)
    return tuple(out)
