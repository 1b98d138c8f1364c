"""Sequences of unequal length: each once per epoch, and no padding taken for data."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygrad_seq.data import IGNORE, pad, padded
from tinygrad_seq.errors import ConfigError, DataError

rows = st.lists(st.integers(0, 1000), min_size=1, max_size=7)
sequence_lists = st.lists(rows, min_size=1, max_size=20)


@given(sequence_lists, st.integers(-5, 5))
def test_a_padded_row_is_its_sequence_and_then_the_padding(sequences, value):
    ids, lengths = pad(sequences, value)
    assert ids.shape == (len(sequences), max(map(len, sequences)))
    for row, length, sequence in zip(ids.tolist(), lengths, sequences, strict=True):
        assert row[:length] == sequence
        assert set(row[length:]) <= {value}


@given(sequence_lists, st.integers(1, 25), st.none() | st.integers(0, 9), st.integers(0, 3))
def test_each_sequence_comes_exactly_once_per_epoch_beside_its_own_target(sequences, batch_size, seed, epoch):
    targets = list(range(len(sequences)))
    batches = list(padded(sequences, targets, batch_size, seed=seed, epoch=epoch))
    assert [len(batch.ids) for batch in batches[:-1]] == [batch_size] * (len(batches) - 1)
    seen = {}
    for ids, lengths, numbers in batches:
        for row, length, number in zip(ids.tolist(), lengths, numbers.tolist(), strict=True):
            assert number not in seen
            seen[number] = row[:length]
    assert [seen[number] for number in targets] == sequences


def order(seed, epoch):
    return [int(t) for batch in padded([[0]] * 30, list(range(30)), 4, seed=seed, epoch=epoch) for t in batch.targets]


def test_the_order_is_a_function_of_seed_and_epoch():
    assert order(seed=1, epoch=2) == order(seed=1, epoch=2)
    assert len({tuple(order(seed, epoch)) for seed in (0, 1) for epoch in (0, 1, 2)}) == 6
    assert order(seed=None, epoch=5) == list(range(30))


@given(st.lists(st.tuples(rows, rows), min_size=1, max_size=9))
def test_sequence_targets_are_padded_with_what_the_loss_ignores(pairs):
    sources, targets = zip(*pairs, strict=True)
    (batch,) = padded(sources, targets, batch_size=9)
    assert [[i for i in row if i != IGNORE] for row in batch.targets.tolist()] == list(map(list, targets))


def test_targets_may_be_real_numbers():
    (batch,) = padded([[1], [2, 3]], np.array([0.5, 1.5]), batch_size=2)
    assert batch.targets.tolist() == [0.5, 1.5]


@pytest.mark.parametrize(
    ("sequences", "message"),
    [
        ([[1], []], "sequence 1 has shape"),
        ([[1.5]], "float64"),
        ([[[1]]], r"sequence 0 has shape \(1, 1\)"),
        ([], "no sequences"),
    ],
)
def test_what_is_no_row_of_ids_is_named(sequences, message):
    with pytest.raises(DataError, match=message):
        pad(sequences)


def test_mistakes_are_reported_at_the_call():
    with pytest.raises(DataError, match="2 sequences and 1 targets"):
        padded([[1], [2]], [0], batch_size=1)
    with pytest.raises(DataError, match="sequence 1"):
        padded([[1], []], [0, 1], batch_size=1)
    with pytest.raises(ConfigError, match="batch_size"):
        padded([[1]], [0], batch_size=0)
