"""Rows of a batch are independent sequences: each thread takes some of them through all steps."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from .blas import use_one_thread

__all__ = ["in_shards", "threads"]

VARIABLES = ("NUMBA_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS")
SMALL = 2**23  # multiplications, 0.2 ms: below, waking a thread and waiting for it costs as much as it saves


class Pool:
    """The threads of this process, made when they are first needed; a forked child makes its own."""

    def __init__(self) -> None:
        self.executor: ThreadPoolExecutor | None = None
        self.size = 0
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self.forget)

    def forget(self) -> None:
        self.executor, self.size = None, 0

    def of(self, size: int) -> ThreadPoolExecutor:
        """Return at least so many threads."""
        if self.executor is None or self.size < size:
            self.executor, self.size = ThreadPoolExecutor(size, "tinygrad_seq"), size
        return self.executor


pool = Pool()


def threads() -> int:
    """Return how many threads to use: what the environment says, else one for each CPU of this process."""
    for name in VARIABLES:
        value = os.environ.get(name, "")
        if value.isdecimal() and int(value):
            return int(value)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def in_shards(work: Callable[[int, int], Any], n: int, multiplications: int) -> None:
    """Call work(first, stop) on parts of n rows, one part a thread; little work stays on this one."""
    count = min(threads(), n) if multiplications > SMALL else 1
    ends = [n * k // count for k in range(1, count + 1)] if n else []
    starts = [0, *ends[:-1]]
    if len(ends) < 2:
        if n:
            work(0, n)
        return
    use_one_thread()
    executor = pool.of(count - 1)
    others = [executor.submit(work, first, stop) for first, stop in zip(starts[1:], ends[1:], strict=True)]
    try:
        work(starts[0], ends[0])
    finally:
        for other in others:
            other.result()
