"""Sequences of unequal length side by side: padded arrays and the true lengths."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from tinygrad_seq.errors import ConfigError, DataError

IGNORE = -100
"""The target that a loss leaves out; the number is PyTorch's."""


class Padded(NamedTuple):
    """Sequences in one array.

    Attributes:
        ids: shape (batch, time), filled up at the right.
        lengths: how much of each row is real, shape (batch,).
    """

    ids: npt.NDArray[np.intp]
    lengths: npt.NDArray[np.intp]


class PaddedBatch(NamedTuple):
    """One batch of examples.

    Attributes:
        ids: the input sequences, shape (batch, time), filled up at the right.
        lengths: how much of each row is real, shape (batch,).
        targets: one per row, shape (batch,); or sequences, shape (batch, target time), filled up with `target_pad`.
    """

    ids: npt.NDArray[np.intp]
    lengths: npt.NDArray[np.intp]
    targets: npt.NDArray[Any]


def pad(sequences: Sequence[npt.ArrayLike], value: int = 0) -> Padded:
    """The sequences as one array as long as the longest, with their lengths.

    Raises:
        DataError: there are no sequences, one is empty, or one is no row of integers.

    >>> ids, lengths = pad([[5, 6, 7], [8]])
    >>> ids.tolist(), lengths.tolist()
    ([[5, 6, 7], [8, 0, 0]], [3, 1])
    """
    if not len(sequences):
        raise DataError("There are no sequences to pad.")
    rows = _rows(sequences)
    lengths = np.array([len(row) for row in rows], np.intp)
    ids = np.full((len(rows), int(lengths.max())), value, np.intp)
    ids[np.arange(ids.shape[1]) < lengths[:, None]] = np.concatenate(rows)
    return Padded(ids, lengths)


def padded(
    sequences: Sequence[npt.ArrayLike],
    targets: Sequence[Any] | npt.NDArray[Any],
    batch_size: int,
    *,
    seed: int | None = None,
    epoch: int = 0,
    value: int = 0,
    target_pad: int = IGNORE,
) -> Iterator[PaddedBatch]:
    """One epoch of padded batches: every sequence once, the last batch as small as it comes.

    Args:
        sequences: rows of ids, of any length from 1.
        targets: a number for each sequence (classification, regression) or a row of ids (sequence to sequence).
        batch_size: how many sequences a batch holds.
        seed: shuffles, differently in each epoch and the same each time; None keeps the order.
        epoch: which epoch of that shuffling.
        value: what fills up `ids`.
        target_pad: what fills up `targets`; `IGNORE` is what the losses leave out.

    Raises:
        DataError: a sequence is empty, or there are not as many targets as sequences.

    >>> for ids, lengths, targets in padded([[1, 2], [3], [4, 5, 6]], targets=[0, 1, 0], batch_size=2):
    ...     print(ids.tolist(), lengths.tolist(), targets.tolist())
    [[1, 2], [3, 0]] [2, 1] [0, 1]
    [[4, 5, 6]] [3] [0]
    """
    if batch_size < 1:
        raise ConfigError(f"batch_size must be at least 1, got {batch_size}.")
    if len(sequences) != len(targets):
        raise DataError(f"Each sequence has one target; got {len(sequences)} sequences and {len(targets)} targets.")
    rows = _rows(sequences)
    order = (
        np.arange(len(sequences)) if seed is None else np.random.default_rng([seed, epoch]).permutation(len(targets))
    )

    def batch(first: int) -> PaddedBatch:
        chosen = order[first : first + batch_size]
        ids, lengths = pad([rows[i] for i in chosen], value)
        answers = [targets[i] for i in chosen]
        is_sequence = np.ndim(answers[0]) > 0
        return PaddedBatch(ids, lengths, pad(answers, target_pad).ids if is_sequence else np.asarray(answers))

    return map(batch, range(0, len(order), batch_size))


def _rows(sequences: Sequence[npt.ArrayLike]) -> list[npt.NDArray[Any]]:
    rows = [np.asarray(sequence) for sequence in sequences]
    for index, row in enumerate(rows):
        if row.ndim != 1 or not row.size or row.dtype.kind not in "iu":
            raise DataError(
                f"A sequence is a row of one integer or more; sequence {index} has shape {row.shape} of {row.dtype}."
            )
    return rows
