"""The clock and the memory of one process."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import process_time
from typing import Any

__all__ = ["ONE_THREAD", "clock", "cores", "grown", "on_threads", "peak"]

clock = process_time  # CPU seconds: what other processes do meanwhile does not count, a second thread would count twice

PROCESS = Path("/proc/self")


def on_threads(n: int) -> dict[str, str]:
    """Return the environment in which a process computes on n threads."""
    return dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"), str(n))


ONE_THREAD = on_threads(1)


@contextmanager
def cores(n: int) -> Iterator[None]:
    """Inside the block this process sees n cores at most (Linux; elsewhere all of them)."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    own = os.sched_getaffinity(0)
    os.sched_setaffinity(0, sorted(own)[:n])
    try:
        yield
    finally:
        os.sched_setaffinity(0, own)


def grown(f: Callable[[], Any]) -> tuple[Any, float | None]:
    """Return what `f` returns, and by how many MB the resident memory peaked above its start (None outside Linux)."""
    gc.collect()
    if not (PROCESS / "clear_refs").exists():
        return f(), None
    (PROCESS / "clear_refs").write_text("5")  # the peak so far, of the imports, is forgotten
    before = resident("VmRSS")
    result = f()
    return result, resident("VmHWM") - before


def peak() -> float | None:
    """Return the most MB that this process ever had, its libraries included (None outside Linux)."""
    return resident("VmHWM") if PROCESS.exists() else None


def resident(field: str) -> float:
    """Return one of the sizes in /proc/self/status in MB."""
    lines = (PROCESS / "status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(field)) / 1024
