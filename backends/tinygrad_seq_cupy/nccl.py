"""Arrays from GPU to GPU by NCCL, for processes that MPI has started."""

from __future__ import annotations

from typing import Any

__all__ = ["Nccl"]


class Nccl:
    """NVIDIA's collective communication, in CuPy's hands; `tinygrad_seq.backend.Wires` says what is asked of it."""

    def __init__(self, cupy: Any) -> None:
        self.cupy = cupy

    def claim(self, number: int) -> bool:
        """Make a GPU CuPy's current one for the whole process; with more processes than GPUs they take turns."""
        count = self.cupy.cuda.runtime.getDeviceCount()
        self.cupy.cuda.Device(number % count).use()
        return number < count and bool(self.cupy.cuda.nccl.available)

    def connect(self, rank: int, size: int) -> NcclExchange:
        """MPI hands NCCL's number from the first process to the others."""
        from cupyx.distributed import init_process_group

        return NcclExchange(self.cupy, init_process_group(size, rank, backend="nccl", use_mpi=True), size)


class NcclExchange:
    """On CuPy's current stream: nobody waits for it but what is asked for later."""

    def __init__(self, cupy: Any, comm: Any, size: int) -> None:
        self.cupy, self.comm, self.size = cupy, comm, size

    def all_to_all(self, parts: Any) -> Any:
        received = self.cupy.empty_like(parts)
        self.comm.all_to_all(parts, received)
        return received

    def all_gather(self, part: Any) -> Any:
        whole = self.cupy.empty(self.size * part.size, part.dtype)
        self.comm.all_gather(part, whole, part.size)
        return whole
