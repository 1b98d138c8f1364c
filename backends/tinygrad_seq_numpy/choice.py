"""Which kernels run: the compiled ones where numba is installed and nothing speaks against it."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.util import find_spec
from typing import Any

import numpy as np

from tinygrad_seq.backend import Kernel

from .kernels.sequence import SequenceKernel

__all__ = ["SWITCH", "Kernels", "in_use"]

SWITCH = "TINYGRAD_SEQ_NUMBA"


class Kernels(Mapping[str, Kernel]):
    """The kernels by the name of their operation; numba is imported when the first one of a sequence is asked for."""

    def __init__(self, plain: Mapping[str, Kernel]) -> None:
        self.plain = plain

    def __getitem__(self, name: str) -> Kernel:
        kernel = self.plain[name]
        if not (isinstance(kernel, SequenceKernel) or is_imported()) or obstacle():  # in this order: see `in_use`
            return kernel
        return compiled().get(name, kernel)

    def __iter__(self) -> Iterator[str]:
        return iter(self.plain)

    def __len__(self) -> int:
        return len(self.plain)

    def made_with(self, name: str, dtype: Any) -> str:
        """Return what computes on arrays of this type, and why nothing faster does."""
        reason = obstacle()
        if not reason:
            kernel: Any = compiled().get(name)
            reason = f"none is compiled for {name}" if kernel is None else kernel.obstacle(np.dtype(dtype))
        if reason:
            return f"in plain NumPy, because {reason}"
        is_sequence = isinstance(self.plain[name], SequenceKernel)
        return f"{compiled_with()}{'; one step alone in plain NumPy' if is_sequence else ', once a sequence has run'}"


def obstacle() -> str:
    """Return what keeps the compiled kernels from running, empty where nothing does."""
    return f"{SWITCH}=0 says so" if os.environ.get(SWITCH) == "0" else missing()


@cache
def missing() -> str:
    """Return what is not installed, or does not work."""
    if find_spec("numba") is None:
        return "numba is not installed (the extra [fast])"
    try:
        from .compiled import check

        check()
    except Exception as e:  # noqa: BLE001  whatever is wrong with numba, NumPy computes the same
        return f"numba does not work here ({type(e).__name__}: {e})"
    return ""


def in_use() -> bool:
    """Tell whether a sequence has brought numba in: what is too small to be worth its import then goes along."""
    return is_imported() and not obstacle()


def is_imported() -> bool:
    return f"{__package__}.compiled" in sys.modules


@cache
def compiled() -> Mapping[str, Kernel]:
    """Return the compiled kernels; the first call imports numba."""
    from .compiled import KERNELS

    return KERNELS


def compiled_with() -> str:
    """Return the compiler, and on how many threads its code runs."""
    import numba

    from .compiled.shards import threads

    n = threads()
    return f"compiled by numba {numba.__version__}, on {n} thread{'s' * (n > 1)}"
