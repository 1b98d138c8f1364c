"""The CuPy backend of tinygrad_seq: arrays in the memory of an NVIDIA GPU.

Importing this package imports no CuPy; making the backend does, and says what is missing where it cannot.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Self, cast
from warnings import warn

import numpy as np

from tinygrad_seq.backend import XP, Kernel, Key, Memory, Program, Shape
from tinygrad_seq.errors import BackendError

from .kernels import kernels_on
from .kernels.clip import clipped
from .kernels.program import runner
from .kernels.sequence import SequenceKernel
from .kernels.uniform import uniform
from .nccl import Nccl
from .probe import checked_cupy

__all__ = ["CupyBackend"]


class CupyBackend:
    """Arrays are `cupy.ndarray`, and CuPy's current device and stream compute: nothing of CuPy's is set by the way.

    `use_backend("cupy")` makes a non-blocking stream of our own the current one of the thread, for the time of its
    block; `use_backend("cupy:1")` the second GPU and a stream on it. Matrix products of float32 use TF32 where CuPy's
    own switch says so (`CUPY_TF32=1` in the environment), and full float32 elsewhere.

    Raises BackendUnavailableError where CuPy cannot run, with the cure.
    """

    name = "cupy"

    def __init__(self, number: int | None = None) -> None:
        self.cupy = checked_cupy()
        from . import namespace  # both import CuPy
        from .gpu import Gpu

        self.number = number
        self.xp = cast(XP, namespace)
        self.array_types: tuple[type, ...] = (self.cupy.ndarray,)
        self.gpu = Gpu()
        self.kernels: Mapping[str, Kernel] = kernels_on(self.gpu)
        self.streams: dict[int, Any] = {}
        if number is not None:
            self.name = f"cupy:{number}"

    def on(self, device: str) -> Self:
        """Return this backend on one GPU, counted from 0. Raises BackendError where there is no such GPU."""
        count = self.cupy.cuda.runtime.getDeviceCount()
        if not device.isdecimal() or int(device) >= count:
            there = "cupy:0" if count == 1 else f"cupy:0 to cupy:{count - 1}"
            raise BackendError(f"there is no device 'cupy:{device}'. This machine has {there}.")
        return type(self)(int(device))

    @property
    def wires(self) -> Nccl | None:
        """NCCL between processes with a GPU each; None for one GPU that is named, which all of them would share."""
        return Nccl(self.cupy) if self.number is None else None

    def device_of_mine(self) -> Any:
        """Return CuPy's device of this backend's number, else the current one."""
        return self.cupy.cuda.Device(self.number)

    @contextmanager
    def active(self) -> Iterator[None]:
        """Make our device and stream current; at both ends one stream waits for the other, and the host for none."""
        with self.device_of_mine() as device:
            number = device.id
            if number not in self.streams:
                self.streams[number] = self.cupy.cuda.Stream(non_blocking=True)
            outer, stream = self.cupy.cuda.get_current_stream(), self.streams[number]
            if outer == stream:
                yield
                return
            stream.wait_event(outer.record())
            try:
                with stream:
                    yield
            finally:
                outer.wait_event(stream.record())

    def from_host(self, array: np.ndarray) -> Any:
        with self.device_of_mine():
            return self.cupy.array(array)

    def to_host(self, array: Any) -> np.ndarray:
        return np.asarray(self.cupy.asnumpy(array))

    def device(self, array: Any) -> str:
        return f"cuda:{array.device.id}"

    def uniform(self, key: Key, shape: Shape, dtype: Any) -> Any:
        """Numbers in [0, 1) from Philox on the device: its key is the seed, its counter the rest and the position."""
        return uniform(self.gpu, key, shape, dtype)

    def in_place(self, program: Program, dtype: Any) -> Callable[[Sequence[Sequence[Any]]], list[bool]] | None:
        return runner(self.gpu, self.cupy.ndarray, program, dtype)

    def clipped(self, arrays: Sequence[Any], max_norm: float) -> tuple[Any, Sequence[Any]]:
        return clipped(self.gpu, arrays, max_norm)

    def made_with(self, kernel: str, dtype: Any, **module: Any) -> str:
        found = self.kernels[kernel]
        if not (module and isinstance(found, SequenceKernel)):
            return f"in {self.gpu.precision(dtype)}"
        forward, back = found.ways(dtype, module.pop("hidden_size"), module)
        ways = f"there and back {forward}" if forward == back else f"forward {forward}; back {back}"
        return f"{ways}; other products in {self.gpu.precision(dtype)}"

    def about(self) -> dict[str, str]:
        """The GPU, the driver and CUDA by CUDA's numbers (12040 is 12.4), and whether TF32 is asked for."""
        with self.device_of_mine() as device:
            runtime = self.cupy.cuda.runtime
            properties = runtime.getDeviceProperties(device.id)
            return {
                "device": properties["name"].decode(),
                "compute_capability": device.compute_capability,
                "memory_GB": f"{properties['totalGlobalMem'] / 1e9:.1f}",
                "driver": str(runtime.driverGetVersion()),
                "cuda": str(runtime.runtimeGetVersion()),
                "cupy": self.cupy.__version__,
                "tf32": "off" if self.gpu.precision(np.float32) == "float32" else "on",
            }

    def capture(
        self, run: Callable[[list[Any], list[Any]], list[Any]], weights: Sequence[Any], inputs: Sequence[Any]
    ) -> Callable[..., list[Any]] | None:
        """Record a CUDA graph on our stream, its arrays in a pool of its own, which nobody else is given blocks of.

        Inputs are brought to where the graph reads them, and the step that random numbers are named by stands in the
        device's memory: both are set before each launch. What is returned is where the graph writes.

        Where CUDA refuses to record something, a warning says what, and steps go on one by one.
        """
        pool = self.cupy.cuda.MemoryPool()
        with self.active():
            stream, now = self.cupy.cuda.get_current_stream(), self.cupy.zeros(1, "uint32")
            places = [self.cupy.array(x) for x in inputs]
            self.gpu.now = now
            try:
                with self.cupy.cuda.using_allocator(pool.malloc):
                    stream.begin_capture()
                    try:
                        results = run(list(weights), places)
                    finally:
                        graph = stream.end_capture()
                graph.upload(stream)
            except RuntimeError as error:  # CUDA's errors are RuntimeErrors, and CuPy's own about recording too
                warn(f"a training step could not be recorded as a CUDA graph: {error}", RuntimeWarning, stacklevel=2)
                return None
            finally:
                self.gpu.now = None

        def again(step: int, *inputs: Any, pool: Any = pool) -> list[Any]:
            with self.active():
                for place, x in zip(places, inputs, strict=True):
                    place[...] = x
                now.fill(step % 2**32)
                graph.launch(stream)
            return results

        return again

    def look(self, array: Any, check: Callable[[np.ndarray], None]) -> None:
        """The kernels look: what they cannot read is NaN."""

    def synchronize(self) -> None:
        with self.device_of_mine() as device:
            device.synchronize()

    def memory(self) -> Memory:
        """What CuPy's own pool counts on the device; other libraries' memory is not in it."""
        with self.device_of_mine():
            pool = self.cupy.get_default_memory_pool()
            return Memory(pool.used_bytes(), pool.total_bytes(), pool.get_limit() or None)
