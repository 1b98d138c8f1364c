"""Elementwise programs as one loop each, made by LLVM in milliseconds: every number is read and written once.

The loop does what NumPy's calls do to each number, in the same order, and joins nothing: the result is the same, bit
for bit. The constants of a program are arguments, so that the steps of a training share one loop.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from ctypes import CFUNCTYPE, addressof, c_char, c_int64, c_void_p
from functools import cache
from typing import Any

import llvmlite.binding as llvm
import numpy as np
from llvmlite import ir
from numba.core import cgutils

from tinygrad_seq.backend import Call, Program

from .shards import in_shards

__all__ = ["runner"]

Loop = Callable[..., None]

INTEGER = ir.IntType(64)
NUMBERS = {np.dtype(np.float32): ir.FloatType(), np.dtype(np.float64): ir.DoubleType()}


def runner(program: Program, dtype: Any) -> Callable[[Sequence[Sequence[np.ndarray]]], None] | None:
    """Return a function that runs a program on sets of contiguous arrays of one length; None for what is not compiled.

    A small set costs little more than its numbers: all of them are one call.
    """
    if dtype not in NUMBERS or not all(call.name in FUNCTIONS for call in program.calls):
        return None
    loops = compiled(program.calls, program.arrays, len(program.constants), dtype)
    constants = np.array(program.constants, dtype)

    def run(sets: Sequence[Sequence[np.ndarray]]) -> None:
        plain = [x if x.flags.carray else x.copy(order="C") for arrays in sets for x in arrays]  # some are only read
        table, lengths = integers([address(x) for x in plain]), [arrays[0].size for arrays in sets]
        given = table, integers(lengths), len(sets), address(constants)
        in_shards(lambda i, j: loops(*given, i, j), n := sum(lengths), n * len(program.calls))

    return run


def address(x: Any) -> int:
    """Return where a contiguous array begins, at a quarter of the price of `x.ctypes.data`."""
    return addressof(c_char.from_buffer(x)) if x.size else 0  # ctypes refuses nothing at all


def integers(values: list[int]) -> Any:
    """Return an array of C."""
    return (c_int64 * len(values))(*values)


@cache
def compiled(calls: tuple[Call, ...], arrays: int, constants: int, dtype: Any) -> Loop:
    """Return loops(addresses of the arrays of all sets, lengths of the sets, sets, constants, first, stop)."""
    module = llvm.parse_assembly(str(written(calls, arrays, constants, NUMBERS[dtype])))
    machine = llvm.Target.from_default_triple().create_target_machine(
        cpu=llvm.get_host_cpu_name(), features=llvm.get_host_cpu_features().flatten(), opt=3
    )
    options = llvm.create_pipeline_tuning_options(speed_level=3)
    options.loop_vectorization = True
    passes = llvm.create_pass_builder(machine, options)
    passes.getModulePassManager().run(module, passes)
    engine = llvm.create_mcjit_compiler(module, machine)
    engine.finalize_object()
    kinds = c_void_p, c_void_p, c_int64, c_void_p, c_int64, c_int64
    loops: Any = CFUNCTYPE(None, *kinds)(engine.get_function_address("loops"))
    loops.engine = engine  # which owns the code
    made: Loop = loops
    return made


def written(calls: Sequence[Call], arrays: int, constants: int, number: Any) -> ir.Module:
    """Return the loops in LLVM's language, that of one set of arrays and the one over all sets."""
    module = ir.Module()
    module.triple = llvm.get_default_triple()
    over_sets(module, loop(module, calls, arrays, constants, number), arrays, number)
    return module


