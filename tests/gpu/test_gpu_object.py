"""The one object that speaks to CuPy and cuBLAS, with a pretended CuPy whose memory is the host's.

Products go through a cuBLAS that reads the very pointers, sizes and leading dimensions that it is given, columns first.
"""

from __future__ import annotations

import subprocess
import sys

PROGRAM = r"""
import ctypes, itertools, sys, types
sys.path[:] = __PATH__
import numpy as np

cupy = types.ModuleType("cupy")
cupy.__dict__.update({name: getattr(np, name) for name in dir(np) if not name.startswith("__")})

class Array:  # a NumPy array with a pointer where CuPy has one
    def __init__(self, memory):
        self.memory = memory
        self.shape, self.strides = memory.shape, memory.strides
        self.itemsize, self.dtype = memory.itemsize, memory.dtype
        self.data = types.SimpleNamespace(ptr=memory.ctypes.data)
    def fill(self, value):
        self.memory.fill(value)

def column_major(pointer, rows, columns, ld, kind):
    assert ld >= max(rows, 1)
    real = {0: ctypes.c_float, 1: ctypes.c_double}[kind]
    flat = np.ctypeslib.as_array(ctypes.cast(pointer, ctypes.POINTER(real)), (ld * (columns - 1) + rows,))
    return np.lib.stride_tricks.as_strided(flat, (rows, columns), (flat.itemsize, ld * flat.itemsize))

used = []
def gemmEx(handle, ta, tb, m, n, k, alpha, A, At, lda, B, Bt, ldb, beta, C, Ct, ldc, arithmetic, algorithm):
    used.append(arithmetic)
    scale = ctypes.c_double if Ct else ctypes.c_float
    one, add = (ctypes.cast(p, ctypes.POINTER(scale))[0] for p in (alpha, beta))
    a = column_major(A, k, m, lda, At).T if ta else column_major(A, m, k, lda, At)
    b = column_major(B, n, k, ldb, Bt).T if tb else column_major(B, k, n, ldb, Bt)
    c = column_major(C, m, n, ldc, Ct)
    c[...] = one * (a @ b) + add * c

cublas = types.SimpleNamespace(
    gemmEx=gemmEx,
    CUBLAS_COMPUTE_32F=68, CUBLAS_COMPUTE_32F_FAST_TF32=77, CUBLAS_COMPUTE_64F=70, CUBLAS_GEMM_DEFAULT=-1)
cupy.cuda = types.ModuleType("cupy.cuda")
cupy.cuda.cublas = cublas
cupy.cuda.device = types.SimpleNamespace(get_cublas_handle=lambda: 0)
cupy.cuda.runtime = types.SimpleNamespace(CUDA_R_32F=0, CUDA_R_64F=1)
launches, on_chip = [], []
class RawKernel:
    max_dynamic_shared_size_bytes = 48 << 10
    def __init__(self, code, name, options, enable_cooperative_groups):
        self.made = name, options
        self.is_cooperative = enable_cooperative_groups
    def __call__(self, grid, block, arguments, shared_mem=0):
        assert shared_mem <= self.max_dynamic_shared_size_bytes
        launches.append((self.made, grid, block, arguments))
        on_chip.append((self.is_cooperative, shared_mem))
cupy.RawKernel = RawKernel
sys.modules |= {"cupy": cupy, "cupy.cuda": cupy.cuda}

from tinygrad_seq_cupy import gpu
from tinygrad_seq_cupy.kernels.sources import function

rng, on = np.random.default_rng(0), gpu.Gpu()
sizes = [(3, 4, 5), (1, 4, 1), (2, 1, 3), (0, 2, 3), (3, 0, 2), (4, 3, 0)]
for (m, k, n), a_T, b_T, add, sliced, dtype in itertools.product(sizes, *[(False, True)] * 4, ("float32", "float64")):
    def matrix(rows, columns):  # sliced: some columns of a wider one
        wide = rng.standard_normal((rows, columns + 3)).astype(dtype)
        return wide[:, 2 : columns + 2] if sliced else wide[:, :columns].copy()
    a, b, out = matrix(*(k, m) if a_T else (m, k)), matrix(*(n, k) if b_T else (k, n)), matrix(m, n)
    expected = (a.T if a_T else a) @ (b.T if b_T else b) + (out if add else 0)
    on.matmul(Array(a), Array(b), Array(out), a_T=a_T, b_T=b_T, add=add)
    np.testing.assert_allclose(out, expected, rtol=1e-5, atol=1e-5)
assert set(used) == {68, 70}

import os
os.environ["CUPY_TF32"] = "1"
used.clear()
a = Array(np.ones((2, 2), "float32"))
on.matmul(a, a, Array(np.ones((2, 2), "float32")))
assert used == [77]
assert on.precision("float32").startswith("TF32") and on.precision("float64") == "float64"

kernel = function("rnn_forward")
x = np.ones(3)
on.launch(kernel, "float64", 257, x, None, 5, np.float64(2))
on.launch(kernel, "float32", 3, rows=True)
on.launch(kernel, "float32", 0, x)
(made, grid, block, arguments), (other, rows, _, _) = launches
assert (made[0], grid, block, rows) == ("rnn_forward", (3,), (128,), (3,))
assert "-DREAL=double" in made[1] and "-DREAL=float" in other[1]
assert arguments[0] is x
assert [(type(v), v) for v in arguments[1:]] == [(np.uintp, 0), (np.int32, 5), (np.float64, 2.0)]

assert on_chip == [(False, 0), (False, 0)]
launches.clear(), on_chip.clear()
for options in (("-DTHREADS=256", "-DTILE=2"), ("-DTHREADS=256", "-DTILE=2", "-DCLUSTER=8")):
    on.launch_on_chip(function("lstm_sequence_forward", *options), "float64", 16, 10_000, x, 3)
(made, grid, block, arguments), (clustered, *_) = launches
assert (grid, block) == ((16,), (256,)) and arguments[0] is x and arguments[1] == 3
assert {"-DTHREADS=256", "-DTILE=2", "-DREAL=double"} <= set(made[1]) and "-DCLUSTER=8" in clustered[1]
assert on_chip == [(True, 80_000), (False, 80_000)]  # a grid is launched cooperatively; a cluster needs not be

class Device:
    compute_capability = "90"
    attributes = {"MultiProcessorCount": 132, "MaxSharedMemoryPerBlockOptin": 232_448}
    def __init__(self, number):
        assert number == 1
cupy.cuda.runtime.getDevice, cupy.cuda.Device = lambda: 1, Device
assert on.chip == (90, 132, 232_448)

plain = np.ones((2, 3))
assert on.contiguous(plain, "float64") is plain
for other, dtype in ((plain.T, "float64"), (plain, "float32")):
    made = on.contiguous(other, dtype)
    assert made.flags.c_contiguous and made.dtype == dtype and made is not other
print("done")
"""


def test_products_launches_and_layouts():
    program = PROGRAM.replace("__PATH__", repr(sys.path))
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.stdout == "done\n", done.stderr
