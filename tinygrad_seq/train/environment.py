"""What besides the settings decides a run's last digits: versions, machine, BLAS and its threads."""

from __future__ import annotations

import os
import platform
from importlib.util import find_spec
from typing import Any

import numpy as np

__all__ = ["blas_name", "blas_threads", "environment"]

THREAD_VARIABLES = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS", "OMP_NUM_THREADS")


def environment() -> dict[str, Any]:
    """Return versions, machine and BLAS: where two of these agree, the same seed gives the same run, bit for bit.

    Sums are added up in another order by another number of threads, so the last digits differ there.
    """
    from .. import __version__

    return {
        "tinygrad_seq": __version__,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "platform": platform.platform(),
        "blas": blas_name(),
        "blas_threads": blas_threads(),
    }


def blas_name() -> str:
    """Return name and version of the library that multiplies NumPy's matrices."""
    blas = np.show_config(mode="dicts").get("Build Dependencies", {}).get("blas", {})
    return " ".join(str(blas[key]) for key in ("name", "version") if blas.get(key)) or "unknown"


def blas_threads() -> int:
    """Return how many threads BLAS may use: what threadpoolctl measures where it is there, else what it was told."""
    if find_spec("threadpoolctl") is not None:
        from threadpoolctl import threadpool_info

        measured = [library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"]
        if measured:
            return int(max(measured))
    told = (os.environ.get(name, "") for name in THREAD_VARIABLES)
    return next((int(value) for value in told if value.isdecimal() and int(value) > 0), cpus())


def cpus() -> int:
    """Return the number of CPUs that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
