"""The device of the kernels' host code, by CuPy and cuBLAS."""

from __future__ import annotations

import os
from functools import cache
from typing import Any, cast

import cupy
import numpy as np
from cupy.cuda import cublas

from tinygrad_seq.backend import XP, Shape

from . import namespace
from .kernels.device import OPTIONS, THREADS, Chip
from .kernels.placement import WIDTH
from .kernels.sources import Function

__all__ = ["Gpu", "is_tf32"]

REALS = {"float32": "float", "float64": "double"}
ONE, ZERO = ({name: np.array(x, name) for name in REALS} for x in (1, 0))


def is_tf32() -> bool:
    """Tell whether CuPy's own switch asks for TF32 in the products of float32."""
    return int(os.environ.get("CUPY_TF32", "0")) > 0


class Gpu:
    """CuPy's current device and stream; no setting of CuPy's or of its cuBLAS handle is changed."""

    xp = cast(XP, namespace)
    threads = THREADS

    def __init__(self) -> None:
        self.now: Any = None

    def precision(self, dtype: Any) -> str:
        """Return what the products of a type are computed in, and who says so."""
        if np.dtype(dtype) == np.float64:
            return "float64"
        return "TF32, because CUPY_TF32 asks for it" if is_tf32() else "float32"

    @property
    def chip(self) -> Chip:
        return chip_of(cupy.cuda.runtime.getDevice())

    def empty(self, shape: Shape, dtype: Any) -> Any:
        return cupy.empty(shape, dtype)

    def contiguous(self, array: Any, dtype: Any) -> Any:
        if array.flags.c_contiguous and array.dtype == dtype:
            return array
        return cupy.array(array, dtype, order="C")

    def matmul(self, a: Any, b: Any, out: Any, *, a_T: bool = False, b_T: bool = False, add: bool = False) -> None:
        """cuBLAS counts columns first: to it our rows are columns, and out^T = b^T a^T is what it is asked for."""
        n, m = out.shape
        k = a.shape[0 if a_T else 1]
        if not n * m * k:
            if not add:
                out.fill(0)
            return
        name = out.dtype.name
        kind, arithmetic = arithmetic_of(name)
        cublas.gemmEx(
            *(cupy.cuda.device.get_cublas_handle(), int(b_T), int(a_T), m, n, k),
            *(ONE[name].ctypes.data, b.data.ptr, kind, row_length(b), a.data.ptr, kind, row_length(a)),
            *((ONE if add else ZERO)[name].ctypes.data, out.data.ptr, kind, row_length(out)),
            *(arithmetic, cublas.CUBLAS_GEMM_DEFAULT),
        )

    def launch(self, kernel: Function, dtype: Any, n: int, *arguments: Any, rows: bool = False) -> None:
        if n:
            blocks = n if rows else -(-n // THREADS)
            run = compiled(kernel, REALS[np.dtype(dtype).name])
            run((blocks,), (THREADS,), tuple(as_argument(x) for x in arguments))

    def launch_on_chip(self, kernel: Function, dtype: Any, blocks: int, numbers: int, *arguments: Any) -> None:
        dtype = np.dtype(dtype)
        run, memory = compiled(kernel, REALS[dtype.name]), numbers * dtype.itemsize
        run.max_dynamic_shared_size_bytes = max(run.max_dynamic_shared_size_bytes, memory)
        run((blocks,), (WIDTH,), tuple(as_argument(x) for x in arguments), shared_mem=memory)


def arithmetic_of(name: str) -> tuple[int, int]:
    """Return CUDA's number of a type, and cuBLAS's of what it computes with."""
    if name == "float64":
        return cupy.cuda.runtime.CUDA_R_64F, cublas.CUBLAS_COMPUTE_64F
    fast = cublas.CUBLAS_COMPUTE_32F_FAST_TF32
    return cupy.cuda.runtime.CUDA_R_32F, fast if is_tf32() else cublas.CUBLAS_COMPUTE_32F


def row_length(matrix: Any) -> int:
    """Return how many elements lie from one row of a matrix to the next."""
    return max(matrix.strides[0] // matrix.itemsize, matrix.shape[1])


@cache
def chip_of(number: int) -> Chip:
    """Return what there is of one GPU."""
    device = cupy.cuda.Device(number)
    there = device.attributes
    return Chip(int(device.compute_capability), there["MultiProcessorCount"], there["MaxSharedMemoryPerBlockOptin"])


@cache
def compiled(kernel: Function, real: str) -> Any:
    """Return a kernel as CuPy's; a file is compiled at its first launch on a kind of GPU, then kept on disk.

    Blocks that meet without being a cluster are launched cooperatively: all on the chip at once, or CUDA refuses.
    """
    options = (*OPTIONS, f"-DREAL={real}", *(kernel.options or (f"-DTHREADS={THREADS}",)))
    return cupy.RawKernel(kernel.source, kernel.name, options, enable_cooperative_groups=kernel.is_grid)


def as_argument(x: Any) -> Any:
    """Return an argument as CuPy hands it on: by its bytes, whatever the kernel declares."""
    if x is None:
        return np.uintp(0)
    return np.int32(x) if type(x) is int else x
