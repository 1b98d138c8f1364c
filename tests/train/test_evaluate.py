"""Evaluation reads a whole text with a carried state and counts every prediction once."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinygrad_seq as tg
from tinygrad_seq import data, models, train
from tinygrad_seq.errors import DataError

TEXT = "to be or not to be, that is the question"
CORPUS = data.Corpus.from_text(TEXT)


def language_model(**settings):
    tg.manual_seed(0)
    return models.CharLM(CORPUS.vocab, 6, **{"dtype": "float64", "dropout": 0.5, **settings})


def surprises(model, ids):
    """-ln P of each symbol but the first given all before it, one symbol at a time."""
    model.eval()
    state, nats = None, []
    with tg.no_grad():
        for now, following in pairwise(ids):
            logits, state = model(np.array([[now]]), state)
            scores = logits.numpy()[0, 0]
            nats.append(np.log(np.exp(scores).sum()) - scores[following])
    model.train()
    return np.array(nats)


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru", "mlstm"])
@pytest.mark.parametrize("window", [1, 7, 39, 100])
def test_one_stream_is_exactly_the_text_read_symbol_by_symbol(cell, window):
    model = language_model(cell=cell, num_layers=2)
    exact = surprises(model, CORPUS.ids).mean()
    assert train.evaluate(model, CORPUS, streams=1, window=window) == pytest.approx(exact, rel=1e-12)


@given(length=st.integers(2, len(TEXT)), streams=st.integers(1, 12), window=st.integers(1, 12))
def test_every_symbol_but_the_first_counts_once_however_the_text_is_dealt_out(length, streams, window):
    model = language_model()
    model.head.weight.assign_(0.0)  # what is predicted no longer depends on the state: all ways of reading agree
    ids = CORPUS.ids[:length]
    corpus = data.Corpus.from_text(TEXT[:length], vocab=CORPUS.vocab)
    b = model.head.bias.detach().numpy()
    expected = (np.log(np.exp(b).sum()) - b[ids[1:]]).mean()
    assert train.evaluate(model, corpus, streams=streams, window=window) == pytest.approx(expected, rel=1e-12)


def test_each_stream_starts_from_a_zero_state_and_carries_it_on():
    model = language_model()
    halves = [surprises(model, CORPUS.ids[:21]), surprises(model, CORPUS.ids[20:])]
    both = train.evaluate(model, CORPUS, streams=2, window=5)
    assert both == pytest.approx(np.concatenate(halves).mean(), rel=1e-12)
    assert both != pytest.approx(surprises(model, CORPUS.ids).mean(), rel=1e-6)


def test_a_text_too_short_for_the_streams_is_read_in_fewer():
    model = language_model()
    assert train.evaluate(model, CORPUS) == pytest.approx(surprises(model, CORPUS.ids).mean(), rel=1e-12)


@pytest.mark.parametrize("training", [True, False])
def test_the_mode_comes_back_dropout_is_off_and_no_graph_is_built(training):
    model = language_model().train(training)
    before = tg.random.position()
    first = train.evaluate(model, CORPUS)
    assert train.evaluate(model, CORPUS) == first
    assert model.training is model.dropout.training is training
    assert tg.random.position() == before
    assert all(parameter.grad is None for parameter in model.parameters())


def test_the_mode_comes_back_after_a_failure_too():
    model = language_model()
    model.head.weight = None
    with pytest.raises(AttributeError):
        train.evaluate(model, CORPUS)
    assert model.training


def test_a_model_of_even_odds_is_surprised_by_the_logarithm_of_the_vocabulary():
    model = language_model()
    model.head.weight.assign_(0.0)
    model.head.bias.assign_(0.0)
    assert train.evaluate(model, CORPUS) == pytest.approx(np.log(len(CORPUS.vocab)), rel=1e-12)


def test_float32_sums_do_not_drift_over_a_long_text():
    corpus = data.Corpus.from_text(TEXT * 60)
    exact, single = language_model(), language_model(dtype="float32")
    exact.load_state_dict(single.state_dict())
    assert train.evaluate(single, corpus) == pytest.approx(train.evaluate(exact, corpus), rel=1e-6)


def test_a_corpus_of_another_vocabulary_is_refused_for_its_ids_mean_other_symbols():
    with pytest.raises(DataError, match=r"another vocabulary than the model, of 14.*\n.*vocab=model\.vocab"):
        train.evaluate(language_model(), data.Corpus.from_text("hello world"))
    with pytest.raises(DataError):
        train.evaluate(language_model(), data.Corpus.from_text(TEXT, vocab="bytes"))


def test_one_symbol_is_too_few():
    with pytest.raises(DataError, match="2 at least"):
        train.evaluate(language_model(), data.Corpus.from_text("t", vocab=CORPUS.vocab))
