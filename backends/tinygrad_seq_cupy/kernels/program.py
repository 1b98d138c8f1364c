"""Elementwise programs as one kernel each: every array is read once and written once, whatever the optimizer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numpy as np

from tinygrad_seq.backend import Call, Program

from .device import Device
from .sources import Function, text

__all__ = ["runner"]

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
    kernel = written_out(program.calls, program.arrays, len(program.constants), program.scratch)
    written = {call.writes for call in program.calls if call.writes < program.arrays}
    constants = [dtype.type(c) for c in program.constants]

    def run_one(arrays: Sequence[Any]) -> bool:
        shape = arrays[0].shape
        if any(type(x) is not owned or x.dtype != dtype or x.shape != shape for x in arrays):
            return False
        plain = [on.contiguous(x, dtype) for x in arrays]
        if any(plain[i] is not arrays[i] for i in written):
            return False
        n = arrays[0].size
        on.launch(kernel, dtype, n, *plain, *constants, n)
        return True

    return lambda sets: [run_one(arrays) for arrays in sets]


@cache
def written_out(calls: tuple[Call, ...], arrays: int, constants: int, scratch: int) -> Function:
    """Return the kernel of a program. The values of its constants are arguments: a new learning rate is no new text."""
    written = sorted({call.writes for call in calls if call.writes < arrays})
    pointers = [f"{'' if i in written else 'const '}real* a{i}" for i in range(arrays)]
    numbers = [f"real v{arrays + i}" for i in range(constants)]
    first_scratch = arrays + constants
    read = {i for call in calls for i in call.reads}
    lines = [
        *(f"real v{i} = a{i}[at];" if i in read else f"real v{i};" for i in range(arrays) if i in read or i in written),
        *(f"real v{first_scratch + i};" for i in range(scratch)),
        *(f"v{call.writes} = {TEXT[call.name].format(*(f'v{i}' for i in call.reads))};" for call in calls),
        *(f"a{i}[at] = v{i};" for i in written),
    ]
    body = "\n    ".join(lines)
    source = (
        f'{text("common.cuh")}extern "C" __global__ void program({", ".join([*pointers, *numbers, "int n"])})\n{{\n'
        f"    const int at = blockIdx.x * blockDim.x + threadIdx.x;\n    if (at >= n) return;\n    {body}\n}}\n"
    )
    return Function("program", source)
