"""Contiguous batches for truncated backpropagation through time, and windows for evaluation with a carried state."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tinygrad_seq.data.padding import IGNORE
from tinygrad_seq.data.vocab import Ids
from tinygrad_seq.errors import ConfigError, DataError


@dataclass(frozen=True, eq=False)
class Batch:
    """One step of training: `x` and the symbol that follows each of its symbols, `y`. Unpacks as `x, y = batch`.

    Attributes:
        x: the input ids, shape (batch, time).
        y: the ids to predict, shape (batch, time): `y[:, t]` follows `x[:, t]`.
        step: which step of the run this is, from 0.
        starts_epoch: whether the streams begin here: nothing came before, so the state starts from zero.
    """

    x: npt.NDArray[np.intp]
    y: npt.NDArray[np.intp]
    step: int
    starts_epoch: bool

    def __iter__(self) -> Iterator[npt.NDArray[np.intp]]:
        return iter((self.x, self.y))


class Batches:
    """The batches of a run: the text is cut into `batch_size` parallel streams, read `seq_len` symbols at a step.

    Row b of a batch continues row b of the batch before, so the state can be carried from one to the next. After the
    last batch of an epoch the streams start again. Each batch is a function of its step alone: a run resumed with
    `start=` sees what the uninterrupted one would have seen.
    What the streams hold beyond whole windows, fewer than `batch_size * (seq_len + 1)` symbols, is left out.

    Args:
        ids: the text, shape (N,).
        batch_size: how many streams.
        seq_len: how many symbols of each stream a batch holds.
        steps: the step to end before, as in `range(start, steps)`; None ends with the epoch that `start` lies in.
        start: the first step.

    Raises:
        DataError: the text has fewer than `batch_size * seq_len + 1` symbols.

    >>> batches = Batches(np.arange(9), batch_size=2, seq_len=2)
    >>> for x, y in batches:
    ...     print(x.tolist(), y.tolist())
    [[0, 1], [4, 5]] [[1, 2], [5, 6]]
    [[2, 3], [6, 7]] [[3, 4], [7, 8]]
    """

    def __init__(self, ids: Ids, batch_size: int, seq_len: int, steps: int | None = None, start: int = 0) -> None:
        _check_sizes(batch_size, seq_len)
        if start < 0 or (steps is not None and steps < 0):
            raise ConfigError(f"Steps count from 0, got start={start}, steps={steps}.")
        needed = batch_size * seq_len + 1
        if len(ids) < needed:
            raise DataError(_too_short(len(ids), needed, batch_size, seq_len))
        length = (len(ids) - 1) // batch_size
        self._inputs = ids[: batch_size * length].reshape(batch_size, length)
        self._targets = ids[1 : batch_size * length + 1].reshape(batch_size, length)
        self._seq_len = seq_len
        self.steps_per_epoch = length // seq_len
        self.start = start
        self.steps = (start // self.steps_per_epoch + 1) * self.steps_per_epoch if steps is None else steps

    def at(self, step: int) -> Batch:
        """The batch of any step, whether or not this run reaches it."""
        column = step % self.steps_per_epoch
        window = slice(column * self._seq_len, (column + 1) * self._seq_len)
        x, y = self._inputs[:, window].astype(np.intp), self._targets[:, window].astype(np.intp)
        return Batch(x, y, step, starts_epoch=column == 0)

    def __len__(self) -> int:
        return max(0, self.steps - self.start)

    def __iter__(self) -> Iterator[Batch]:
        return map(self.at, range(self.start, self.steps))


def evaluation_batches(ids: Ids, batch_size: int, seq_len: int) -> Iterator[Batch]:
    """Windows in which every symbol but the first is predicted exactly once, from left to right in each stream.

    The last window may be shorter than `seq_len`. Where the text does not divide into `batch_size` equal streams, the
    missing targets at their end are `IGNORE` (-100), which `cross_entropy` leaves out; with one stream there are none.

    Raises:
        DataError: the text has fewer than two symbols.

    >>> for x, y in evaluation_batches(np.arange(6), batch_size=2, seq_len=2):
    ...     print(x.tolist(), y.tolist())
    [[0, 1], [3, 4]] [[1, 2], [4, 5]]
    [[2], [5]] [[3], [-100]]
    """
    _check_sizes(batch_size, seq_len)
    predictions = len(ids) - 1
    if predictions < 1:
        raise DataError(f"Evaluation predicts each symbol from those before it: it needs 2 at least, got {len(ids)}.")
    length = -(-predictions // batch_size)
    first = np.arange(batch_size)[:, None] * length

    def window(step: int) -> Batch:
        position = first + np.arange(step * seq_len, min((step + 1) * seq_len, length))  # (B, T)
        x = ids[np.minimum(position, predictions)].astype(np.intp)
        y = ids[np.minimum(position + 1, predictions)].astype(np.intp)
        return Batch(x, np.where(position < predictions, y, IGNORE), step, starts_epoch=step == 0)

    return map(window, range(-(-length // seq_len)))


def _check_sizes(batch_size: int, seq_len: int) -> None:
    if batch_size < 1 or seq_len < 1:
        raise ConfigError(f"batch_size and seq_len must be at least 1, got {batch_size} and {seq_len}.")


def _too_short(length: int, needed: int, batch_size: int, seq_len: int) -> str:
    if length > seq_len:
        cure = f"Lower batch_size (--batch-size): {(length - 1) // seq_len} is the largest for seq_len {seq_len}."
    elif length > 1:
        cure = f"Lower seq_len (--seq-length) to {length - 1} at most with batch_size (--batch-size) 1."
    else:
        cure = "No batch_size (--batch-size) or seq_len (--seq-length) is small enough."
    return (
        f"One batch needs {needed:,} symbols (batch_size {batch_size} x seq_len {seq_len}, and one more to predict), "
        f"but this text has {length:,}. {cure} Or give more text."
    )
