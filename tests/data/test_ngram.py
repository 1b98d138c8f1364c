"""The floors, against a slow reading of the formula and against closed forms."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygrad_seq.data import Corpus, Ngram
from tinygrad_seq.errors import ConfigError, DataError

V = 5
texts = st.lists(st.integers(0, V - 1), min_size=2, max_size=40)


def slow_probability(order, training, before, symbol):
    unigram = (training.count(symbol) + 1) / (len(training) + V)
    if order == 1:
        return unigram
    followers = [b for a, b in pairwise(training) if a == before]
    return (followers.count(symbol) + unigram) / (len(followers) + 1)


@pytest.mark.parametrize("order", [1, 2])
@given(training=texts, text=texts)
def test_nats_are_the_formula_read_slowly(order, training, text):
    pairs = list(pairwise(text))
    expected = sum(-math.log(slow_probability(order, training, a, b)) for a, b in pairs) / len(pairs)
    model = Ngram.fit(np.array(training, np.uint8), V, order=order)
    assert model.nats(np.array(text, np.uint8)) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("order", [1, 2])
@given(training=texts, before=st.integers(0, V - 1))
def test_the_probabilities_of_the_next_symbol_sum_to_one(order, training, before):
    model = Ngram.fit(np.array(training), V, order=order)
    p = [math.exp(-model.nats(np.array([before, symbol]))) for symbol in range(V)]
    assert math.fsum(p) == pytest.approx(1, abs=1e-12)


def test_an_alternating_text_is_free_for_a_bigram_and_costs_a_unigram_ln_2():
    ids = np.tile([0, 1], 50_000).astype(np.uint8)
    assert Ngram.fit(ids, 2, order=1).nats(ids) == pytest.approx(math.log(2), abs=1e-4)
    assert Ngram.fit(ids, 2, order=2).nats(ids) == pytest.approx(0, abs=1e-4)


def test_a_markov_chain_costs_its_entropy_rate():
    stay = 0.9
    rng = np.random.default_rng(0)
    ids = np.cumsum(rng.random(100_000) > stay) % 2
    rate = -(stay * math.log(stay) + (1 - stay) * math.log(1 - stay))
    assert Ngram.fit(ids[:50_000], 2, order=2).nats(ids[50_000:]) == pytest.approx(rate, abs=0.01)


def test_a_vocabulary_of_one_symbol_costs_nothing():
    ids = np.zeros(9, np.uint8)
    assert Ngram.fit(ids, 1, order=1).nats(ids) == Ngram.fit(ids, 1, order=2).nats(ids) == 0


def test_thousands_of_symbols_need_no_table_of_all_pairs():
    ids = np.arange(100_000)
    assert math.isfinite(Ngram.fit(ids, 1_000_000, order=2).nats(ids[::-1]))


def test_a_sample_has_the_statistics_of_the_text():
    corpus = Corpus.from_text("abac" * 2000)
    model = Ngram.fit(corpus.ids, len(corpus.vocab), order=2)
    sample = corpus.vocab.decode(model.sample(np.random.default_rng(0), 2000))
    assert len(sample) == 2000
    assert 0.4 < sample.count("b") / (sample.count("b") + sample.count("c")) < 0.6
    assert sample.count("ab") + sample.count("ac") > 0.95 * sample.count("a")
    unigram = Ngram.fit(corpus.ids, len(corpus.vocab), order=1)
    assert corpus.vocab.decode(unigram.sample(np.random.default_rng(0), 2000)).count("aa") > 300


def test_a_sample_is_a_function_of_the_generator():
    model = Ngram.fit(np.arange(50) % 7, 7, order=2)
    first, again, other = (model.sample(np.random.default_rng(seed), 30).tolist() for seed in (1, 1, 2))
    assert first == again != other


@pytest.mark.parametrize("ids", [[], [0], [0, 5], [-1, 0]])
def test_ids_outside_the_vocabulary_and_texts_too_short_are_data_errors(ids):
    with pytest.raises(DataError, match="from 0 to 4"):
        Ngram.fit(np.array(ids, np.intp), 5, order=2)


def test_there_are_two_orders():
    with pytest.raises(ConfigError, match="order is 1"):
        Ngram.fit(np.arange(3), 3, order=3)


def test_a_floor_needs_something_to_predict():
    with pytest.raises(DataError, match="two are needed"):
        Ngram.fit(np.arange(3), 3, order=1).nats(np.array([0]))
