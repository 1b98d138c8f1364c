"""What besides the settings decides a run's last digits: versions, machine, BLAS and its threads."""

from __future__ import annotations

import platform
from typing import Any

import numpy as np

from .blas import blas_name, blas_threads

__all__ = ["environment"]


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
