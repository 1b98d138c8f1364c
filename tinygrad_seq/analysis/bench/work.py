"""What a computation has to do at least: operations and bytes, counted on its recorded graph.

The graph is that of the reference composition, forward and backward. A product (m, k) (k, n) counts 2 m n k; anything
else that computes counts one for each element of the largest array that it reads or writes, a softmax five (largest,
difference, exponential, sum, quotient); what only moves numbers counts nothing. Bytes are those of each floating array
that comes from outside, read once, and of each result, written once: less cannot be moved, unless a cache still holds
it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from math import prod
from typing import Any, NamedTuple

import numpy as np

from ...backend import Program
from ...record import Entry, Record, record
from ...tensor import Tensor

__all__ = ["Work", "at_size", "of_program", "recorded", "work"]

MOVES = frozenset((
    "astype", "broadcast_to", "carry", "concat", "expand_dims", "flip", "getitem", "matrix_transpose", "pad",
    "permute_dims", "reshape", "split", "squeeze", "stack", "tril", "triu", "unindex",
))  # fmt: skip
PASSES = {"softmax": 5, "log_softmax": 5, "logsumexp": 4}


class Work(NamedTuple):
    """Operations in matrix products, operations elsewhere, and bytes."""

    products: int = 0
    others: int = 0
    bytes: int = 0

    @property
    def flops(self) -> int:
        """All operations."""
        return self.products + self.others

    def plus(self, more: Work) -> Work:
        """Return the sum of both."""
        return Work(*(a + b for a, b in zip(self, more, strict=True)))


def recorded(compute: Callable[[], Mapping[str, Tensor]]) -> Work:
    """Return the work of a computation, recorded as it runs, by its reference composition.

    >>> import tinygrad_seq as tg
    >>> x, W = tg.randn(5, 4), tg.randn(4, 3)
    >>> recorded(lambda: {"y": x @ W})
    Work(products=120, others=0, bytes=188)
    """
    with record(values=None, gradients=None, expand=True) as tape:
        results = compute()
    return work(tape, results.values())


def work(tape: Record, results: Iterable[Tensor]) -> Work:
    """Return the work that a record shows, `results` being what it was done for."""
    products = others = 0
    for entry in tape.nodes:
        if entry.kind == "op":
            inside, outside = operations(entry, [tape.nodes[i] for i in entry.inputs if i is not None], tape)
            products, others = products + inside, others + outside
    read = sum(size(entry) for entry in tape.nodes if entry.kind in ("parameter", "input"))
    written = sum(prod(y.shape) * y.dtype.itemsize for y in results)
    return Work(products, others, read + written)


def operations(entry: Entry, inputs: list[Entry], tape: Record) -> tuple[int, int]:
    """Return the operations of one node, in products and elsewhere."""
    numbers = prod(entry.shape or ())
    if entry.op in MOVES:
        return 0, 0
    if entry.op == "matmul":
        return 2 * numbers * width(inputs[0]), 0
    if entry.op == "linear":  # x W^T + b
        return 2 * numbers * width(inputs[0]), numbers * (len(inputs) == 3)
    if entry.op == "einsum":
        raise NotImplementedError("the work of einsum is not counted")
    if entry.op == "add" and (parts := [x for x in inputs if x.op == "unindex"]):  # what was read of an array of others
        return 0, min(prod(tape.nodes[part.inputs[0] or 0].shape or ()) for part in parts)
    return 0, max([numbers, *(prod(x.shape or ()) for x in inputs)]) * PASSES.get(entry.op, 1)


def width(entry: Entry) -> int:
    """Return the length of the last axis."""
    return (entry.shape or (0,))[-1]


def of_program(program: Program, numbers: int, itemsize: int) -> Work:
    """Return the work of an elementwise program over arrays of so many numbers."""
    written = {call.writes for call in program.calls if call.writes < program.arrays}
    return Work(0, len(program.calls) * numbers, (program.arrays + len(written)) * numbers * itemsize)


def size(entry: Entry) -> int:
    """Return the bytes of a floating array, 0 for any other."""
    dtype = np.dtype(entry.dtype)
    return prod(entry.shape or ()) * dtype.itemsize if dtype.kind == "f" else 0


def at_size(small: Callable[[int, int], Work], T: int, B: int) -> Work:
    """Return the work over T steps and B rows from that of four small recordings, `small(T, B)`.

    Every array has a row for each step, for each sequence, for both, or for neither, and every node is there once, or
    once a step: so each count is a + b T + c B + d T B, and four of them tell a, b, c and d.
    """
    low, longer, wider, both = (small(t, b) for t, b in ((2, 2), (3, 2), (2, 3), (3, 3)))

    def extended(n: Any) -> int:
        f, f_T, f_B, f_TB = n
        return f + (T - 2) * (f_T - f) + (B - 2) * (f_B - f) + (T - 2) * (B - 2) * (f_TB - f_T - f_B + f)

    return Work(*map(extended, zip(low, longer, wider, both, strict=True)))
