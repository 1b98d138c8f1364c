"""NumPy's BLAS, which makes the products over all rows of a sequence: one thread of it for each of ours."""

from __future__ import annotations

from ctypes import CDLL
from functools import cache
from pathlib import Path

import numpy as np

__all__ = ["use_one_thread"]


@cache
def use_one_thread() -> None:
    """Put BLAS on one thread, for good: the threads are the shards' from now on.

    After a product its threads wait for the next one busily, on the CPUs that the shards need: with two threads for
    BLAS between the passes, a training step took 20 to 25 ms where it takes 13 without.
    """
    package = Path(np.__file__).parent
    for folder in (package.with_name("numpy.libs"), package / ".dylibs"):  # the OpenBLAS that NumPy's wheels carry
        for path in sorted(folder.glob("*openblas*")):
            for name in ("scipy_openblas_set_num_threads64_", "openblas_set_num_threads64_"):
                order = getattr(CDLL(str(path)), name, None)
                if order is not None:
                    order(1)
                    return
