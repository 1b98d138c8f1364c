"""The matrix products of a training step, counted, and run alone: what no library can be faster than with this BLAS."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Literal, NamedTuple

import numpy as np

from .task import Task

__all__ = ["Gemm", "flops", "floor", "gemms"]

Part = Literal["forward", "backward"]


class Gemm(NamedTuple):
    """`count` products (m, k) (k, n); the factor named by `transposed` lies in memory the other way round."""

    part: Part
    m: int
    k: int
    n: int
    count: int = 1
    transposed: Literal["", "a", "b"] = ""

    @property
    def flops(self) -> int:
        """2 m k n: a product and a sum for each element of either factor's rows."""
        return 2 * self.m * self.k * self.n * self.count


def gemms(task: Task) -> list[Gemm]:
    """Return the products of one step, forward and backward."""
    B, T, H, V, G = task.B, task.T, task.H, task.V, task.gates
    made: list[Gemm] = []
    for layer in range(task.layers):
        made += of_input(task, layer)
        made += [
            Gemm("forward", B, H, G * H, T),
            Gemm("backward", B, G * H, H, T, "b"),
            Gemm("backward", H, T * B, G * H, 1, "a"),
        ]
    return [
        *made,
        Gemm("forward", T * B, H, V),
        Gemm("backward", H, T * B, V, 1, "a"),
        Gemm("backward", T * B, V, H, 1, "b"),
    ]


def of_input(task: Task, layer: int) -> Iterator[Gemm]:
    """Yield a layer's x W_ih, dW_ih and dx. A one-hot x picks rows: no product. A table is multiplied once."""
    H, rows, is_first = task.H, task.T * task.B, layer == 0
    if is_first and task.input == "onehot":
        return
    if is_first and task.input == "embedding":
        rows = min(rows, task.V)
    n = task.gates * H
    yield Gemm("forward", rows, H, n)
    yield Gemm("backward", H, rows, n, 1, "a")
    if not is_first or task.input == "embedding":
        yield Gemm("backward", rows, n, H, 1, "b")


def flops(task: Task, part: Part | None = None) -> int:
    """Return the floating-point operations in a step's products, or in those of one part."""
    return sum(gemm.flops for gemm in gemms(task) if part in {None, gemm.part})


def floor(task: Task) -> Callable[[], None]:
    """Return a function that runs the products of one step into memory that is there already."""
    calls = [(*factors(gemm), gemm.count) for gemm in gemms(task)]

    def run() -> None:
        for a, b, out, count in calls:
            for _ in range(count):
                np.dot(a, b, out=out)

    return run


def factors(gemm: Gemm) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return both factors, as they lie in memory, and room for the product."""
    rng = np.random.default_rng(0)
    m, k, n = gemm.m, gemm.k, gemm.n
    a = rng.standard_normal((k, m) if gemm.transposed == "a" else (m, k)).astype(np.float32)
    b = rng.standard_normal((n, k) if gemm.transposed == "b" else (k, n)).astype(np.float32)
    return a.T if gemm.transposed == "a" else a, b.T if gemm.transposed == "b" else b, np.empty((m, n), np.float32)
