"""Processes that train one model together, each on its rows of every batch: data parallel, on MPI."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from ..backend import Backend, Exchange, namespace, owner
from ..data import Batch
from ..errors import ConfigError
from ..random import Rows
from ..tensor import Tensor
from .replay import of_parts, parts

__all__ = ["ALONE", "Alone", "Ranks", "Share", "launched"]

ANNOUNCED = ("PMI_SIZE", "OMPI_COMM_WORLD_SIZE")
"""Where a launcher says how many processes it has started: that of MPICH, Intel or Slurm, and that of Open MPI."""


class Share(NamedTuple):
    """What one process computes of a batch; `rows` is None where that is all of it."""

    batch: Any
    rows: Rows | None

    @property
    def weight(self) -> float:
        """How much of the batch this is."""
        return 1.0 if self.rows is None else (self.rows.stop - self.rows.first) / self.rows.total


class Alone:
    """One process, whose share is the whole batch: everything that ranks do together costs it nothing."""

    rank, size = 0, 1

    def check(self, batch_size: int) -> None:
        """Raise ConfigError where a batch has fewer rows than there are ranks."""

    def connect(self, backend: Backend) -> None:
        """Prepare to exchange arrays of a backend, before the first of them is made."""

    def share(self, batch: Any) -> Share:
        """Return what this rank computes of a batch."""
        return Share(batch, None)

    def join(self, loss: Tensor, parameters: Sequence[Tensor], share: Share) -> Any:
        """Make the gradients those of the whole batch, on every rank, and return its loss, a number or 0-d array."""
        return loss.data

    def own_rows(self, state: Any) -> Any:
        """Return this rank's rows of a carried state."""
        return state

    def all_rows(self, state: Any) -> Any:
        """Return the carried state of the whole batch, in order; called on every rank, used on the first."""
        return state

    def from_first(self, make: Callable[[], Any]) -> Any:
        """Return on every rank what the first one makes."""
        return make()

    def anywhere(self, flag: bool) -> bool:
        """Tell on every rank whether the flag is set on one of them."""
        return flag

    def first_of(self, text: str) -> str:
        """Return on every rank the text of the first one that has something to say."""
        return text


ALONE = Alone()


class ByMpi:
    """NumPy arrays, by MPI; `backend.Exchange` says what is asked of it."""

    def __init__(self, comm: Any) -> None:
        self.comm = comm

    def all_to_all(self, parts: np.ndarray) -> np.ndarray:
        received = np.empty_like(parts)
        self.comm.Alltoall(parts, received)
        return received

    def all_gather(self, part: np.ndarray) -> np.ndarray:
        whole = np.empty(part.size * self.comm.Get_size(), part.dtype)
        self.comm.Allgather(part, whole)
        return whole


def added(exchange: Exchange, flat: Any, size: int) -> Any:
    """Return the sum of all ranks' vectors: each rank gets one N-th of all, adds it up, and hands the sum to all."""
    parts = exchange.all_to_all(namespace(flat).reshape(flat, (size, -1)))
    total = parts[0]
    for rank in range(1, size):
        total += parts[rank]
    return exchange.all_gather(total)


