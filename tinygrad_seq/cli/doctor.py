"""`tinygrad-seq doctor`."""

from __future__ import annotations

import platform
import sys
from collections.abc import Iterator

import numpy as np
import typer

from ..backend import get_backend
from ..train.blas import blas_name, blas_threads
from .backend import automatic
from .checks import Finding, cupy, dot, extras, package, requirements
from .debug import DebugOption

__all__ = ["doctor"]

OLDEST_PYTHON = (3, 11)


def doctor(debug: DebugOption = False) -> None:
    """See what this machine has, what is missing, and the one command that mends it. Nothing is changed.

    - `tinygrad-seq doctor`
    """
    broken = False
    for finding in findings():
        print(f"{finding.what + ':':<14} {finding.state}")
        if finding.cure:
            print(f"{'':<14} to mend it: {finding.cure}")
        broken |= finding.is_broken
    if broken:
        print("\nNot ready: run what is told above.")
        raise typer.Exit(1)
    print("\nReady. Next: tinygrad-seq demo")


def findings() -> Iterator[Finding]:
    """Look at everything, in the order in which it matters."""
    is_old = sys.version_info < OLDEST_PYTHON
    needs = ", which is too old: 3.11 is needed" if is_old else ""
    yield Finding("Python", f"{platform.python_version()} ({sys.executable}){needs}", is_broken=is_old)
    yield package()
    yield Finding("NumPy", np.__version__)
    threads = blas_threads()
    yield Finding("BLAS", f"{blas_name()}, {threads} thread{'s' * (threads > 1)} (OPENBLAS_NUM_THREADS sets how many)")
    for what, kernel in (("kernels", "LSTMSequence"), ("loss, updates", "CrossEntropy")):
        yield Finding(what, get_backend("numpy").made_with(kernel, np.dtype(np.float32)))
    yield cupy()
    yield Finding("backend", "auto takes {0.name}: {0.reason}".format(automatic()))
    yield dot()
    yield from extras(requirements())
