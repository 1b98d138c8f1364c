"""Contrasts: the second half counts, "not" turns it round, and no bag of words can tell which one it is."""

from __future__ import annotations

import pytest

from tinygrad_seq.data import contrasts
from tinygrad_seq.data.valences import ADJECTIVES
from tinygrad_seq.errors import ConfigError, DataError


@pytest.fixture(scope="module")
def task():
    return contrasts(train=300, test=100, seed=1)


def mood(half):
    *_, adjective = half.split()
    return (adjective in ADJECTIVES[True]) != (" not " in half)


def test_the_second_half_says_the_mood_and_the_first_the_opposite(task):
    for text, positive in task.train + task.test:
        first, second = text.split(" but ")
        assert mood(second) == positive
        assert mood(first) != positive
        assert first.split()[1] != second.split()[1]


def test_every_bag_of_words_is_positive_as_often_as_negative(task):
    for part in task:
        moods = {}
        for text, positive in part:
            moods.setdefault(tuple(sorted(text.split())), []).append(positive)
        assert all(sorted(own) == [False, True] * (len(own) // 2) for own in moods.values())


def test_no_sentence_occurs_twice_and_none_of_the_test_is_learnt(task):
    texts = [text for text, _ in task.train + task.test]
    assert (len(task.train), len(task.test)) == (600, 200)
    assert len(set(texts)) == 800


def test_both_moods_are_made_with_and_without_not(task):
    kinds = {(positive, " not " in text.split(" but ")[1]) for text, positive in task.train}
    assert len(kinds) == 4


def test_the_seed_decides(task):
    assert contrasts(train=300, test=100, seed=1) == task
    assert contrasts(train=300, test=100, seed=2).train != task.train


def test_too_many_or_none_are_refused():
    with pytest.raises(DataError, match="Lower one"):
        contrasts(train=300_000, test=1)
    with pytest.raises(ConfigError, match="at least"):
        contrasts(train=0, test=1)
