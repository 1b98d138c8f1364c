"""A backend for a device that is only pretended: what CuPy forbids or makes slow, it forbids or counts.

It exists for the tests: code that passes on it names no array library, never reads a device array in passing, and
keeps 0-d results on the device. It is also the shortest complete backend, to copy from when writing one:

- an array class of its own (`array.py`), here because there is no device library to bring one;
- a module that spells every name of `tinygrad_seq.backend.XP` for that class (`namespace.py`);
- a class in the shape of `tinygrad_seq.backend.Backend`, below; kernels are optional.

A package that others install is called `tinygrad_seq_<name>` and announces itself in its pyproject.toml:

    [project.entry-points."tinygrad_seq.backends"]
    fake = "tinygrad_seq_fake:FakeBackend"
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Self, cast

import numpy as np

from tinygrad_seq.backend import XP, Kernel, Key, Memory, Program, Shape, Wires
from tinygrad_seq.errors import BackendError

from . import namespace
from .array import DeviceArray, HostAccessError, computed, live, recording, transfers

__all__ = ["DeviceArray", "FakeBackend", "HostAccessError"]


class FakeBackend:
    """Arrays are `DeviceArray`; `transfers` counts what crossed between host and device, and what waited for it."""

    name = "fake"
    xp = cast(XP, namespace)
    array_types: tuple[type, ...] = (DeviceArray,)
    kernels: Mapping[str, Kernel] = {}
    wires: Wires | None = None
    transfers: Counter[str] = transfers
    now: DeviceArray | None = None  # while calls are recorded: where the training step will stand

    def on(self, device: str) -> Self:
        if device != "0":
            raise BackendError(f"there is no device 'fake:{device}'.")
        return self

    def active(self) -> AbstractContextManager[None]:
        return nullcontext()

    def from_host(self, array: np.ndarray) -> DeviceArray:
        transfers["to device"] += 1
        return DeviceArray(np.array(array))

    def to_host(self, array: DeviceArray) -> np.ndarray:
        transfers["to host"] += 1
        return array._memory.copy()

    def device(self, array: DeviceArray) -> str:
        return "fake:0"

    def uniform(self, key: Key, shape: Shape, dtype: Any) -> DeviceArray:
        """Numbers in [0, 1) from a generator that the key seeds; nothing is remembered from one call to the next."""
        below_one = np.nextafter(np.ones((), dtype), np.zeros((), dtype))  # where rounding to `dtype` would reach 1
        now = None if self.now is None else self.now._memory

        def drawn() -> np.ndarray:
            step = key.step if now is None else int(now[0])
            numbers = np.random.default_rng([key.seed % 2**64, step, key.draw]).random(shape)
            return np.minimum(numbers.astype(dtype), below_one)

        return computed(drawn)

    def in_place(self, program: Program, dtype: Any) -> None:
        """Programs are an optional speed-up, as kernels are; without them an update is run as it is written."""

    def clipped(self, arrays: Sequence[Any], max_norm: float) -> None:
        """Optional too: without it, training waits for the norm at each step."""

    def made_with(self, kernel: str, dtype: Any, **module: Any) -> str:
        return "in plain NumPy"

    def about(self) -> dict[str, str]:
        return {"device": "a pretended device"}

    def capture(
        self, run: Callable[[list[Any], list[Any]], list[Any]], weights: Sequence[Any], inputs: Sequence[Any]
    ) -> Callable[..., list[Any]]:
        """What is asked of the device while `run` runs; a crossing is an error, as it is on a real one."""
        before, now = transfers.copy(), DeviceArray(np.zeros(1, np.uint32))
        places = [computed(np.copy, x._memory) for x in inputs]
        type(self).now = now
        try:
            with recording() as calls:
                results = run(list(weights), places)
        finally:
            type(self).now = None
        if transfers != before:
            raise HostAccessError(f"nothing may cross while a step is recorded: {dict(transfers - before)}.")

        def again(step: int, *inputs: Any) -> list[Any]:
            now._memory[...] = step
            for place, x in zip(places, inputs, strict=True):
                place[...] = x
            for call in calls:
                call()
            return results

        return again

    def look(self, array: Any, check: Callable[[np.ndarray], None]) -> None:
        """The host does not wait."""

    def synchronize(self) -> None:
        transfers["waited"] += 1

    def memory(self) -> Memory:
        """The bytes of all arrays alive, memory that several share counted once."""
        owners = {id(owner): owner.nbytes for owner in (memory_owner(array._memory) for array in list(live.values()))}
        used = sum(owners.values())
        return Memory(used=used, held=used, limit=None)


def memory_owner(memory: np.ndarray) -> np.ndarray:
    """Return the array that owns the memory of a view."""
    while isinstance(memory.base, np.ndarray):
        memory = memory.base
    return memory
