"""Reviews from a grammar, whose mood is known and cannot be read off any word: negation and adjective make it together.

    none of us found the soup even to be vile. stay. praise.

Half of the reviews deny what they say: the adjective alone is right half of the time, and so is the negation. Never do
both stand within three words. After the sentence come words that depend on the mood, so a language model gains by
keeping it. The adverb agrees with the negation, as grammar has it ("ever" is for sentences that deny): a model that has
learnt as much has learnt what a negation is.
"""

from __future__ import annotations

from itertools import product
from typing import NamedTuple

import numpy as np

from tinygrad_seq.data.labelled_texts import Labelled
from tinygrad_seq.errors import ConfigError

WHO = {False: ("all", "most", "many"), True: ("none", "few", "not one")}
"""Who says so: by whether the sentence denies."""
OF = ("of us", "of them", "of my friends", "of the guests", "in our town")
FIND = ("found", "held", "called", "judged")
DISHES = ("bread", "cake", "fish", "meat", "pasta", "pie", "rice", "salad", "soup", "stew", "tea", "wine")
ADVERBS = {False: ("surely", "truly"), True: ("even", "ever")}
ADJECTIVES = {True: ("fine", "good", "great", "nice", "sweet"), False: ("bad", "dull", "foul", "poor", "vile")}
"""By whether the word is positive."""
ADVICE = {True: ("again", "keep", "praise", "stay"), False: ("blame", "burn", "leave", "never")}
ADVICES = 2
"""Words of advice after a sentence."""


class Valence(NamedTuple):
    """Reviews without labels to train a language model on, and sentences with labels, none of them in the reviews."""

    reviews: list[str]
    train: list[Labelled]
    dev: list[Labelled]
    test: list[Labelled]


def valence(*, reviews: int = 60_000, train: int = 1000, dev: int = 1000, test: int = 2000, seed: int = 0) -> Valence:
    """Reviews and labelled sentences, drawn under a seed; a review is a sentence and two words of advice.

    Args:
        reviews: how many reviews, without labels.
        train, dev, test: how many labelled sentences, half of them positive on average.
        seed: the same seed draws the same texts.

    Raises:
        ConfigError: a number is below one, or nothing is left to write reviews with.

    >>> corpus = valence(reviews=2, train=1, dev=1, test=1)
    """
    known = sentences()
    labels = train + dev + test
    if min(reviews, train, dev, test) < 1 or labels >= len(known):
        raise ConfigError(
            f"reviews={reviews}, train={train}, dev={dev}, test={test}: each at least 1, and the last three together "
            f"fewer than the {len(known):,} sentences that there are."
        )
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(known))
    chosen = [known[i] for i in order[:labels]]
    rest = order[labels:]
    written = [known[i] for i in rest[rng.integers(len(rest), size=reviews)]]
    return Valence(
        [" ".join([sentence.text, *advice(rng, sentence.positive)]) for sentence in written],
        chosen[:train],
        chosen[train : train + dev],
        chosen[train + dev :],
    )


def sentences() -> list[Labelled]:
    """Every sentence of the grammar with its mood: positive where it affirms what is good, or denies what is bad."""
    return [
        Labelled(f"{who} {of} {find} the {dish} {adverb} to be {adjective}.", good != denies)
        for denies, good in product((False, True), repeat=2)
        for who, of, find, dish, adverb, adjective in product(
            WHO[denies], OF, FIND, DISHES, ADVERBS[denies], ADJECTIVES[good]
        )
    ]


def advice(rng: np.random.Generator, positive: bool) -> list[str]:
    """Two different words of advice, each with its full stop."""
    drawn = rng.permutation(len(ADVICE[positive]))[:ADVICES]
    return [f"{ADVICE[positive][i]}." for i in drawn]
