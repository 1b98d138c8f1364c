"""What a recurrent module refuses, and in which words: what came, what was expected, where, the cure."""

from __future__ import annotations

import re

import numpy as np
import pytest

import tinygrad_seq as tg
from tinygrad_seq import nn
from tinygrad_seq.errors import BackendError, ConfigError, ShapeError

T, B, I, H = 5, 3, 4, 2
X = np.zeros((T, B, I), np.float32)


def refused(error, words):
    return pytest.raises(error, match=re.escape(words))


UNSEEN = pytest.mark.host("on a device nobody looks")


@pytest.mark.parametrize(
    ("x", "words"),
    [
        (X[:, :, :3], "'LSTM': expected (time, batch, feature) with 4 features, got (5, 3, 3)."),
        (X[0], "'LSTM': expected (time, batch, feature) with 4 features, got (3, 4)."),
        (np.zeros((T, B, I), int), "'LSTM': expected whole numbers of shape (time, batch), got (5, 3, 4)."),
        (np.zeros((0, B, I)), "'LSTM': a sequence has at least one step, and these have none."),
        pytest.param(np.full((T, B), 4), "id 4 is outside 0 .. 3", marks=UNSEEN),
        pytest.param(np.full((T, B), -1), "id -1 is outside 0 .. 3", marks=UNSEEN),
    ],
    ids=["features", "axes", "whole-numbers", "no-steps", "too-large", "negative"],
)
def test_input(x, words):
    with refused(ShapeError, words):
        nn.LSTM(I, H)(x)


def test_input_of_a_batch_first_module_is_named_so():
    with refused(ShapeError, "'GRU': expected (batch, time, feature) with 4 features, got (5, 3, 9)."):
        nn.GRU(I, H, batch_first=True)(np.zeros((T, B, 9)))


def test_input_of_a_cell():
    with refused(ShapeError, "'GRUCell': expected (batch, feature) with 4 features, got (5, 3, 4)."):
        nn.GRUCell(I, H)(X)


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (tg.zeros((1, B, H)), "'LSTM': expected the state as h and c, got 1 parts."),
        ((tg.zeros((1, B, H)), tg.zeros((1, 1, H))), "the state c of (layers * directions, batch, hidden) = (1, 3, 2)"),
        (
            (tg.zeros((B, H)), tg.zeros((B, H))),
            "the state h of (layers * directions, batch, hidden) = (1, 3, 2)",
        ),
    ],
    ids=["parts", "batch", "axes"],
)
def test_state(state, words):
    with refused(ShapeError, words):
        nn.LSTM(I, H)(X, state)


def test_the_whole_result_is_no_state():
    lstm = nn.LSTM(I, H)
    with refused(ShapeError, "expected the state h of"):
        lstm(X, lstm(X))


def test_state_of_a_cell():
    with refused(ShapeError, "'RNNCell': expected the state h of (batch, hidden) = (3, 2), got (1, 2)."):
        nn.RNNCell(I, H)(X[0], tg.zeros((1, H)))


@pytest.mark.parametrize("lengths", [[5, 5], [5, 5, 6], [5, 5, -1], [5.0, 5.0, 5.0], [[5, 5, 5]], 5], ids=str)
def test_lengths(lengths):
    with refused(ShapeError, "'LSTM': lengths= are 3 whole numbers from 0 to 5, one per row of the batch; got"):
        nn.LSTM(I, H)(X, lengths=lengths)


@pytest.mark.parametrize("name", ["mask", "reset"])
def test_masks(name):
    with refused(ShapeError, f"{name}= has one entry per step of x, (time, batch) = (5, 3); got (3, 5)."):
        nn.LSTM(I, H)(X, **{name: np.ones((B, T), bool)})
    with refused(ShapeError, f"{name}= has one entry per step of x, (batch, time) = (5, 3); got (3,)."):
        nn.LSTM(I, H, batch_first=True)(X, **{name: np.ones(B, bool)})


def test_lengths_and_mask_together():
    with refused(ConfigError, "lengths= and mask= both say which steps count"):
        nn.LSTM(I, H)(X, lengths=[5, 5, 5], mask=np.ones((T, B)))


@pytest.mark.host("the host is the other side")
def test_a_tensor_of_another_backend_is_not_moved_silently():
    with pytest.raises(BackendError, match="Nothing is copied between devices silently"):
        nn.LSTM(I, H)(tg.tensor(X, backend="fake"))
    with pytest.raises(BackendError, match="Nothing is copied between devices silently"):
        nn.LSTM(I, H)(X, mask=tg.tensor(np.ones((T, B), bool), backend="fake"))


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: nn.LSTM(0, 2), "input_size=0 and hidden_size=2: both must be at least 1."),
        (lambda: nn.GRUCell(2, 0), "input_size=2 and hidden_size=0: both must be at least 1."),
        (lambda: nn.GRU(2, 2, 0), "num_layers=0: at least one."),
        (lambda: nn.RNN(2, 2, nonlinearity="sigmoid"), "nonlinearity='sigmoid': expected 'tanh' or 'relu'."),
        (lambda: nn.RNNCell(2, 2, nonlinearity="gelu"), "nonlinearity='gelu'"),
        (lambda: nn.LSTM(2, 2, bias=False, forget_bias=1.0), "forget_bias=1.0 and bias=False: there is no bias"),
        (lambda: nn.LSTMCell(2, 2, bias=False, forget_bias=1.0), "forget_bias=1.0 and bias=False"),
    ],
    ids=lambda value: None if callable(value) else value.split(":")[0],
)
def test_settings_that_contradict_each_other(make, words):
    with refused(ConfigError, words):
        make()


def test_an_empty_batch_is_a_batch(net_of):
    output, _ = net_of(I, H)(X[:, :0], lengths=np.zeros(0, int))
    assert output.shape == (T, 0, H)