def loop(module: ir.Module, calls: Sequence[Call], arrays: int, constants: int, number: Any) -> ir.Function:
    """Write loop(*arrays, constants, first, stop): load each array's number, make the calls, store what was written."""
    kind = ir.FunctionType(ir.VoidType(), [*[number.as_pointer()] * (arrays + 1), INTEGER, INTEGER])
    function = ir.Function(module, kind, "loop")
    *given, fixed, first, stop = function.args
    for pointer in (*given, fixed):
        pointer.add_attribute("noalias")
    before, body, after = (function.append_basic_block(name) for name in ("before", "body", "after"))
    builder = ir.IRBuilder(before)
    numbers = [builder.load(builder.gep(fixed, [INTEGER(k)])) for k in range(constants)]
    builder.cbranch(builder.icmp_signed("<", first, stop), body, after)
    builder.position_at_end(body)
    i = builder.phi(INTEGER)
    places: dict[int, Any] = dict(enumerate([builder.load(builder.gep(x, [i])) for x in given] + numbers))
    for call in calls:
        places[call.writes] = FUNCTIONS[call.name](builder, *(places[k] for k in call.reads))
    for k in sorted({call.writes for call in calls if call.writes < arrays}):
        builder.store(places[k], builder.gep(given[k], [i]))
    following = builder.add(i, INTEGER(1))
    i.add_incoming(first, before)
    i.add_incoming(following, body)
    builder.cbranch(builder.icmp_signed("<", following, stop), body, after)
    ir.IRBuilder(after).ret_void()
    return function


def over_sets(module: ir.Module, loop: ir.Function, arrays: int, number: Any) -> None:
    """Write loops(), see `compiled`: the numbers of all sets stand in one row, of which first .. stop - 1 are run."""
    places = INTEGER.as_pointer()
    kind = ir.FunctionType(ir.VoidType(), [places, places, INTEGER, number.as_pointer(), INTEGER, INTEGER])
    function = ir.Function(module, kind, "loops")
    table, lengths, sets, constants, first, stop = function.args
    builder = ir.IRBuilder(function.append_basic_block())
    before = cgutils.alloca_once_value(builder, INTEGER(0))
    with cgutils.for_range(builder, sets) as turn:
        start, n = builder.load(before), builder.load(builder.gep(lengths, [turn.index]))
        row = builder.gep(table, [builder.mul(turn.index, INTEGER(arrays))])
        given = (builder.load(builder.gep(row, [INTEGER(i)])) for i in range(arrays))
        here = larger_integer(builder, builder.sub(first, start), INTEGER(0))
        end = smaller_integer(builder, builder.sub(stop, start), n)
        builder.call(loop, [*(builder.inttoptr(x, number.as_pointer()) for x in given), constants, here, end])
        builder.store(builder.add(start, n), before)
    builder.ret_void()


def larger_integer(builder: Any, x: Any, y: Any) -> Any:
    return builder.select(builder.icmp_signed(">", x, y), x, y)


def smaller_integer(builder: Any, x: Any, y: Any) -> Any:
    return builder.select(builder.icmp_signed("<", x, y), x, y)


def larger(builder: Any, x: Any, y: Any, sign: str = ">=") -> Any:
    """The larger of two numbers, NaN if one of them is."""
    is_nan = builder.fcmp_unordered("uno", x, x)
    return builder.select(builder.or_(builder.fcmp_ordered(sign, x, y), is_nan), x, y)


def smaller(builder: Any, x: Any, y: Any) -> Any:
    """The smaller of two numbers, NaN if one of them is."""
    return larger(builder, x, y, "<=")


def sign(builder: Any, x: Any) -> Any:
    """-1, 0 or 1, and NaN of NaN."""
    zero, one, minus_one = (ir.Constant(x.type, v) for v in (0.0, 1.0, -1.0))
    negative = builder.select(builder.fcmp_ordered("<", x, zero), minus_one, builder.fmul(x, zero))
    return builder.select(builder.fcmp_ordered(">", x, zero), one, negative)


def named(name: str) -> Callable[[Any, Any], Any]:
    """Return a function that LLVM knows by name."""
    return lambda builder, x: builder.call(builder.module.declare_intrinsic(name, [x.type]), [x])


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "add": ir.IRBuilder.fadd,
    "subtract": ir.IRBuilder.fsub,
    "multiply": ir.IRBuilder.fmul,
    "divide": ir.IRBuilder.fdiv,
    "negative": ir.IRBuilder.fneg,
    "positive": lambda builder, x: x,
    "abs": named("llvm.fabs"),
    "sqrt": named("llvm.sqrt"),
    "maximum": larger,
    "minimum": smaller,
    "sign": sign,
}
