"""Generated tasks: right answers, test pairs the training never shows, the same under a seed."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinygrad_seq.data import addition, dates, number_words
from tinygrad_seq.data.written_dates import MONTHS, suffix
from tinygrad_seq.data.written_numbers import LONGEST, in_words
from tinygrad_seq.errors import ConfigError, DataError


def summands(pair):
    return tuple(map(int, pair.source.split("+")))


@settings(max_examples=30)
@given(st.integers(2, 5), st.integers(1, 300), st.integers(1, 300), st.integers(0, 99))
def test_no_sum_of_the_test_is_learnt_in_either_order(digits, train, test, seed):
    task = addition(digits, train=train, test=test, seed=seed)
    assert (len(task.train), len(task.test)) == (train, test)
    assert len(set(task.train)) == train
    learnt = {frozenset(summands(pair)) for pair in task.train}
    tested = {frozenset(summands(pair)) for pair in task.test}
    assert len(tested) == test
    assert not learnt & tested


def test_sums_are_right_and_of_one_width():
    task = addition(3, train=500, test=50)
    for pair in task.train + task.test:
        a, b = summands(pair)
        assert int(pair.target) == a + b
        assert 0 <= min(a, b) <= max(a, b) < 1000
        assert (len(pair.source), len(pair.target)) == (7, 4)


def test_of_one_digit_nine_tenths_of_all_pairs_can_be_drawn():
    task = addition(1, train=80, test=10, seed=3)
    both = {summands(pair) for pair in task.train + task.test}
    assert len(both) == 90


def test_reversed_sources_are_the_same_pairs_backwards():
    plain, backwards = addition(seed=5), addition(seed=5, reverse=True)
    assert [pair.source[::-1] for pair in backwards.train] == [pair.source for pair in plain.train]
    assert [pair.target for pair in backwards.test] == [pair.target for pair in plain.test]


@pytest.mark.parametrize("task", [addition, dates, number_words])
def test_a_task_is_a_function_of_its_seed_and_its_vocabulary_is_not(task):
    first, again, other = task(seed=1), task(seed=1), task(seed=2)
    assert first == again
    assert first.train != other.train
    assert first.vocab == other.vocab


@pytest.mark.parametrize("task", [addition, dates, number_words])
def test_texts_become_arrays_of_ids(task):
    found = task(train=40, test=5)
    sources, targets = found.encode(found.train)
    assert [found.vocab.decode(row) for row in sources] == [pair.source for pair in found.train]
    assert [found.vocab.decode(row) for row in targets] == [pair.target for pair in found.train]


@pytest.mark.parametrize("task", [addition, dates, number_words])
def test_more_pairs_than_there_are_is_a_data_error(task):
    with pytest.raises(DataError, match="Lower one"):
        task(train=80_000, test=10)
    with pytest.raises(ConfigError, match="1 at least"):
        task(train=0, test=10)


def test_all_pairs_of_two_digits_can_be_learnt_but_those_tested():
    assert len(addition(2, train=9000, test=500).train) == 9000
    with pytest.raises(DataError, match="10,000 pairs"):
        addition(2, train=9501, test=500)


@pytest.mark.parametrize("digits", [0, 10])
def test_digits_are_one_to_nine(digits):
    with pytest.raises(ConfigError, match="digits"):
        addition(digits)


def test_a_written_date_says_the_iso_date_and_no_day_is_in_both_parts():
    task = dates(train=3000, test=300)
    assert not {pair.target for pair in task.train} & {pair.target for pair in task.test}
    for source, target in task.train:
        day = date.fromisoformat(target)
        words = source.replace(",", "").replace(" of ", " ").split()
        numbers = [int(word.rstrip("stndrh")) for word in words if word[0].isdigit()]
        (month,) = (word for word in words if word[0].isalpha())
        assert numbers == [day.day, day.year]
        assert MONTHS[day.month - 1].startswith(month)
        assert len(source) == 22


def test_ordinals():
    assert [f"{n}{suffix(n)}" for n in (1, 2, 3, 4, 11, 12, 13, 21, 22, 23, 30, 31)] == [
        "1st", "2nd", "3rd", "4th", "11th", "12th", "13th", "21st", "22nd", "23rd", "30th", "31st",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("n", "words"),
    [
        (0, "zero"),
        (13, "thirteen"),
        (20, "twenty"),
        (99, "ninety-nine"),
        (100, "one hundred"),
        (512, "five hundred twelve"),
        (4217, "four thousand two hundred seventeen"),
        (9000, "nine thousand"),
    ],
)
def test_numbers_in_words(n, words):
    assert in_words(n) == words


def test_every_number_has_words_of_its_own_that_fit():
    written = [in_words(n) for n in range(10_000)]
    assert len(set(written)) == 10_000
    assert max(map(len, written)) == LONGEST


def test_no_number_of_the_test_is_learnt():
    task = number_words(train=9000, test=1000)
    assert sorted(int(pair.source) for pair in task.train + task.test) == list(range(10_000))
    assert all(pair.target.rstrip() == in_words(int(pair.source)) for pair in task.test)
