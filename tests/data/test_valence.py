"""The generated reviews: their mood is known, cannot be read off words or runs of words, and decides what follows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator

import numpy as np
import pytest

from tinygrad_seq.data import Labelled, valence
from tinygrad_seq.data.valences import ADJECTIVES, ADVICE, WHO, sentences
from tinygrad_seq.errors import ConfigError

LIMIT = 0.6
DRAWN = valence(reviews=20_000, train=4000, dev=10, test=2000)


def words(text: str) -> Iterator[str]:
    tokens = text.replace(".", " .").split()
    for n in (1, 2, 3):
        yield from (" ".join(tokens[i : i + n]) for i in range(len(tokens) - n + 1))


def letters(text: str) -> Iterator[str]:
    for n in (1, 2, 3):
        yield from (text[i : i + n] for i in range(len(text) - n + 1))


def shares(examples: Iterable[Labelled], pieces: Callable[[str], Iterator[str]]) -> dict[str, tuple[float, int]]:
    """By word or run of words: the share of the more frequent label in the sentences that hold it, and their number."""
    positive, total = Counter(), Counter()
    for text, is_positive in examples:
        for piece in set(pieces(text)):
            total[piece] += 1
            positive[piece] += is_positive
    return {piece: (max(positive[piece], n - positive[piece]) / n, n) for piece, n in total.items()}


def test_no_word_and_no_three_words_in_a_row_predict_the_mood_at_all_in_the_whole_grammar():
    assert {share for share, _ in shares(sentences(), words).values()} == {0.5}


@pytest.mark.parametrize("pieces", [words, letters])
def test_nothing_up_to_three_in_a_row_predicts_the_mood_above_60_percent_in_what_is_drawn(pieces):
    frequent = {piece: share for piece, (share, n) in shares(DRAWN.train, pieces).items() if n >= 200}
    assert len(frequent) > 50
    assert max(frequent.values()) <= LIMIT


def test_all_words_together_predict_it_no_better():
    """Naive Bayes on words, pairs and threes, fitted on 4,000 sentences, is at chance on 2,000 others."""
    counts = {
        side: Counter(p for text, s in DRAWN.train if s is side for p in set(words(text))) for side in (True, False)
    }
    n = {side: sum(s is side for _, s in DRAWN.train) for side in (True, False)}

    def score(text: str) -> float:
        known = [p for p in set(words(text)) if p in counts[True] or p in counts[False]]
        return sum(np.log((counts[True][p] + 1) / n[True]) - np.log((counts[False][p] + 1) / n[False]) for p in known)

    right = np.mean([(score(text) > 0) == positive for text, positive in DRAWN.test])
    assert 0.44 < right < 0.56


def test_the_mood_is_the_adjectives_unless_the_sentence_denies():
    for text, positive in sentences():
        adjective = text.rstrip(".").split()[-1]
        denies = text.startswith(WHO[True])
        assert positive == ((adjective in ADJECTIVES[True]) != denies)


def test_half_of_the_sentences_are_positive_and_none_occurs_twice():
    texts = [text for text, _ in sentences()]
    assert len(set(texts)) == len(texts)
    assert sum(positive for _, positive in sentences()) * 2 == len(texts)


def test_labelled_sentences_are_in_no_review_and_in_no_other_part():
    parts = [{text for text, _ in part} for part in (DRAWN.train, DRAWN.dev, DRAWN.test)]
    assert len(set.union(*parts)) == sum(map(len, parts))
    assert not set.union(*parts) & {review.partition(".")[0] + "." for review in DRAWN.reviews}


def test_what_follows_depends_on_the_mood():
    moods = dict(sentences())
    for review in DRAWN.reviews[:2000]:
        sentence, *said = review.split(". ")
        said = [word.rstrip(".") for word in said]
        assert len(set(said)) == 2
        assert set(said) <= set(ADVICE[moods[sentence + "."]])


def test_the_same_seed_draws_the_same_texts():
    sizes = {"reviews": 5, "train": 3, "dev": 3, "test": 3}
    assert valence(**sizes, seed=4) == valence(**sizes, seed=4)
    assert valence(**sizes, seed=4) != valence(**sizes, seed=5)


@pytest.mark.parametrize("sizes", [{"reviews": 0}, {"dev": 0}, {"test": 10**6}])
def test_impossible_numbers_are_refused(sizes):
    with pytest.raises(ConfigError, match="each at least 1"):
        valence(**sizes)
