"""A small character model: a step of training, its parts, and writing text."""

import string

import numpy as np
import pytest

import tinygrad_seq as tg
from tinygrad_seq import models, optim
from tinygrad_seq.data import Batch, CharVocab

B, T, H = 32, 50, 128
VOCAB = CharVocab(string.printable[:96])
OPTIMIZERS = {"SGD": optim.SGD, "RMSprop": optim.RMSprop, "Adam": optim.Adam}


def char_lm(cell):
    return models.CharLM(VOCAB, hidden_size=H, embedding_size=H, cell=cell)


@pytest.fixture
def batch():
    streams = np.random.default_rng(0).integers(0, len(VOCAB), (B, T + 1))
    return Batch(streams[:, :-1], streams[:, 1:], step=0, starts_epoch=True)


@pytest.mark.benchmark(group=f"training step, batch {B}, {T} steps, {H} units")
@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_training_step(benchmark, cell, batch):
    model = char_lm(cell)
    optimizer = optim.Adam(model)

    def step():
        optimizer.zero_grad()
        loss, _ = model.loss(batch)
        loss.backward()
        optimizer.step()
        return loss.item()

    first = step()
    assert benchmark(step) < first


@pytest.mark.benchmark(group="forward alone, without a graph")
@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_forward_without_gradients(benchmark, cell, batch):
    model = char_lm(cell).eval()
    with tg.no_grad():
        loss, _ = benchmark(model.loss, batch)
    assert loss.node is None


@pytest.mark.benchmark(group="optimizer step, weights of the LSTM model")
@pytest.mark.parametrize("kind", OPTIMIZERS)
def test_optimizer_step(benchmark, kind, batch):
    model = char_lm("lstm")
    optimizer = OPTIMIZERS[kind](model, lr=1e-4)
    model.loss(batch)[0].backward()
    benchmark(optimizer.step)
    assert np.all(np.isfinite(model.head.weight.detach().numpy()))


@pytest.mark.benchmark(group="100 characters written")
@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_generation(benchmark, cell):
    model = char_lm(cell)
    assert len(benchmark(model.generate, length=100)) == 100
