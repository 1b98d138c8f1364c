"""Elementwise programs, run in place and block by block: what one block needs stays in the cache."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tinygrad_seq.backend import Program

from .choice import in_use

__all__ = ["runner"]

BLOCK = 2**17  # bytes of each array at a time: with more, seven of them leave the cache; with less, calls outweigh them


def runner(program: Program, dtype: Any) -> Callable[[Sequence[Sequence[Any]]], list[bool]]:
    """Return a function that runs a program on sets of arrays, and tells of which sets it could.

    A set is contiguous arrays of one shape and of this type; those that are only read may have any layout. Nothing is
    written to the others.
    """
    run = compiled_runner(program, dtype) or in_blocks(program, dtype)
    written = sorted({call.writes for call in program.calls if call.writes < program.arrays})

    def fits(arrays: Sequence[Any]) -> bool:
        shape = arrays[0].shape
        for x in arrays:
            if type(x) is not np.ndarray or x.shape != shape or (x.dtype is not dtype and x.dtype != dtype):
                return False
        return all(arrays[i].flags.carray for i in written)

    def run_where_possible(sets: Sequence[Sequence[Any]]) -> list[bool]:
        fit = [fits(arrays) for arrays in sets]
        run([arrays for arrays, it_fits in zip(sets, fit, strict=True) if it_fits])
        return fit

    return run_where_possible


def compiled_runner(program: Program, dtype: Any) -> Callable[[Sequence[Sequence[Any]]], None] | None:
    """Return the compiled loop of a program; None where there is none."""
    if not in_use():
        return None
    from .compiled.program import runner

    return runner(program, dtype)


def in_blocks(program: Program, dtype: Any) -> Callable[[Sequence[Sequence[Any]]], None]:
    """Return a function that runs a program by NumPy's calls, a block at a time."""
    size = BLOCK // dtype.itemsize
    calls = [(getattr(np, name), *(*reads, None)[:2], writes) for name, reads, writes in program.calls]
    constants = [np.asarray(c, dtype=dtype) for c in program.constants]
    scratch = [np.empty(size, dtype=dtype) for _ in range(program.scratch)]

    def run_one(arrays: Sequence[Any]) -> None:
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

    def run(sets: Sequence[Sequence[Any]]) -> None:
        for arrays in sets:
            run_one(arrays)

    return run
