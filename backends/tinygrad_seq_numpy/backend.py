"""NumPy as a backend."""

from __future__ import annotations

import platform
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any, Never, cast

import numpy as np

from tinygrad_seq.backend import XP, Kernel, Key, Memory, Program, Shape
from tinygrad_seq.errors import BackendError

from . import in_place, namespace
from .choice import Kernels
from .kernels import KERNELS

__all__ = ["NumpyBackend"]

CHOICE = Kernels(KERNELS)


class NumpyBackend:
    """Arrays are `numpy.ndarray`; the scalar types are registered too, since NumPy returns them for 0-d results."""

    name = "numpy"
    xp = cast(XP, namespace)
    array_types: tuple[type, ...] = (
        np.ndarray,
        *(np.float16, np.float32, np.float64, np.bool_),
        *(np.int8, np.int16, np.int32, np.int64, np.uint8, np.uint16, np.uint32, np.uint64),
    )
    kernels: Mapping[str, Kernel] = CHOICE
    wires = None

    def on(self, device: str) -> Never:
        raise BackendError(f"'numpy:{device}': NumPy has one device, the host. Leave out what follows 'numpy'.")

    def active(self) -> AbstractContextManager[None]:
        return nullcontext()

    def from_host(self, array: np.ndarray) -> np.ndarray:
        """Return the array itself; one of a subclass, such as a memory map, as a plain view of its memory."""
        return np.asarray(array)

    def to_host(self, array: Any) -> np.ndarray:
        return np.asarray(array)

    def device(self, array: Any) -> str:
        return "cpu"

    def uniform(self, key: Key, shape: Shape, dtype: Any) -> np.ndarray:
        """Numbers in [0, 1) from Philox, a counter-based generator: its key is the seed, its counter the rest."""
        bits = np.random.Philox(key=key.seed % 2**128, counter=[0, 0, key.draw, key.step])
        drawn = np.float64 if np.dtype(dtype) == np.float64 else np.float32
        numbers = np.random.Generator(bits).random(shape, dtype=drawn).astype(dtype, copy=False)
        if numbers.dtype == np.float16:  # the rounding reaches 1
            numbers = np.minimum(numbers, np.nextafter(np.float16(1), np.float16(0)))
        return numbers

    def in_place(self, program: Program, dtype: Any) -> Callable[[Sequence[Sequence[Any]]], list[bool]]:
        return in_place.runner(program, dtype)

    def clipped(self, arrays: Sequence[Any], max_norm: float) -> None:
        """There is nothing to gain: a number is there as soon as an array is."""

    def made_with(self, kernel: str, dtype: Any, **module: Any) -> str:
        return CHOICE.made_with(kernel, dtype)

    def about(self) -> dict[str, str]:
        return {"device": processor()}

    def capture(
        self, run: Callable[[list[Any], list[Any]], list[Any]], weights: Sequence[Any], inputs: Sequence[Any]
    ) -> Callable[..., list[np.ndarray]] | None:
        """As lines of Python; None for a backend that is made from this one, whose own ways they would not know."""
        from .tape import recorded  # late: who records nothing need not read it

        return recorded(self, run, weights, inputs) if type(self) is NumpyBackend else None

    def look(self, array: Any, check: Callable[[np.ndarray], None]) -> None:
        check(np.asarray(array))

    def synchronize(self) -> None:
        """NumPy has finished when it returns."""

    def memory(self) -> Memory:
        """The resident size of the process: NumPy keeps no count of its own."""
        try:
            import resource  # absent on Windows
        except ImportError:
            return Memory(0, 0, None)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        return Memory(peak, peak, None)


def processor() -> str:
    """Return the processor's name as the system tells it."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text("utf-8").splitlines() if info.exists() else []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor() or platform.machine())
