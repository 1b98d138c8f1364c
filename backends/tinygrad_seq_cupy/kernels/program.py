"""Elementwise programs as one kernel each: every array is read once and written once, whatever the optimizer.

One launch takes all parameters of an update: their arrays are its arguments, wherever they lie.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numpy as np

from tinygrad_seq.backend import Call, Program

from .device import Device
from .sources import Function, text

__all__ = ["runner"]

ROOM = 3_900  # bytes of a kernel's arguments; some of the 4,096 are for constants
TEXT = {
    "abs": "{0} < 0 ? -{0} : {0}",
    "add": "{0} + {1}",
    "divide": "{0} / {1}",
    "exp": "exp({0})",
    "maximum": "{0} > {1} || {0} != {0} ? {0} : {1}",
    "minimum": "{0} < {1} || {0} != {0} ? {0} : {1}",
    "multiply": "{0} * {1}",
    "negative": "-{0}",
    "positive": "{0}",
    "sign": "{0} != {0} ? {0} : real(({0} > 0) - ({0} < 0))",
    "sqrt": "sqrt({0})",
    "subtract": "{0} - {1}",
}


def runner(
    on: Device, owned: type[Any], program: Program, dtype: Any
) -> Callable[[Sequence[Sequence[Any]]], list[bool]] | None:
    """Return a function that runs a program on sets of arrays of class `owned`; None for a type no kernel knows.

    It tells of which sets it could. To those that it cannot take nothing is written: arrays of another shape or type,
    or written ones that are not contiguous.
    """
    dtype = np.dtype(dtype)
    if dtype not in (np.float32, np.float64):
        return None
    written = {call.writes for call in program.calls if call.writes < program.arrays}
    constants = [dtype.type(c) for c in program.constants]
    together = ROOM // (8 * program.arrays + 4)

    def plain(arrays: Sequence[Any]) -> list[Any] | None:
        """Return a set of arrays in C order, None where it cannot be taken."""
        shape = arrays[0].shape
        if any(type(x) is not owned or x.dtype != dtype or x.shape != shape for x in arrays):
            return None
        found = [on.contiguous(x, dtype) for x in arrays]
        return None if any(found[i] is not arrays[i] for i in written) else found

    def run(sets: Sequence[Sequence[Any]]) -> list[bool]:
        taken = [plain(arrays) for arrays in sets]
        able = [arrays for arrays in taken if arrays is not None]
        for first in range(0, len(able), together):
            some = able[first : first + together]
            sizes = [arrays[0].size for arrays in some]
            kernel = written_out(program.calls, program.arrays, len(constants), program.scratch, len(some))
            blocks = sum(-(-n // on.threads) for n in sizes)
            on.launch(kernel, dtype, blocks, *(x for arrays in some for x in arrays), *sizes, *constants, rows=True)
        return [arrays is not None for arrays in taken]

    return run


@cache
def written_out(calls: tuple[Call, ...], arrays: int, constants: int, scratch: int, sets: int) -> Function:
    """Return the kernel of a program for so many sets of arrays, of any sizes; every block works on one of them.

    The values of its constants are arguments: a new learning rate is no new text.
    """
    written = sorted({call.writes for call in calls if call.writes < arrays})
    kinds = ["real*" if i in written else "const real*" for i in range(arrays)]
    pointers = [f"{kind} a{i}_{k}" for k in range(sets) for i, kind in enumerate(kinds)]
    sizes = [f"int n_{k}" for k in range(sets)]
    numbers = [f"real v{arrays + i}" for i in range(constants)]
    first_scratch = arrays + constants
    read = {i for call in calls for i in call.reads}
    used = [i for i in range(arrays) if i in read or i in written]
    lines = [
        "int block = blockIdx.x, n = 0;",
        *(f"{kinds[i]} a{i} = nullptr;" for i in used),
        "do {",
        *(line for k in range(sets) for line in pick(k, used)),
        "} while (false);",
        "const int at = block * THREADS + threadIdx.x;",
        "if (at >= n) return;",
        *(f"real v{i} = a{i}[at];" if i in read else f"real v{i};" for i in used),
        *(f"real v{first_scratch + i};" for i in range(scratch)),
        *(f"v{call.writes} = {TEXT[call.name].format(*(f'v{i}' for i in call.reads))};" for call in calls),
        *(f"a{i}[at] = v{i};" for i in written),
    ]
    body = "\n    ".join(lines)
    source = (
        f"{text('common.cuh')}"
        "__device__ __forceinline__ int blocks_of(int n) { return (n + THREADS - 1) / THREADS; }\n\n"
        f'extern "C" __global__ void program({", ".join([*pointers, *sizes, *numbers])})\n{{\n    {body}\n}}\n'
    )
    return Function("program", source)


def pick(k: int, used: list[int]) -> list[str]:
    """Return the lines that take set k, if this block belongs to it."""
    pointers = " ".join(f"a{i} = a{i}_{k};" for i in used)
    return [
        f"    if (block < blocks_of(n_{k})) {{ n = n_{k}; {pointers} break; }}",
        f"    block -= blocks_of(n_{k});",
    ]
