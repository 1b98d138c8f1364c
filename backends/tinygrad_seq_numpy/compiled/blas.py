"""The BLAS that compiled code multiplies by: NumPy's own, called by its address and on one thread.

numba's `np.dot` takes SciPy's, and its wheels have the slower one: 50 GFLOP/s against 70 for 32 x 128 by 128 x 512.
"""

from __future__ import annotations

from ctypes import CDLL, c_void_p, cast
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from .jit import compiled

__all__ = ["TYPES", "dot", "gemm", "use_one_thread"]

TYPES = {np.dtype(np.float32): "s", np.dtype(np.float64): "d"}
BY_ROWS, AS_IT_IS, TURNED = 101, 111, 112  # names of cblas


def _call(
    context: Any, gemm: Any, turn: Any, m: Any, n: Any, k: Any, a: Any, lda: Any, b: Any, ldb: Any, out: Any, ldc: Any
) -> Any:
    """cblas_sgemm or cblas_dgemm with integers of 64 bits: out = a b."""
    given = (types.intp, types.int32, types.intp, types.intp, types.intp)
    signature = types.void(*given, a, types.intp, b, types.intp, out, types.intp)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        address, turn, m, n, k, a, lda, b, ldb, out, ldc = arguments
        enum, integer = ir.IntType(32), ir.IntType(64)
        number = context.get_value_type(signature.args[5].dtype)
        pointer = number.as_pointer()
        a, b, out = (
            context.make_array(kind)(context, builder, value).data
            for kind, value in zip(signature.args[5:10:2], (a, b, out), strict=True)
        )
        parameters = [enum] * 3 + [integer] * 3 + [number] + [pointer, integer] * 2 + [number, pointer, integer]
        function = builder.inttoptr(address, ir.FunctionType(ir.VoidType(), parameters).as_pointer())
        order, plain = ir.Constant(enum, BY_ROWS), ir.Constant(enum, AS_IT_IS)
        one, zero = ir.Constant(number, 1.0), ir.Constant(number, 0.0)
        builder.call(function, [order, plain, turn, m, n, k, one, a, lda, b, ldb, zero, out, ldc])
        return context.get_dummy_value()

    return signature, generate


call: Any = intrinsic(_call)


@compiled
def dot(gemm: Any, a: Any, b: Any, out: Any) -> None:
    """out = a b, where the rows of a and `out` are contiguous, and of b the rows or the columns."""
    (m, k), n, size = a.shape, b.shape[1], a.itemsize
    if gemm == 0:
        np.dot(a, b, out)
    elif b.strides[1] == size:
        call(gemm, AS_IT_IS, m, n, k, a, max(k, 1), b, max(b.strides[0] // size, n, 1), out, max(n, 1))
    else:
        call(gemm, TURNED, m, n, k, a, max(k, 1), b, max(b.strides[1] // size, k, 1), out, max(n, 1))


@cache
def openblas() -> tuple[Any, str, str]:
    """Return the OpenBLAS with integers of 64 bits that NumPy's wheels carry, and how its names begin and end."""
    package = Path(np.__file__).parent
    for folder in (package.with_name("numpy.libs"), package / ".dylibs"):
        for path in sorted(folder.glob("*openblas*")):
            library = CDLL(str(path))
            for prefix in ("scipy_", ""):
                if hasattr(library, f"{prefix}cblas_sgemm64_"):
                    return library, prefix, "64_"
    return None, "", ""


@cache
def gemm(dtype: Any) -> int:
    """Return the address of the product of matrices of a type; 0 where there is only that of `np.dot`."""
    library, prefix, suffix = openblas()
    if library is None:
        return 0
    return cast(getattr(library, f"{prefix}cblas_{TYPES[dtype]}gemm{suffix}"), c_void_p).value or 0


@cache
def use_one_thread() -> None:
    """Put BLAS on one thread, for good: the threads are the shards' from now on.

    After a product its threads wait for the next one busily, on the CPUs that the shards need: with two threads for
    BLAS between the passes, a training step took 20 to 25 ms where it takes 13 without.
    """
    library, prefix, suffix = openblas()
    if library is not None:
        getattr(library, f"{prefix}openblas_set_num_threads{suffix}")(1)
