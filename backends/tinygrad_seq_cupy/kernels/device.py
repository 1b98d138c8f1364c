"""What the kernels' host code asks of a device: memory, matrix products, and launches."""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol

import numpy as np

from tinygrad_seq.backend import XP, Shape

from .sources import Function

__all__ = ["CLUSTER", "OPTIONS", "THREADS", "Chip", "Device", "working"]

THREADS = 128  # of a block
CLUSTER = 8  # blocks; more of them is for the few GPUs that say so
OPTIONS = ("-std=c++17", "-fmad=false")  # each operation is rounded, as it is on the host


class Chip(NamedTuple):
    """What decides whether a sequence's weights can stay on the chip.

    Attributes:
        capability: the compute capability, 90 for 9.0.
        multiprocessors: how many there are; each runs one block that takes all of its memory.
        memory: bytes on the chip that one block can have.
    """

    capability: int
    multiprocessors: int
    memory: int


class Device(Protocol):
    """One small object between the host code and the GPU, so that tests can put a CPU in its place."""

    xp: XP
    threads: int  # of a block
    now: Any  # while launches are recorded: where the training step will stand in the device's memory; else None

    @property
    def chip(self) -> Chip:
        """What there is of the device that computes now."""

    def empty(self, shape: Shape, dtype: Any) -> Any:
        """Return an array of any content, in C order."""

    def contiguous(self, array: Any, dtype: Any) -> Any:
        """Return an array of this type in C order: the array itself where it is one already."""

    def matmul(self, a: Any, b: Any, out: Any, *, a_T: bool = False, b_T: bool = False, add: bool = False) -> None:
        """Write out = a b, or out += a b; all are matrices whose rows are contiguous. The flags transpose a or b."""

    def launch(self, kernel: Function, dtype: Any, n: int, *arguments: Any, rows: bool = False) -> None:
        """Run a kernel on n threads, or, with `rows`, on n blocks of THREADS; whole numbers go as C's int.

        An argument may be an array in C order, None for a null pointer, or a number; NumPy scalars keep their type.
        """

    def launch_on_chip(self, kernel: Function, dtype: Any, blocks: int, numbers: int, *arguments: Any) -> None:
        """Run a kernel on blocks that meet: all at once, or by the cluster if its options say CLUSTER.

        Each has room for so many numbers on the chip.
        """


def working(x: Any) -> np.dtype[Any]:
    """Return the type that a kernel computes in, for an array's: float32 for float16."""
    return np.dtype(np.float32 if x.dtype == np.float16 else x.dtype)
