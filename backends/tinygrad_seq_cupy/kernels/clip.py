"""Clipping by the norm of all gradients: two launches for 160 of them, and no wait; the sums stand in clip.cuh."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from math import isinf
from typing import Any

import numpy as np

from .device import Device, working
from .sources import Function, text

__all__ = ["clipped", "written_out"]

TOGETHER = 160  # arrays of a launch: 24 bytes of its arguments each, of which there may be 4,096
BLOCKS = 512  # at most, so that every block can add up what all have found


def clipped(on: Device, arrays: Sequence[Any], max_norm: float) -> tuple[Any, list[Any]]:
    """Return the norm of all arrays together and min(1, max_norm / (norm + 1e-6)) g of each, without a wait.

    The norm is a float64 on the device. Where it is not finite the arrays keep their values. float16 is scaled in
    float32, and rounded.
    """
    of_type: dict[Any, list[int]] = {}
    for i, x in enumerate(arrays):
        of_type.setdefault(working(x), []).append(i)
    groups = [(t, all_[k : k + TOGETHER]) for t, all_ in of_type.items() for k in range(0, len(all_), TOGETHER)]
    given = {i: on.contiguous(arrays[i], dtype) for dtype, some in groups for i in some}
    blocks = [blocks_of(on, [given[i].size for i in some]) for _, some in groups]
    partials, norm, first = on.empty((sum(blocks),), "float64"), on.empty((), "float64"), 0
    for (dtype, some), count in zip(groups, blocks, strict=True):
        kernel = written_out("clip_squares", len(some))
        each = [part for i in some for part in (given[i], given[i].size)]
        on.launch(kernel, dtype, count, partials, first, *each, rows=True)
        first += count
    bound = (partials, first, np.float64(max_norm), norm)
    if isinf(max_norm):
        on.launch(written_out("clip_scale", 0), np.float32, 1, *bound, rows=True)
        return norm, list(arrays)
    made = {i: on.empty(x.shape, x.dtype) for i, x in given.items()}
    for (dtype, some), count in zip(groups, blocks, strict=True):
        each = [part for i in some for part in (given[i], made[i], given[i].size)]
        on.launch(written_out("clip_scale", len(some)), dtype, count, *bound, *each, rows=True)
    return norm, [on.xp.astype(made[i], x.dtype) for i, x in enumerate(arrays)]


def blocks_of(on: Device, sizes: Sequence[int]) -> int:
    return max(1, min(BLOCKS, -(-max(sizes) // on.threads)))


@cache
def written_out(name: str, arrays: int) -> Function:
    """Return a kernel for so many arrays: `clip_squares` or `clip_scale`."""
    k = range(arrays)
    squares = [f"const real* g{i}, int n{i}" for i in k]
    scaled = [f"const real* g{i}, real* y{i}, int n{i}" for i in k]
    parameters, lines = {
        "clip_squares": (
            ["double* partials", "int first", *squares],
            [
                f"const double sum = together({' + '.join(f'squares(g{i}, n{i})' for i in k)});",
                "if (threadIdx.x == 0) partials[first + blockIdx.x] = sum;",
            ],
        ),
        "clip_scale": (
            ["const double* partials", "int count", "double max_norm", "double* norm", *scaled],
            [
                f"{'const real scale = ' if arrays else ''}scale_of(partials, count, max_norm, norm);",
                *(f"scaled(g{i}, y{i}, n{i}, scale);" for i in k),
            ],
        ),
    }[name]
    head, body = f'extern "C" __global__ void {name}({", ".join(parameters)})', "\n    ".join(lines)
    return Function(name, f"{text('common.cuh')}{text('clip.cuh')}\n{head}\n{{\n    {body}\n}}\n")
