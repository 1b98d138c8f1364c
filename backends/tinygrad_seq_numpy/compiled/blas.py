"""NumPy's BLAS, which makes the products over all rows of a sequence: one thread of it for each of ours."""

from __future__ import annotations

from ctypes import CDLL
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

__all__ = ["use_one_thread"]


@cache
def openblas() -> tuple[Any, str, str]:
    """Return the OpenBLAS with integers of 64 bits that NumPy's wheels carry, and how its names begin and end."""
    package = Path(np.__file__).parent
    for folder in (package.with_name("numpy.libs"), package / ".dylibs"):
        for path in sorted(folder.glob("*openblas*")):
            library = CDLL(str(path))
            for prefix in ("scipy_", ""):
                if hasattr(library, f"{prefix}cblas_sgemm64_"):
                    return library, prefix, "64_"
    return None, "", ""


@cache
def use_one_thread() -> None:
    """Put BLAS on one thread, for good: the threads are the shards' from now on.

    After a product its threads wait for the next one busily, on the CPUs that the shards need: with two threads for
    BLAS between the passes, a training step took 20 to 25 ms where it takes 13 without.
    """
    library, prefix, suffix = openblas()
    if library is not None:
        getattr(library, f"{prefix}openblas_set_num_threads{suffix}")(1)
