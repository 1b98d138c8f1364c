"""Examples: training and validation do not overlap."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygrad_seq.data import split
from tinygrad_seq.errors import ConfigError, DataError


@given(st.integers(2, 200), st.floats(0.001, 0.999), st.integers(0, 5))
def test_the_parts_are_disjoint_complete_ordered_and_of_the_size_asked_for(n, validation, seed):
    train, held_out = split(n, validation, seed)
    assert sorted([*train, *held_out]) == list(range(n))
    assert (np.diff(train) > 0).all()
    assert (np.diff(held_out) > 0).all()
    assert len(held_out) == min(max(round(n * validation), 1), n - 1)


def test_the_seed_decides():
    assert split(100, 0.2, seed=3)[1].tolist() == split(100, 0.2, seed=3)[1].tolist()
    assert split(100, 0.2, seed=3)[1].tolist() != split(100, 0.2, seed=4)[1].tolist()


def test_a_list_is_split_as_its_indices_are():
    names = [f"name {i}" for i in range(20)]
    train, held_out = split(names, 0.25, seed=1)
    train_indices, held_out_indices = split(20, 0.25, seed=1)
    assert train == [names[i] for i in train_indices]
    assert held_out == [names[i] for i in held_out_indices]


@pytest.mark.parametrize("share", [0, 1, -0.1, 10, float("nan")])
def test_the_share_lies_between_0_and_1(share):
    with pytest.raises(ConfigError, match="between 0 and 1"):
        split(10, share)


@pytest.mark.parametrize("examples", [0, 1, [], ["one"]])
def test_one_example_cannot_be_split(examples):
    with pytest.raises(DataError, match="two examples"):
        split(examples)
