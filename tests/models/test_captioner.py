"""The captioner: a vector becomes the first state, and the decoder goes on from there."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_seq as tg
from tinygrad_seq import models, optim
from tinygrad_seq.data import PaddedBatch

Y = np.array([[0, 1, 2], [2, 2, 1]])


@pytest.fixture
def x():
    return np.random.default_rng(0).standard_normal((2, 5))


@pytest.mark.parametrize("cell", ["gru", "lstm"])
def test_scores_are_those_of_the_equations(cell, x):
    model = models.Captioner(5, 3, 4, cell=cell, dtype="float64")
    h = tg.tanh(model.begin(tg.relu(model.see(tg.tensor(x)))))[None]
    reads = np.array([[3, 0, 1], [3, 2, 2]])
    output, _ = model.decoder(reads, (h, h) if "lstm" in cell else h)
    np.testing.assert_allclose(model(x, Y).detach().numpy(), model.head(output).detach().numpy(), atol=1e-12)


def test_what_it_writes_is_what_it_would_score_highest_reading_itself(x):
    tg.manual_seed(1)
    model = models.Captioner(5, 3, 4, dtype="float64")
    written = model.predict(x, 6)
    np.testing.assert_array_equal(model(x, written).detach().numpy().argmax(axis=-1), written)


def test_it_learns_two_captions_by_heart(x):
    tg.manual_seed(0)
    model = models.Captioner(5, 3, 16, cell="gru", dtype="float64")
    optimizer = optim.Adam(model, lr=0.05)
    for _ in range(60):
        loss, state = model.loss(PaddedBatch(x, np.array([3, 3]), Y))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert state is None
    np.testing.assert_array_equal(model.predict(x, 3), Y)


def test_padding_of_a_caption_is_not_judged(x):
    model = models.Captioner(5, 3, 4, dtype="float64")
    whole, _ = model.loss(PaddedBatch(x[:1], np.array([3]), Y[:1, :2]))
    padded, _ = model.loss(PaddedBatch(x[:1], np.array([3]), np.array([[0, 1, -100]])))
    assert padded.item() == pytest.approx(whole.item(), rel=1e-12)
