"""Elementwise programs, run in place and block by block: what one block needs stays in the cache."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tinygrad_seq.backend import Program

from .choice import in_use

__all__ = ["runner"]

BLOCK = 2**17  # bytes of each array at a time: with more, seven of them leave the cache; with less, calls outweigh them


def runner(program: Program, dtype: Any) -> Callable[[Sequence[Any]], bool]:
    """Return a function that runs a program on arrays; it returns False, nothing written, for arrays it cannot take.

    It takes contiguous arrays of one shape and of this type; those that are only read may have any layout.
    """
    loop = compiled_runner(program, dtype)
    run = loop or in_blocks(program, dtype)
    written = {call.writes for call in program.calls}

    def run_if_possible(arrays: Sequence[Any]) -> bool:
        shape = arrays[0].shape
        if any(type(x) is not np.ndarray or x.dtype != dtype or x.shape != shape for x in arrays):
            return False
        if not all(arrays[i].flags.carray for i in written if i < len(arrays)):
            return False
        run(arrays)
        return True

    return run_if_possible


def compiled_runner(program: Program, dtype: Any) -> Callable[[Sequence[Any]], None] | None:
    """Return the compiled loop of a program; None where there is none."""
    if not in_use():
        return None
    from .compiled.program import runner

    return runner(program, dtype)


def in_blocks(program: Program, dtype: Any) -> Callable[[Sequence[Any]], None]:
    """Return a function that runs a program by NumPy's calls, a block at a time."""
    size = BLOCK // dtype.itemsize
    calls = [(getattr(np, name), *(*reads, None)[:2], writes) for name, reads, writes in program.calls]
    constants = [np.asarray(c, dtype=dtype) for c in program.constants]
    scratch = [np.empty(size, dtype=dtype) for _ in range(program.scratch)]

    def run(arrays: Sequence[Any]) -> None:
        flat = [x.reshape(-1) for x in arrays]
        for start in range(0, flat[0].size, size):
            block = [x[start : start + size] for x in flat]
            n = len(block[0])
            places = [*block, *constants, *(scratch if n == size else [x[:n] for x in scratch])]
            for f, a, b, at in calls:
                if b is None:
                    f(places[a], out=places[at])
                else:
                    f(places[a], places[b], out=places[at])

    return run
