"""A row of numbers at once: its largest, and the exponentials that a softmax makes of it."""

from __future__ import annotations

from collections.abc import Callable
from math import factorial, inf, log
from typing import Any

from llvmlite import ir
from numba.core import cgutils
from numba.extending import intrinsic

from .functions import polynomial
from .lanes import BYTES, Lanes

__all__ = ["exponentials", "largest"]

COUNT, LANE = ir.IntType(64), ir.IntType(32)

Join = Callable[[Lanes, Lanes], Lanes]

LOG_2 = log(2)
HIGH = 0.693145751953125  # ln 2 in so few bits that its product with a whole number is exact


def exp(x: Lanes) -> Lanes:
    """e^x for x <= 0, and 0 where nothing of it is left beside 1; largest relative error 2e-7, in float64 5e-16.

    e^x = 2^n e^r with n = round(x / ln 2): the sum with 1.5 * 2^m, m the bits of a mantissa, has n in its lowest bits,
    and moved by m places these are added to the exponent of e^r.
    """
    bits, least, degree = (52, -700.0, 13) if x.is_double else (23, -86.0, 7)
    builder, kind = x.builder, x.value.type
    one = ir.IntType(64 if x.is_double else 32)
    whole = ir.VectorType(one, kind.count) if isinstance(kind, ir.VectorType) else one
    places = ir.Constant(whole, [bits] * kind.count if isinstance(kind, ir.VectorType) else bits)
    within = x.where("<", least, least, x)
    shifted = within * (1 / LOG_2) + 1.5 * 2.0**bits
    n = shifted - 1.5 * 2.0**bits
    r = within - n * HIGH - n * (LOG_2 - HIGH)
    e_r = polynomial(tuple(1 / factorial(k) for k in range(degree, -1, -1)), r)
    exponent = builder.shl(builder.bitcast(shifted.value, whole), places)
    y = Lanes(builder, builder.bitcast(builder.add(builder.bitcast(e_r.value, whole), exponent), kind))
    return x.where("ord", 0, x.where("<", least, 0, y), x)


def larger(a: Lanes, b: Lanes) -> Lanes:
    """The larger of two numbers; the second one where the first is NaN."""
    return Lanes(a.builder, a.builder.select(a.builder.fcmp_ordered(">", a.value, b.value), a.value, b.value))


def over_a_row(join: Join, start: float, builder: Any, kind: Any, number: Any, n: Any, f: Any) -> Any:
    """Return the join of f(i, unit) for all places of a row, which gives the numbers from i on, one or a vector."""
    size = kind.bitwidth // 8
    vector = ir.VectorType(number, BYTES // size)
    in_vectors = builder.mul(builder.sdiv(n, COUNT(vector.count)), COUNT(vector.count))
    totals = []
    for first, stop, unit in ((COUNT(0), in_vectors, vector), (in_vectors, n, number)):
        is_vector = unit is vector
        total = cgutils.alloca_once_value(builder, ir.Constant(unit, [start] * vector.count if is_vector else start))
        with cgutils.for_range_slice(builder, first, stop, COUNT(vector.count if is_vector else 1)) as (i, _):
            builder.store(join(f(i, unit), Lanes(builder, builder.load(total))).value, total)
        totals.append(Lanes(builder, builder.load(total)))
    lanes, rest = totals
    half = vector.count // 2
    while half:  # the upper half joins the lower one
        upper = ir.Constant(ir.VectorType(LANE, vector.count), [(k + half) % vector.count for k in range(vector.count)])
        lanes = join(Lanes(builder, builder.shuffle_vector(lanes.value, lanes.value, upper)), lanes)
        half //= 2
    return join(Lanes(builder, builder.extract_element(lanes.value, LANE(0))), rest).value


def place(builder: Any, row: Any, i: Any, unit: Any) -> Any:
    """Return where the numbers from i on stand."""
    return builder.bitcast(builder.gep(row.data, [i]), unit.as_pointer())


def everywhere(builder: Any, x: Any, unit: Any) -> Any:
    """Return a number in each lane."""
    if not isinstance(unit, ir.VectorType):
        return x
    one = builder.insert_element(ir.Constant(unit, ir.Undefined), x, LANE(0))
    lanes = ir.Constant(ir.VectorType(LANE, unit.count), [0] * unit.count)
    return builder.shuffle_vector(one, ir.Constant(unit, ir.Undefined), lanes)


def _largest(context: Any, x: Any) -> Any:
    """Return the largest number of a contiguous row, -inf of none; what is NaN is passed over."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        (kind,), (array,) = signature.args, arguments
        row = context.make_array(kind)(context, builder, array)
        (n,) = cgutils.unpack_tuple(builder, row.shape)
        number, size = context.get_value_type(kind.dtype), kind.dtype.bitwidth // 8

        def numbers(i: Any, unit: Any) -> Lanes:
            return Lanes(builder, builder.load(place(builder, row, i, unit), align=size))

        return over_a_row(larger, -inf, builder, kind.dtype, number, n, numbers)

    return x.dtype(x), generate


def _exponentials(context: Any, x: Any, m: Any, e: Any) -> Any:
    """Write e^(x_k - m) for all k into a contiguous row, and return their sum."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        kind = signature.args[0]
        row, result = (context.make_array(kind)(context, builder, arguments[i]) for i in (0, 2))
        (n,) = cgutils.unpack_tuple(builder, row.shape)
        number, size = context.get_value_type(kind.dtype), kind.dtype.bitwidth // 8

        def numbers(i: Any, unit: Any) -> Lanes:
            x_k = Lanes(builder, builder.load(place(builder, row, i, unit), align=size))
            e_k = exp(x_k - Lanes(builder, everywhere(builder, arguments[1], unit)))
            builder.store(e_k.value, place(builder, result, i, unit), align=size)
            return e_k

        return over_a_row(Lanes.__add__, 0.0, builder, kind.dtype, number, n, numbers)

    return x.dtype(x, x.dtype, e), generate


largest: Any = intrinsic(_largest)
exponentials: Any = intrinsic(_exponentials)
