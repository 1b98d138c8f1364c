"""Equations, written for one number, compiled for a processor's vector of them.

Left to itself, LLVM vectorises a loop only if it can check that no array overlaps another one, and gives up beyond four
arrays: a cell's equations would be a dozen loops, each with its checks. Here one loop does them all.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from llvmlite.binding import get_host_cpu_features
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

__all__ = ["BYTES", "Lanes", "by_lanes"]

COUNT = ir.IntType(64)


def length_of_a_vector() -> int:
    """Return the bytes of this processor's vectors."""
    has = get_host_cpu_features()
    return 64 if has.get("avx512f") else 32 if has.get("avx2") else 16


BYTES = length_of_a_vector()


class Lanes:
    """Some numbers at once, or one, in compiled code; a product that goes into a sum is rounded once."""

    def __init__(self, builder: Any, value: Any) -> None:
        self.builder, self.value = builder, value

    @property
    def is_double(self) -> bool:
        """Tell whether these are numbers of 64 bits."""
        return getattr(self.value.type, "element", self.value.type) == ir.DoubleType()

    def of(self, other: Any) -> Any:
        """Return the value of the other side: that of lanes, or a constant in each of them."""
        if isinstance(other, Lanes):
            return other.value
        kind = self.value.type
        return ir.Constant(kind, [float(other)] * kind.count if isinstance(kind, ir.VectorType) else float(other))

    def __add__(self, other: Any) -> Lanes:
        return Lanes(self.builder, self.builder.fadd(self.value, self.of(other), flags=["contract"]))

    def __radd__(self, other: Any) -> Lanes:
        return self + other

    def __sub__(self, other: Any) -> Lanes:
        return Lanes(self.builder, self.builder.fsub(self.value, self.of(other), flags=["contract"]))

    def __rsub__(self, other: Any) -> Lanes:
        return Lanes(self.builder, self.builder.fsub(self.of(other), self.value, flags=["contract"]))

    def __mul__(self, other: Any) -> Lanes:
        return Lanes(self.builder, self.builder.fmul(self.value, self.of(other), flags=["contract"]))

    def __rmul__(self, other: Any) -> Lanes:
        return self * other

    def __truediv__(self, other: Any) -> Lanes:
        return Lanes(self.builder, self.builder.fdiv(self.value, self.of(other)))

    def __rtruediv__(self, other: Any) -> Lanes:
        return Lanes(self.builder, self.builder.fdiv(self.of(other), self.value))

    def where(self, comparison: str, bound: float, yes: Any, no: Any) -> Lanes:
        """Return `yes` where a number compares so with the bound, else, and where it is NaN, `no`."""
        holds = self.builder.fcmp_ordered(comparison, self.value, self.of(bound))
        return Lanes(self.builder, self.builder.select(holds, self.of(yes), self.of(no)))

    def within(self, bound: float) -> Lanes:
        """Return each number, or the bound that it passes; NaN stays."""
        below = self.where(">", bound, bound, self)
        return below.where("<", -bound, -bound, below)


def by_lanes(equations: Callable[..., tuple[Lanes, ...]]) -> Any:
    """Return a function of two tuples of blocks, for compiled code, which sets the second ones: (y, ...) = f(x, ...).

    A block is (rows, numbers), its rows at any distance. One may stand in both tuples: all is read of some numbers
    before anything is written.
    """

    def typed(context: Any, given: Any, wanted: Any) -> Any:
        return types.void(given, wanted), generate

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        given, wanted = (
            [context.make_array(kind)(context, builder, builder.extract_value(some, i)) for i, kind in enumerate(kinds)]
            for kinds, some in zip(signature.args, arguments, strict=True)
        )
        kind = signature.args[0][0].dtype
        number, size = context.get_value_type(kind), kind.bitwidth // 8
        vector = ir.VectorType(number, BYTES // size)
        rows, n = cgutils.unpack_tuple(builder, wanted[0].shape)
        in_vectors = builder.mul(builder.sdiv(n, COUNT(vector.count)), COUNT(vector.count))

        def starts(blocks: list[Any], row: Any) -> list[Any]:
            distances = (cgutils.unpack_tuple(builder, block.strides)[0] for block in blocks)
            return [
                builder.gep(block.data, [builder.mul(row, builder.sdiv(distance, COUNT(size)))])
                for block, distance in zip(blocks, distances, strict=True)
            ]

        with cgutils.for_range(builder, rows) as row:
            sources, targets = starts(given, row.index), starts(wanted, row.index)
            for start, stop, unit in ((COUNT(0), in_vectors, vector), (in_vectors, n, number)):
                with cgutils.for_range_slice(builder, start, stop, COUNT(getattr(unit, "count", 1))) as (i, _):

                    def at(place: Any, i: Any = i, unit: Any = unit) -> Any:
                        return builder.bitcast(builder.gep(place, [i]), unit.as_pointer())

                    found = equations(*(Lanes(builder, builder.load(at(x), align=size)) for x in sources))
                    for y, place in zip(found, targets, strict=True):
                        builder.store(y.value, at(place), align=size)
        return context.get_dummy_value()

    return intrinsic(typed)
