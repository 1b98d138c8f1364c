"""Unigram and bigram models: the floors that a recurrent network has to beat."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from tinygrad_seq.data.vocab import Ids
from tinygrad_seq.errors import ConfigError, DataError

Floats: TypeAlias = npt.NDArray[np.float64]
Counts: TypeAlias = npt.NDArray[np.intp]


@dataclass(frozen=True, eq=False, repr=False)
class Ngram:
    """Symbols drawn by themselves (`order=1`) or after the one before (`order=2`), from counts n in a training text.

        p(b)   = (n(b) + 1) / (N + V)
        p(b|a) = (n(a, b) + p(b)) / (n(a) + 1)

    The smoothing is fixed, not fitted: one imaginary occurrence of each symbol, and after each symbol one imaginary
    draw from the unigram model. Nothing has probability zero.

    Attributes:
        order: 1 or 2.
        unigram: p(b), shape (V,).
        pairs: the pairs that occur, as a * V + b, in rising order.
        pair_counts: n(a, b) of these pairs.
        contexts: n(a), how often a symbol follows a, shape (V,).

    >>> ids = np.array([0, 1, 0, 1, 0, 1, 0, 0])
    >>> unigram, bigram = Ngram.fit(ids, 2, order=1), Ngram.fit(ids, 2, order=2)
    >>> round(unigram.nats(ids), 3), round(bigram.nats(ids), 3)
    (0.685, 0.373)
    """

    order: Literal[1, 2]
    unigram: Floats
    pairs: npt.NDArray[np.int64]
    pair_counts: Counts
    contexts: Counts

    @classmethod
    def fit(cls, ids: Ids, vocab_size: int, *, order: Literal[1, 2]) -> Ngram:
        """The model of a text, `ids` of shape (N,) with values below `vocab_size`.

        Raises:
            DataError: the text has fewer than two symbols, or an id is outside 0 to `vocab_size` - 1.
        """
        if order not in {1, 2}:
            raise ConfigError(f"order is 1 (unigram) or 2 (bigram), got {order}.")
        if len(ids) < 2 or ids.min() < 0 or ids.max() >= vocab_size:
            reach = f"from {ids.min()} to {ids.max()}" if len(ids) else "none"
            raise DataError(
                f"An n-gram model needs two ids at least, from 0 to {vocab_size - 1}; got {len(ids)}: {reach}."
            )
        counts = np.bincount(ids, minlength=vocab_size)
        unigram = (counts + 1) / (len(ids) + vocab_size)
        pairs, pair_counts = _count_pairs(ids, vocab_size)
        return cls(order, unigram, pairs, pair_counts, contexts=np.bincount(ids[:-1], minlength=vocab_size))

    def nats(self, ids: Ids) -> float:
        """The mean of -log p over a text, in nats per symbol; as for a network, the first symbol is not predicted.

        Raises:
            DataError: the text has fewer than two symbols.
        """
        if len(ids) < 2:
            raise DataError(f"Each symbol is predicted from the one before: two are needed at least, got {len(ids)}.")
        pairs, counts = _count_pairs(ids, len(self.unigram))
        return float(-counts @ np.log(self._probability(pairs)) / counts.sum())

    def sample(self, rng: np.random.Generator, length: int) -> npt.NDArray[np.intp]:
        """A text of this model, shape (length,); its first symbol is drawn from the unigram model."""
        ids = np.zeros(length, np.intp)
        ranks = np.arange(len(self.unigram))
        p = self.unigram
        for t in range(length):
            ids[t] = rng.choice(len(p), p=p / p.sum())
            p = self._probability(ids[t] * len(p) + ranks)
        return ids

    def _probability(self, pairs: npt.NDArray[np.integer[Any]]) -> Floats:
        """p(b|a) of pairs written a * V + b."""
        a, b = np.divmod(pairs, len(self.unigram))
        if self.order == 1:
            return self.unigram[b]
        place = np.minimum(np.searchsorted(self.pairs, pairs), len(self.pairs) - 1)
        count = np.where(self.pairs[place] == pairs, self.pair_counts[place], 0)
        return (count + self.unigram[b]) / (self.contexts[a] + 1)


def _count_pairs(ids: Ids, vocab_size: int) -> tuple[npt.NDArray[np.int64], Counts]:
    # Sorting, because a table of V * V counts does not fit for the thousands of characters of Chinese.
    return np.unique(ids[:-1].astype(np.int64) * vocab_size + ids[1:], return_counts=True)
