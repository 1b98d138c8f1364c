"""Products with one matrix many times: it is laid out once in the order in which the product reads it."""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

import numpy as np
from llvmlite import ir
from numba import cfunc, types
from numba.extending import intrinsic

from ..kernels.memory import empty
from .jit import OPTIONS, SOURCES, compiled, compiled_and_kept
from .tile import BYTES, ROWS, tile

__all__ = ["Packed", "packed", "times"]

KINDS = {np.dtype(np.float32): types.float32, np.dtype(np.float64): types.float64}
DEPTH = 512  # rows of the matrix that are gone through at a time: with them a strip just fits the first cache


class Packed(NamedTuple):
    """A matrix (K, n) in strips as wide as a tile, filled up with zeros, and the address of the product.

    Up to DEPTH rows of all strips come first, then the next rows: a strip of that many lies in one piece.
    """

    strips: np.ndarray
    product: int


def packed(W: np.ndarray) -> Packed:
    """Return W (K, n) packed."""
    (K, n), width = W.shape, BYTES // W.itemsize
    strips = empty((-(-n // width) * K * width,), W.dtype)
    in_strips(W, strips)
    return Packed(strips, product(W.dtype).address)


def in_strips_of(sources: str) -> Any:
    @compiled_and_kept
    def in_strips(W: Any, out: Any) -> None:
        _ = sources
        (K, n), width = W.shape, BYTES // W.itemsize
        strips = (n + width - 1) // width
        for start in range(0, K, DEPTH):
            depth = min(DEPTH, K - start)
            for s in range(strips):
                block = W[start : start + depth, s * width : (s + 1) * width]
                strip = out[(start * strips + s * depth) * width :][: depth * width].reshape(depth, width)
                if block.shape[1] == width:
                    for k in range(depth):
                        for j in range(width):
                            strip[k, j] = block[k, j]
                else:
                    strip[:, : block.shape[1]] = block
                    strip[:, block.shape[1] :] = 0

    return in_strips


in_strips = in_strips_of(SOURCES)


@compiled
def times(a: Any, W: Any, out: Any, add: Any) -> None:
    """out = a W, or out = out + a W, with W packed; the rows of a and `out` lie at any distance."""
    (B, K), n, size = a.shape, out.shape[1], a.itemsize
    edge = np.empty((ROWS, BYTES // size), a.dtype)
    call(W.product, a, a.strides[0] // size, W.strips, out, out.strides[0] // size, edge, B, K, n, int(add))


def _call(
    context: Any,
    product: Any,
    a: Any,
    row_a: Any,
    W: Any,
    out: Any,
    row_out: Any,
    edge: Any,
    B: Any,
    K: Any,
    n: Any,
    add: Any,
) -> Any:
    """Call the product by its address: so it is compiled once, and not again with every loop that multiplies."""
    count = types.intp
    signature = types.void(count, a, count, W, out, count, edge, count, count, count, count)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        address, *given = (
            context.make_array(kind)(context, builder, value).data if isinstance(kind, types.Array) else value
            for kind, value in zip(signature.args, arguments, strict=True)
        )
        function = ir.FunctionType(ir.VoidType(), [value.type for value in given])
        builder.call(builder.inttoptr(address, function.as_pointer()), given)
        return context.get_dummy_value()

    return signature, generate


call: Any = intrinsic(_call)


@cache
def product(dtype: Any) -> Any:
    """Return the product for numbers of a type; `edge` is memory for a tile that `out` does not fill."""
    width, sources = BYTES // dtype.itemsize, SOURCES

    def multiply(
        a: Any, row_a: Any, W: Any, out: Any, row_out: Any, edge: Any, B: Any, K: Any, n: Any, add: Any
    ) -> None:
        _ = sources
        strips, tiles = (n + width - 1) // width, (B + ROWS - 1) // ROWS
        for start in range(0, K, DEPTH):
            depth, adds = min(DEPTH, K - start), add or start > 0
            for s in range(strips):
                at, column, here = (start * strips + s * depth) * width, s * width, min(width, n - s * width)
                first = 0
                for i in range(1, tiles + 1):
                    stop = B * i // tiles  # as even as can be: a tile of few rows is slow
                    rows, at_a, at_out = stop - first, first * row_a + start, first * row_out + column
                    if here == width:
                        tile(rows, a, at_a, row_a, W, at, depth, out, at_out, row_out, adds)
                    else:
                        if adds:
                            copy(out, at_out, row_out, edge, 0, width, rows, here)
                        tile(rows, a, at_a, row_a, W, at, depth, edge, 0, width, adds)
                        copy(edge, 0, width, out, at_out, row_out, rows, here)
                    first = stop

    numbers, count = types.CPointer(KINDS[dtype]), types.intp
    signature = types.void(numbers, count, numbers, numbers, count, numbers, count, count, count, count)
    return cfunc(signature, cache=True, **OPTIONS)(multiply)


@compiled
def copy(x: Any, at_x: Any, row_x: Any, y: Any, at_y: Any, row_y: Any, rows: Any, n: Any) -> None:
    for r in range(rows):
        for j in range(n):
            y[at_y + r * row_y + j] = x[at_x + r * row_x + j]