class Ranks(Alone):
    """The processes of an MPI communicator; rank r has rows B r / N to B (r + 1) / N of a batch of B.

    The loss is a mean over the batch, so it and its gradient are weighted means of the shares':

    ```
    g = sum over r of (B_r / B) g_r
    ```

    Gradients and loss travel as one flat vector of P + 1 numbers. Every rank gets one N-th of it from all the others
    (Alltoall), adds the parts up in the order of the ranks, and hands the sum to all (Allgather): 2 (P + 1) (N - 1) / N
    numbers out of each rank, as in the best all-reduce. MPI's own may add in an order that depends on size, network
    and version; here the order is fixed, and every rank has the same bits, so the replicas never drift apart.

    Raises:
        ConfigError: a batch has fewer rows than there are ranks.
    """

    def __init__(self, comm: Any) -> None:
        self.comm, self.rank, self.size = comm, comm.Get_rank(), comm.Get_size()
        self.between_hosts = ByMpi(comm)
        self.between_devices: Exchange | None = None

    def check(self, batch_size: int) -> None:
        """Raise ConfigError where a batch has fewer rows than there are ranks."""
        if batch_size < self.size:
            raise ConfigError(
                f"a batch of {batch_size} rows leaves some of {self.size} processes without any."
                f"\n    Start {batch_size} at most (mpiexec -n {batch_size}), or raise --batch-size."
            )

    def share(self, batch: Batch) -> Share:
        """Return what this rank computes of a batch."""
        rows = self.rows(len(batch.x))
        own = slice(rows.first, rows.stop)
        return Share(replace(batch, x=batch.x[own], y=batch.y[own]), rows)

    def rows(self, total: int) -> Rows:
        """Return which rows of a batch of `total` are this rank's."""
        self.check(total)
        return Rows(total * self.rank // self.size, total * (self.rank + 1) // self.size, total)

    def connect(self, backend: Backend) -> None:
        """Take a device for each rank; gradients then go from device to device, if each has one of its own."""
        from mpi4py import MPI

        neighbours = self.comm.Split_type(MPI.COMM_TYPE_SHARED)
        if backend.wires is not None and all(self.comm.allgather(backend.wires.claim(neighbours.Get_rank()))):
            self.between_devices = backend.wires.connect(self.rank, self.size)
        neighbours.Free()

    def join(self, loss: Tensor, parameters: Sequence[Tensor], share: Share) -> Any:
        """Make the gradients those of the whole batch, on every rank, and return its loss, a number or 0-d array."""
        grads = [p.grad for p in parameters if p.grad is not None]
        xp = namespace(loss.data)
        parts = [xp.reshape(t.data, (-1,)) for t in (*grads, loss)]
        length = sum(part.shape[0] for part in parts)
        flat = xp.concat([*parts, xp.zeros((-length % self.size,), dtype=loss.dtype)])
        flat *= share.weight
        total = self.add_up(flat)
        start = 0
        for grad in grads:
            stop = start + grad.size
            grad.data = xp.reshape(total[start:stop], grad.shape)
            start = stop
        return total[start]

    def add_up(self, flat: Any) -> Any:
        """Return the sum of the vectors of all ranks, in their order; the ranks divide its length."""
        if self.between_devices is not None:
            return added(self.between_devices, flat, self.size)
        home = owner(flat)
        return home.from_host(added(self.between_hosts, home.to_host(flat), self.size))

    def own_rows(self, state: Any) -> Any:
        """Return this rank's rows of a carried state."""
        if state is None:
            return None
        rows = self.rows(parts(state)[0].shape[1])
        own = [part.detach()[:, rows.first : rows.stop] for part in parts(state)]  # (layers, B, H)
        return of_parts(state, own)

    def all_rows(self, state: Any) -> Any:
        """Return the carried state of the whole batch, in order; called on every rank, used on the first."""
        own = [part.numpy() for part in parts(state)]
        shares = self.comm.gather(own)
        if shares is None:
            return None
        home = parts(state)[0].data
        joined = [np.concatenate(share, axis=1) for share in zip(*shares, strict=True)]
        return of_parts(state, [Tensor(part, backend=owner(home).name) for part in joined])

    def from_first(self, make: Callable[[], Any]) -> Any:
        """Return on every rank what the first one makes."""
        return self.comm.bcast(make() if self.rank == 0 else None)

    def anywhere(self, flag: bool) -> bool:
        """Tell on every rank whether the flag is set on one of them."""
        return any(self.comm.allgather(flag))

    def first_of(self, text: str) -> str:
        """Return on every rank the text of the first one that has something to say."""
        return next(filter(None, self.comm.allgather(text)), "")


def launched() -> Alone:
    """Return the ranks that a launcher such as `mpiexec` has started this process among; `Alone` without one.

    Raises:
        ConfigError: several were started that could not train together: mpi4py is missing, or another MPI's.
    """
    size = next((int(os.environ[name]) for name in ANNOUNCED if os.environ.get(name, "").isdecimal()), 1)
    if size == 1:
        return Alone()
    try:
        from mpi4py import MPI
    except (ImportError, RuntimeError) as error:
        raise ConfigError(
            f"{size} processes were started to train together, and mpi4py cannot be loaded ({error})."
            "\n    Install it with an MPI: pip install 'tinygrad_seq[mpi]'."
        ) from error
    if size != MPI.COMM_WORLD.Get_size():
        raise ConfigError(
            f"{size} processes were started, and mpi4py sees {MPI.COMM_WORLD.Get_size()}: the launcher belongs to "
            "another MPI than mpi4py.\n    Use the mpiexec that stands beside this Python."
        )
    return Ranks(MPI.COMM_WORLD)
