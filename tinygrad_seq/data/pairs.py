"""Pairs of texts, source and target: what a sequence-to-sequence model learns from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from tinygrad_seq.data.vocab import CharVocab, Ids
from tinygrad_seq.errors import ConfigError, DataError


class TextPair(NamedTuple):
    """A text and what it is to be turned into."""

    source: str
    target: str


@dataclass(frozen=True)
class TextPairs:
    """A task: pairs to learn from, pairs to be tested on, and the vocabulary of both sides.

    All sources have one length and all targets have one length, filled up with spaces at the right; so the ids need no
    lengths, and a decoder that writes the target's length needs no end symbol.
    """

    train: list[TextPair]
    test: list[TextPair]
    vocab: CharVocab

    def encode(self, pairs: Sequence[TextPair]) -> tuple[Ids, Ids]:
        """The ids of sources, shape (len(pairs), source length), and of targets, shape (len(pairs), target length)."""
        sources = self.vocab.encode("".join(pair.source for pair in pairs), strict=True)
        targets = self.vocab.encode("".join(pair.target for pair in pairs), strict=True)
        return sources.reshape(len(pairs), -1), targets.reshape(len(pairs), -1)


def draw_distinct(population: int, train: int, test: int, seed: int, what: str) -> tuple[list[int], list[int]]:
    """Training and test numbers from `range(population)`, all different.

    Raises:
        DataError: more are asked for than there are.
    """
    check_counts(train, test)
    if train + test > population:
        raise DataError(f"There are {population:,} {what}; train={train:,} and test={test:,} are more. Lower one.")
    drawn = np.random.default_rng(seed).choice(population, train + test, replace=False).tolist()
    return drawn[test:], drawn[:test]


def check_counts(train: int, test: int) -> None:
    """Raise a ConfigError unless both are at least 1."""
    if train < 1 or test < 1:
        raise ConfigError(f"train and test count pairs, 1 at least; got {train} and {test}.")
