"""Truncated backpropagation through time wants streams that go on from batch to batch."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygrad_seq.data import IGNORE, Batches, Corpus, evaluation_batches
from tinygrad_seq.errors import ConfigError, DataError

sizes = st.tuples(st.integers(1, 5), st.integers(1, 6), st.integers(0, 60))  # batch_size, seq_len, symbols to spare


def numbered(batch_size, seq_len, spare):
    """A text in which each symbol is its own position."""
    return np.arange(batch_size * seq_len + 1 + spare, dtype=np.uint16)


@given(sizes)
def test_y_is_what_follows_x_and_every_row_continues_the_batch_before(size):
    batch_size, seq_len, _ = size
    batches = Batches(numbered(*size), batch_size, seq_len)
    previous = None
    for step, batch in enumerate(batches):
        x, y = batch
        assert x.shape == y.shape == (batch_size, seq_len)
        assert x.dtype == y.dtype == np.intp
        assert (y == x + 1).all()
        assert (np.diff(x, axis=1) == 1).all()
        assert (batch.step, batch.starts_epoch) == (step, step == 0)
        if previous is not None:
            assert (x[:, 0] == previous[:, -1]).all()
        previous = y


@given(sizes)
def test_no_symbol_is_predicted_twice_and_fewer_than_a_column_of_windows_are_left_out(size):
    batch_size, seq_len, _ = size
    ids = numbered(*size)
    predicted = np.concatenate([y.ravel() for _, y in Batches(ids, batch_size, seq_len)])
    assert len(np.unique(predicted)) == len(predicted)
    assert 0 <= len(ids) - 1 - len(predicted) < batch_size * (seq_len + 1)


@given(sizes, st.integers(0, 40), st.integers(0, 40))
def test_a_resumed_run_sees_what_the_uninterrupted_one_saw(size, start, more):
    batch_size, seq_len, _ = size
    ids = numbered(*size)
    whole = list(Batches(ids, batch_size, seq_len, steps=start + more))
    resumed = list(Batches(ids, batch_size, seq_len, steps=start + more, start=start))
    assert len(resumed) == more
    for a, b in zip(whole[start:], resumed, strict=True):
        assert (a.step, a.starts_epoch) == (b.step, b.starts_epoch)
        assert (a.x == b.x).all()
        assert (a.y == b.y).all()


@given(sizes, st.integers(0, 100))
def test_the_streams_start_again_after_an_epoch_and_the_batch_says_so(size, step):
    batch_size, seq_len, _ = size
    batches = Batches(numbered(*size), batch_size, seq_len)
    batch = batches.at(step)
    assert batch.starts_epoch == (step % batches.steps_per_epoch == 0)
    assert (batch.x == batches.at(step + batches.steps_per_epoch).x).all()
    assert batch.starts_epoch == (batch.x[0, 0] == 0)


def test_without_steps_a_run_ends_with_the_epoch_it_starts_in():
    batches = Batches(np.arange(13), batch_size=2, seq_len=2)
    assert batches.steps_per_epoch == len(batches) == 3
    assert [b.step for b in Batches(np.arange(13), 2, 2, start=4)] == [4, 5]
    assert [b.step for b in Batches(np.arange(13), 2, 2, steps=7, start=5)] == [5, 6]
    assert len(Batches(np.arange(13), 2, 2, steps=3, start=5)) == 0


def test_a_batch_is_the_callers_own():
    ids = np.arange(9)
    x, y = Batches(ids, 2, 2).at(0)
    x[:] = y[:] = -1
    assert (ids == np.arange(9)).all()


def test_a_text_shorter_than_a_batch_says_how_much_is_needed_and_what_to_lower():
    with pytest.raises(
        DataError, match=r"needs 2,049 symbols .* has 1,000\. Lower batch_size \(--batch-size\): 15 is the"
    ):
        Batches(np.zeros(1000, np.uint8), batch_size=32, seq_len=64)
    Batches(np.zeros(1000, np.uint8), batch_size=15, seq_len=64)
    with pytest.raises(DataError, match=r"has 40\. Lower seq_len \(--seq-length\) to 39 at most with batch_size"):
        Batches(np.zeros(40, np.uint8), batch_size=32, seq_len=64)
    Batches(np.zeros(40, np.uint8), batch_size=1, seq_len=39)
    with pytest.raises(DataError, match=r"has 1\. No batch_size"):
        Batches(np.zeros(1, np.uint8), batch_size=1, seq_len=1)


def test_a_vocabulary_of_one_symbol_makes_batches():
    x, y = next(iter(Corpus.from_text("aaaa").batches(batch_size=1, seq_len=3)))
    assert x.tolist() == y.tolist() == [[0, 0, 0]]


@pytest.mark.parametrize("wrong", [(0, 1), (1, 0), (-2, 3)])
def test_sizes_below_one_are_config_errors(wrong):
    with pytest.raises(ConfigError):
        Batches(np.arange(9), *wrong)
    with pytest.raises(ConfigError):
        evaluation_batches(np.arange(9), *wrong)


def test_steps_count_from_zero():
    with pytest.raises(ConfigError, match="start=-1"):
        Batches(np.arange(9), 1, 1, start=-1)


@given(st.integers(2, 80), st.integers(1, 8), st.integers(1, 8))
def test_evaluation_predicts_every_symbol_but_the_first_exactly_once(length, batch_size, seq_len):
    predicted = []
    last = None
    for step, batch in enumerate(evaluation_batches(np.arange(length, dtype=np.uint8), batch_size, seq_len)):
        x, y = batch
        real = y != IGNORE
        assert x.shape == y.shape
        assert len(x) == batch_size
        assert 1 <= x.shape[1] <= seq_len
        assert (y[real] == x[real] + 1).all()
        assert batch.starts_epoch == (step == 0)
        if last is not None:
            assert (x[:, 0] == last)[real[:, 0]].all()
        last = y[:, -1]
        predicted += y[real].tolist()
    assert sorted(predicted) == list(range(1, length))


def test_one_stream_is_evaluated_without_padding_and_its_last_window_is_short():
    windows = list(evaluation_batches(np.arange(8), batch_size=1, seq_len=3))
    assert [x.tolist() for x, _ in windows] == [[[0, 1, 2]], [[3, 4, 5]], [[6]]]
    assert [y.tolist() for _, y in windows] == [[[1, 2, 3]], [[4, 5, 6]], [[7]]]


def test_more_streams_than_symbols_are_padded():
    (batch,) = evaluation_batches(np.arange(3), batch_size=5, seq_len=4)
    assert batch.y.tolist() == [[1], [2], [IGNORE], [IGNORE], [IGNORE]]


def test_one_symbol_is_too_few_to_evaluate():
    with pytest.raises(DataError, match="2 at least, got 1"):
        evaluation_batches(np.arange(1), 1, 1)
