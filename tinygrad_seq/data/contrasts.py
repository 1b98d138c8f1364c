"""Two opposite judgements joined by "but", of which the second counts: "the soup was good but the tea was not good".

Each sentence has a twin with its halves exchanged: the same words, the opposite mood. So whatever a model of the bag of
words says of the two, it is right about one of them. Inside a half "not" turns the adjective round.
"""

from __future__ import annotations

from itertools import product
from typing import NamedTuple

import numpy as np

from tinygrad_seq.data.labelled_texts import Labelled
from tinygrad_seq.data.pairs import check_counts
from tinygrad_seq.data.valences import ADJECTIVES, DISHES
from tinygrad_seq.errors import DataError

VERBS = {False: "was", True: "was not"}
"""By whether the judgement denies."""
DEGREES = ("", "very ", "so very ", "really ")


class Contrasts(NamedTuple):
    """Sentences with their moods, twins next to each other; none of the test sentences is among the others."""

    train: list[Labelled]
    test: list[Labelled]


def contrasts(*, train: int = 2000, test: int = 500, seed: int = 0) -> Contrasts:
    """Pairs of twins, drawn under a seed.

    Args:
        train: how many pairs to learn from, of two sentences each.
        test: how many other pairs.
        seed: the same seed draws the same sentences.

    Raises:
        DataError: there are not so many pairs.

    >>> for text, positive in contrasts(train=1, test=1).test:
    ...     print(positive, text)
    True the soup was not very nice but the bread was so very fine
    False the bread was so very fine but the soup was not very nice
    """
    check_counts(train, test)
    well, ill = judgements(positive=True), judgements(positive=False)
    codes = np.random.default_rng(seed).permutation(len(well) * len(ill))
    i, j = np.divmod(codes, len(ill))
    about_two = codes[i % len(DISHES) != j % len(DISHES)]
    if train + test > len(about_two):
        raise DataError(f"There are {len(about_two):,} pairs; train={train:,} and test={test:,} are more. Lower one.")

    def twins(code: int) -> list[Labelled]:
        good, bad = well[code // len(ill)], ill[code % len(ill)]
        return [Labelled(f"{bad} but {good}", True), Labelled(f"{good} but {bad}", False)]

    drawn = [twins(code) for code in about_two[: train + test].tolist()]
    tested, learnt = drawn[:test], drawn[test:]
    return Contrasts([one for pair in learnt for one in pair], [one for pair in tested for one in pair])


def judgements(*, positive: bool) -> list[str]:
    """Every judgement of one mood; those of the same dish lie a multiple of the number of dishes apart."""
    return [
        f"the {dish} {VERBS[denies]} {degree}{adjective}"
        for denies in (False, True)
        for adjective, degree, dish in product(ADJECTIVES[positive != denies], DEGREES, DISHES)
    ]
