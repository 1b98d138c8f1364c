"""The clock and the memory of one process."""

from __future__ import annotations

import gc
from collections.abc import Callable
from pathlib import Path
from time import process_time
from typing import Any

__all__ = ["ONE_THREAD", "clock", "grown"]

clock = process_time  # CPU seconds: what other processes do meanwhile does not count, a second thread would count twice

ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")

PROCESS = Path("/proc/self")


def grown(f: Callable[[], Any]) -> tuple[Any, float | None]:
    """Return what `f` returns, and by how many MB the resident memory peaked above its start (None outside Linux)."""
    gc.collect()
    if not (PROCESS / "clear_refs").exists():
        return f(), None
    (PROCESS / "clear_refs").write_text("5")  # the peak so far, of the imports, is forgotten
    before = resident("VmRSS")
    result = f()
    return result, resident("VmHWM") - before


def resident(field: str) -> float:
    """Return one of the sizes in /proc/self/status in MB."""
    lines = (PROCESS / "status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(field)) / 1024
