"""Credit: whose fault is which loss? It adds up to the gradient, and never flows against time."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_seq as tg
from tinygrad_seq import analysis, models, nn
from tinygrad_seq.data import CharVocab
from tinygrad_seq.errors import ConfigError

TEXT = "abbacabba"
NETS = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU, "mlstm": nn.MLSTM}


def language_model(cell="lstm", layers=1, **settings):
    tg.manual_seed(0)
    return models.CharLM(CharVocab("abc"), 5, layers, cell=cell, **{"dtype": "float64", **settings})


def losses_of(reading):
    return [reading.losses[s] for s in range(reading.losses.shape[0])]


@pytest.mark.parametrize("cell", NETS)
@pytest.mark.parametrize("layers", [1, 2])
def test_summed_over_the_losses_it_is_the_gradient_at_every_hidden_state(cell, layers):
    reading = analysis.read(language_model(cell, layers), TEXT)
    paths = reading.hidden.paths()
    assert len(paths) == layers
    for path in paths:
        states = reading.hidden.of(path)
        vectors = analysis.credit_vectors(losses_of(reading), states)
        whole = np.array([g.numpy() for g in tg.grad(reading.losses.sum(), states, retain_graph=True)])
        np.testing.assert_allclose(vectors.sum(axis=0), whole, rtol=1e-12, atol=1e-15)
        np.testing.assert_allclose(
            analysis.credit(losses_of(reading), states), np.linalg.norm(vectors[:, :, 0], axis=-1), rtol=1e-13
        )


@pytest.mark.parametrize("cell", NETS)
def test_it_is_what_differences_find(cell):
    """Move h_t by hand, go on from there, and see what each loss does."""
    net, rng, t, eps = NETS[cell](2, 3, dtype="float64"), np.random.default_rng(1), 2, 1e-6
    x, w = rng.standard_normal((5, 1, 2)), rng.standard_normal(3)
    _, before = net(tg.tensor(x[: t + 1]))
    with analysis.hidden_states() as states:
        output, _ = net(tg.tensor(x))
        losses = [(output[s, 0] * tg.tensor(w)).sum() for s in range(5)]
    found = analysis.credit_vectors(losses, states.of(states.paths()[0]))[:, t, 0]

    def later(h):
        state = nn.LSTMState(h, before.c) if isinstance(before, tuple) else h
        with tg.no_grad():
            return net(tg.tensor(x[t + 1 :]), state)[0].numpy()[:, 0] @ w

    h = (before.h if isinstance(before, tuple) else before).detach()
    for i in range(3):
        move = eps * tg.eye(3, dtype="float64")[i]
        np.testing.assert_allclose(found[t + 1 :, i], (later(h + move) - later(h - move)) / (2 * eps), atol=1e-8)


@pytest.mark.parametrize("cell", NETS)
def test_no_loss_charges_a_later_state(cell):
    reading = analysis.read(language_model(cell), TEXT)
    matrix = analysis.credit(losses_of(reading), reading.hidden.of("CharLM.rnn.l0"))
    assert matrix.shape == (8, 8)
    assert not matrix[np.triu_indices(8, 1)].any()
    assert (matrix[np.tril_indices(8)] > 0).all()


def test_a_bidirectional_net_does():
    net = nn.GRU(2, 3, bidirectional=True, dtype="float64")
    with analysis.hidden_states() as states:
        output, _ = net(tg.tensor(np.random.default_rng(0).standard_normal((6, 1, 2))))
        losses = [output[s].sum() for s in range(6)]
    forwards, backwards = (analysis.credit(losses, states.of(path)) for path in ("GRU.l0", "GRU.l0_reverse"))
    upper, lower = np.triu_indices(6, 1), np.tril_indices(6, -1)
    assert not forwards[upper].any()
    assert (backwards[upper] > 0).all()
    assert not backwards[lower].any()


def test_the_graph_and_the_model_stay_as_they_are():
    model = language_model(layers=2, dropout=0.5)
    reading = analysis.read(model, TEXT)
    again = [analysis.credit(losses_of(reading), reading.hidden.of("CharLM.rnn.l1")) for _ in range(2)]
    np.testing.assert_array_equal(*again)
    assert model.training
    assert all(parameter.grad is None for parameter in model.parameters())


def test_a_text_of_one_symbol_has_no_loss():
    with pytest.raises(ConfigError, match=r"'a' has 1 symbols; at least 2"):
        analysis.read(language_model(), "a")
