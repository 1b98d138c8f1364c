"""What besides the settings decides a run's last digits: versions, machine, BLAS and its threads."""

from __future__ import annotations

import platform
from typing import Any

import numpy as np

from ..backend import get_backend
from .blas import blas_core, blas_name, blas_threads

__all__ = ["environment"]


def environment(ranks: int = 1) -> dict[str, Any]:
    """Return versions, machine, BLAS and how many ranks train together.

    Where two of these agree, the same seed gives the same run, bit for bit.
    Sums are added up in another order by another number of threads, by another kernel, or by wider instructions of
    another processor, so the last digits differ there.
    """
    from .. import __version__

    return {
        "tinygrad_seq": __version__,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "platform": platform.platform(),
        "blas": blas_name(),
        "blas_threads": blas_threads(),
        "kernels": get_backend("numpy").made_with("LSTMSequence", np.dtype(np.float32)),
        "instructions": instructions(),
        "ranks": ranks,
    }


def instructions() -> str:
    """Return for which processors BLAS and NumPy have chosen their loops here, such as "Haswell, X86_V3"."""
    found = np.show_config(mode="dicts").get("SIMD Extensions", {}).get("found", [])
    return ", ".join([*filter(None, [blas_core()]), *found[-1:]]) or "unknown"
