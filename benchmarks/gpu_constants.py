"""The constants of a GPU that decide what a training step can cost, measured: bandwidths, peaks, launches, barriers.

All times are the device's own, between two events of a stream, the least of several repeats; `launch` alone is the
host's.
"""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter
from typing import Any

__all__ = ["BARRIERS", "constants", "device_seconds"]

REPEATS = 7

BARRIERS = r"""
extern "C" __global__ void grid_barriers(unsigned* arrived, int rounds)
{
    for (int r = 1; r <= rounds; ++r) {
        __syncthreads();
        if (threadIdx.x == 0) {
            __threadfence();
            atomicAdd(arrived, 1);
            while (atomicAdd(arrived, 0) < r * gridDim.x) {}
        }
        __syncthreads();
    }
}

#if __CUDA_ARCH__ >= 900
extern "C" __global__ void __cluster_dims__(8, 1, 1) cluster_barriers(int rounds)
{
    for (int r = 0; r < rounds; ++r)
        asm volatile("barrier.cluster.arrive.aligned; barrier.cluster.wait.aligned;" ::: "memory");
}
#endif
"""


def device_seconds(cupy: Any, run: Callable[[], Any], calls: int = 1) -> float:
    """Return the seconds of one call on the device, the least of several repeats of `calls` of them."""
    run()  # compiles, and fills the pool
    start, end = cupy.cuda.Event(), cupy.cuda.Event()
    found = []
    for _ in range(REPEATS):
        start.record()
        for _ in range(calls):
            run()
        end.record()
        end.synchronize()
        found.append(cupy.cuda.get_elapsed_time(start, end) / 1e3 / calls)
    return min(found)


def constants(cupy: Any) -> dict[str, float | None]:
    """Return the constants by name, with their units in it; None where this GPU lacks the feature."""
    measures: dict[str, Callable[[Any], float | None]] = {
        "memory_GB_per_s": memory,
        "l2_GB_per_s": l2,
        "float32_TFLOP_per_s": lambda cupy: peak(cupy, "float32", cupy.cuda.cublas.CUBLAS_COMPUTE_32F),
        "tf32_TFLOP_per_s": lambda cupy: peak(cupy, "float32", cupy.cuda.cublas.CUBLAS_COMPUTE_32F_FAST_TF32),
        "launch_us": launch,
        "graph_node_us": graph_node,
        "smallest_product_us": smallest_product,
        "grid_barrier_us": grid_barrier,
        "cluster_barrier_us": cluster_barrier,
    }
    found = {}
    for name, measure in measures.items():
        value = measure(cupy)
        found[name] = None if value is None else float(f"{value:.4g}")
    return found


def memory(cupy: Any) -> float:
    """Return GB/s of a copy far larger than any cache, reads and writes together."""
    a = cupy.ones(2**28, "float32")
    b = cupy.empty_like(a)
    return 2 * a.nbytes / device_seconds(cupy, lambda: cupy.copyto(b, a)) / 1e9


def l2(cupy: Any) -> float:
    """Return GB/s of a copy that stays in the L2 cache, a graph of many so that no launch is in it."""
    a = cupy.ones(2**20, "float32")
    b = cupy.empty_like(a)
    return 2 * a.nbytes / graphed(cupy, lambda: cupy.copyto(b, a)) / 1e9


def peak(cupy: Any, dtype: str, arithmetic: int) -> float:
    """Return TFLOP/s of a product of large square matrices."""
    n = 8192
    a, b = (cupy.random.standard_normal((n, n), dtype="float32").astype(dtype) for _ in range(2))
    out = cupy.empty((n, n), dtype)
    return 2 * n**3 / device_seconds(cupy, lambda: product(cupy, a, b, out, arithmetic), calls=3) / 1e12


def product(cupy: Any, a: Any, b: Any, out: Any, arithmetic: int) -> None:
    """Write out = a b in the arithmetic asked for; square float32 matrices."""
    import numpy as np

    one, zero, n, kind = np.float32(1), np.float32(0), a.shape[0], cupy.cuda.runtime.CUDA_R_32F
    scale = np.array([one, zero])
    at = scale.ctypes.data
    handle = cupy.cuda.device.get_cublas_handle()
    cupy.cuda.cublas.gemmEx(
        *(handle, 0, 0, n, n, n, at, b.data.ptr, kind, n, a.data.ptr, kind, n),
        *(at + scale.itemsize, out.data.ptr, kind, n, arithmetic, cupy.cuda.cublas.CUBLAS_GEMM_DEFAULT),
    )


def launch(cupy: Any) -> float:
    """Return the microseconds that the host takes to ask for one small operation of CuPy."""
    x = cupy.ones(32, "float32")
    found = []
    for _ in range(REPEATS):
        cupy.cuda.get_current_stream().synchronize()
        start = perf_counter()
        for _ in range(200):
            x *= 1.0
        found.append((perf_counter() - start) / 200)
    return 1e6 * min(found)


def graph_node(cupy: Any) -> float:
    """Return the microseconds from one small kernel of a graph to the next."""
    x = cupy.ones(32, "float32")
    return 1e6 * graphed(cupy, lambda: cupy.multiply(x, 1.0, out=x))


def smallest_product(cupy: Any) -> float:
    """Return the microseconds of a product of 32 x 32 matrices in a graph."""
    a, b = cupy.ones((32, 32), "float32"), cupy.ones((32, 32), "float32")
    out = cupy.empty_like(a)
    return 1e6 * graphed(cupy, lambda: product(cupy, a, b, out, cupy.cuda.cublas.CUBLAS_COMPUTE_32F))


def graphed(cupy: Any, run: Callable[[], Any], nodes: int = 500) -> float:
    """Return the seconds of one call when many are recorded in one CUDA graph and replayed."""
    run()
    stream = cupy.cuda.Stream(non_blocking=True)
    with stream:
        run()
        stream.synchronize()
        stream.begin_capture()
        for _ in range(nodes):
            run()
        graph = stream.end_capture()
        return device_seconds(cupy, lambda: graph.launch(stream)) / nodes


def grid_barrier(cupy: Any) -> float:
    """Return the microseconds of a barrier of one block on each multiprocessor."""
    kernel = cupy.RawKernel(BARRIERS, "grid_barriers", enable_cooperative_groups=True)
    blocks = cupy.cuda.runtime.getDeviceProperties(cupy.cuda.Device().id)["multiProcessorCount"]
    arrived = cupy.zeros(1, "uint32")

    def run(rounds: int) -> float:
        def once() -> None:
            arrived.fill(0)
            kernel((blocks,), (256,), (arrived, cupy.int32(rounds)))

        return device_seconds(cupy, once)

    return 1e6 * (run(2000) - run(1000)) / 1000


def cluster_barrier(cupy: Any) -> float | None:
    """Return the microseconds of a barrier of a cluster of 8 blocks; None below compute capability 9.0."""
    if int(cupy.cuda.Device().compute_capability) < 90:
        return None
    kernel = cupy.RawKernel(BARRIERS, "cluster_barriers")

    def run(rounds: int) -> float:
        return device_seconds(cupy, lambda: kernel((128,), (256,), (cupy.int32(rounds),)))

    return 1e6 * (run(20_000) - run(10_000)) / 10_000
