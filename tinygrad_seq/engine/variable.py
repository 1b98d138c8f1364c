"""A variable is an array and the node that made it; nodes form the graph.

No node holds a variable: it holds arrays and its parent nodes, and a leaf is a node too. So the graph has no reference
cycle, and reference counting alone frees all of it.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any, ClassVar, Self

from ..backend import check_same_backend, is_array
from ..errors import GradientError
from ..scope import Where

next_number = count(1).__next__  # the order of creation: the walk's order, and the clock of in-place writes

Hook = Callable[[Any], Any]


class Leaf:
    """Where a gradient ends up. It does not know its variable: the pair would be a reference cycle."""

    __slots__ = ("__weakref__", "dtype", "grad", "hooks", "modified", "name", "shape", "writer")
    seq: ClassVar[int] = 0
    last_write: ClassVar[int] = 0  # of any leaf: the walk need not look at nodes younger than that

    def __init__(self, shape: tuple[int, ...], dtype: Any) -> None:
        self.shape = shape
        self.dtype = dtype
        self.grad: Variable | None = None
        self.hooks: tuple[Hook, ...] | None = None
        self.modified = 0
        self.writer = ""
        self.name = ""


class Node:
    """One application of an operation: whom it feeds back to, and what its rules will read."""

    __slots__ = ("__weakref__", "dtype", "hooks", "op", "parents", "saved", "seq", "shape", "where")

    def __init__(self, op: Any, parents: Any, saved: Any, shape: Any, dtype: Any, where: Where) -> None:
        self.seq = next_number()
        self.op = op
        self.parents = parents
        self.saved = saved
        self.shape = shape
        self.dtype = dtype
        self.where = where
        self.hooks: tuple[Hook, ...] | None = None


class Variable:
    """An array and the node that made it; `node` is None where no gradient can flow."""

    __slots__ = ("data", "node")
    kind: ClassVar[type[Variable]]  # the class that results are made in: a Parameter times a Parameter is a Tensor
    xp: ClassVar[Any]  # the functions that a rule calls when its arguments are variables

    data: Any
    node: Any

    @classmethod
    def handle(cls, data: Any, node: Any) -> Self:
        """Return a variable of class `kind` for an array and its node, without looking at either."""
        v = object.__new__(cls.kind)
        v.data = data
        v.node = node
        return v  # type: ignore[return-value]

    def assign_(self, data: Any, by: str = "assign_()") -> None:
        """Overwrite the array in place. `by` names the writer in the error that a later stale read gets.

        Raises GradientError for the result of an operation: its rules would read the new numbers; BackendError for an
        array that lives elsewhere.
        """
        if type(self.node) is Node:
            raise GradientError(f"{by} of the result of {self.node.op.name}: only leaves are written in place.")
        if is_array(data):
            check_same_backend(by, self.data, data)
        self.data[...] = data
        self.written(by)

    def written(self, by: str) -> None:
        """Say that the array has been written into: a rule that was going to read the old numbers must not be run."""
        if type(self.node) is Leaf:
            self.node.writer = by
            self.node.modified = Leaf.last_write = next_number()


class HookHandle:
    """Returned by `register_hook`; `remove()` takes the hook off again."""

    __slots__ = ("hook", "node")

    def __init__(self, node: Leaf | Node, hook: Hook) -> None:
        self.node = node
        self.hook = hook
        node.hooks = (*(node.hooks or ()), hook)

    def remove(self) -> None:
        """Take the hook off; a second call does nothing."""
        self.node.hooks = tuple(h for h in self.node.hooks or () if h is not self.hook) or None
