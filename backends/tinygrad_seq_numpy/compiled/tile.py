"""The innermost loop of a product of matrices: a tile of the result stays in the registers of the processor.

A turn of the loop reads two vectors of the packed factor and one number of each of up to six rows of the other one.
The twelve vectors of sums are enough to hide how long a multiplication takes, and with those that are read they just
fit the sixteen registers of AVX2. LLVM does not find this by itself, so it is told.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from . import lanes
from .jit import compiled

__all__ = ["BYTES", "ROWS", "tile"]

ROWS, VECTORS = 6, 2  # of a tile
COUNT, LANE = ir.IntType(64), ir.IntType(32)


BYTES = VECTORS * lanes.BYTES  # of a row of a tile


def tile_of(rows: int) -> Callable[..., None]:
    """Return c = a b, or c = c + a b, for a tile of so many rows."""

    def typed(
        context: Any, a: Any, at_a: Any, row_a: Any, b: Any, at_b: Any, k: Any, c: Any, at_c: Any, row_c: Any, add: Any
    ) -> Any:
        n = types.intp
        return types.void(a, n, n, b, n, n, c, n, n, types.boolean), generate

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        a, at_a, row_a, b, at_b, k, c, at_c, row_c, add = arguments
        kind = signature.args[0].dtype
        number, size = context.get_value_type(kind), kind.bitwidth // 8
        vector = ir.VectorType(number, lanes.BYTES // size)
        zero, nothing = ir.Constant(vector, [0.0] * vector.count), ir.Constant(vector, ir.Undefined)
        everywhere = ir.Constant(ir.VectorType(LANE, vector.count), [0] * vector.count)

        def row(start: Any, stride: Any, r: int) -> Any:
            return builder.gep(start, [builder.mul(stride, COUNT(r))])

        def part(start: Any, j: int) -> Any:
            return builder.bitcast(builder.gep(start, [COUNT(j * vector.count)]), vector.as_pointer())

        rows_a = [row(builder.gep(a, [at_a]), row_a, r) for r in range(rows)]
        start_b = builder.gep(b, [at_b])
        parts_c = [part(row(builder.gep(c, [at_c]), row_c, r), j) for r in range(rows) for j in range(VECTORS)]
        adds = cgutils.is_not_null(builder, add)
        sums = [
            cgutils.alloca_once_value(builder, builder.select(adds, builder.load(place, align=size), zero))
            for place in parts_c
        ]
        with cgutils.for_range(builder, k) as turn:
            row_b = builder.gep(start_b, [builder.mul(turn.index, COUNT(VECTORS * vector.count))])
            vectors = [builder.load(part(row_b, j), align=size) for j in range(VECTORS)]
            for r in range(rows):
                one = builder.insert_element(nothing, builder.load(builder.gep(rows_a[r], [turn.index])), LANE(0))
                factor = builder.shuffle_vector(one, nothing, everywhere)
                for j, other in enumerate(vectors):
                    product = builder.fmul(factor, other, flags=["contract"])
                    total = sums[r * VECTORS + j]
                    builder.store(builder.fadd(builder.load(total), product, flags=["contract"]), total)
        for place, total in zip(parts_c, sums, strict=True):
            builder.store(builder.load(total), place, align=size)
        return context.get_dummy_value()

    return intrinsic(typed)


tile_1, tile_2, tile_3, tile_4, tile_5, tile_6 = (tile_of(rows) for rows in range(1, ROWS + 1))


@compiled
def tile(
    rows: Any, a: Any, at_a: Any, row_a: Any, b: Any, at_b: Any, k: Any, c: Any, at_c: Any, row_c: Any, add: Any
) -> None:
    """c = a b, or c = c + a b, for k columns of some rows of a.

    Each of a, b and c is a pointer, the number of the element where the tile begins, and for a and c the distance of
    the rows; those of b lie one after another.
    """
    if rows == 6:
        tile_6(a, at_a, row_a, b, at_b, k, c, at_c, row_c, add)
    elif rows == 5:
        tile_5(a, at_a, row_a, b, at_b, k, c, at_c, row_c, add)
    elif rows == 4:
        tile_4(a, at_a, row_a, b, at_b, k, c, at_c, row_c, add)
    elif rows == 3:
        tile_3(a, at_a, row_a, b, at_b, k, c, at_c, row_c, add)
    elif rows == 2:
        tile_2(a, at_a, row_a, b, at_b, k, c, at_c, row_c, add)
    else:
        tile_1(a, at_a, row_a, b, at_b, k, c, at_c, row_c, add)
