"""The library that multiplies NumPy's matrices, and on how many threads."""

from __future__ import annotations

import os
from collections.abc import Callable
from ctypes import CDLL, c_char_p
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

__all__ = ["blas_core", "blas_name", "blas_threads", "use_one_thread"]

THREAD_VARIABLES = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS", "OMP_NUM_THREADS")


def blas_name() -> str:
    """Return name and version of the library."""
    blas = np.show_config(mode="dicts").get("Build Dependencies", {}).get("blas", {})
    return " ".join(str(blas[key]) for key in ("name", "version") if blas.get(key)) or "unknown"


def blas_threads() -> int:
    """Return how many threads the library may use: what it says itself, else what it was told, else one per CPU."""
    ask = openblas("get_num_threads")
    return int(ask()) if ask is not None else told() or cpus()


def blas_core() -> str:
    """Return the kind of processor that OpenBLAS computes for; empty where it is another library, or does not say."""
    ask = openblas("get_corename")
    if ask is None:
        return ""
    ask.restype = c_char_p  # type: ignore[attr-defined]
    return bytes(ask()).decode()


def use_one_thread() -> None:
    """Take one thread, unless an environment variable such as `OPENBLAS_NUM_THREADS` says how many.

    The matrices of a small net are too small to share, and threads that wait for one another spin: on two cores that
    other programs use too, a step on two threads can take a hundred times as long as on one.
    """
    order = openblas("set_num_threads")
    if order is not None and not told():
        order(1)


def told() -> int:
    """Return the number of threads that the environment asks for, 0 where it says nothing."""
    values = (os.environ.get(name, "") for name in THREAD_VARIABLES)
    return next((int(value) for value in values if value.isdecimal()), 0)


def openblas(function: str) -> Callable[..., Any] | None:
    """Return a function of the OpenBLAS that NumPy's wheels carry, None where NumPy has another library."""
    package = Path(np.__file__).parent
    folders = (package.with_name("numpy.libs"), package / ".dylibs")
    for path in (path for folder in folders for path in sorted(folder.glob("*openblas*"))):
        for prefix, suffix in product(("scipy_openblas", "openblas"), ("64_", "")):
            found = getattr(CDLL(str(path)), f"{prefix}_{function}{suffix}", None)
            if found is not None:
                return found
    return None


def cpus() -> int:
    """Return the number of CPUs that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
