"""Truncated BPTT: the windows cover every loss once, and the widest is the full gradient."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinygrad_seq as tg
from tinygrad_seq import analysis, models
from tinygrad_seq.analysis.bptt import powers, windows
from tinygrad_seq.data import Batch, CharVocab
from tinygrad_seq.errors import ConfigError

TEXT = "abbacabbaca"
CELLS = ["rnn", "lstm", "gru", "mlstm"]
LENGTHS = st.tuples(st.integers(1, 60), st.integers(1, 60), st.integers(0, 60))


def language_model(cell="lstm", layers=1, dtype="float64", **settings):
    tg.manual_seed(0)
    return models.CharLM(CharVocab("abc"), 5, layers, cell=cell, dtype=dtype, **settings)


@given(LENGTHS)
def test_every_loss_is_charged_once_and_no_window_is_longer_than_k2(lengths):
    T, k1, more = lengths
    found = windows(T, k1, k1 + more)
    assert [t for _, charge, end in found for t in range(charge, end)] == list(range(T))
    for begin, charge, end in found:
        assert 0 <= begin <= charge < end
        assert begin == 0 or charge - begin == more
        assert end - begin <= k1 + more


@given(LENGTHS)
def test_an_edge_is_cut_where_a_window_begins(lengths):
    T, k1, more = lengths
    assert analysis.cut_edges(T, k1, k1) == list(range(k1, T, k1))
    assert analysis.cut_edges(T, k1, k1 + more) == [t for t in range(1, T) if (t + more) % k1 == 0 and t + more < T]
    assert analysis.cut_edges(T, T, T) == []


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_widest_window_is_full_bptt_bit_for_bit(cell, dtype):
    model = language_model(cell, 2, dtype)
    ids = model.vocab.encode(TEXT)
    T = len(ids) - 1
    model.loss(Batch(ids[None, :-1], ids[None, 1:], 0, starts_epoch=True))[0].backward()
    for found, parameter in zip(analysis.truncated_gradient(model, ids, T, T), model.parameters(), strict=True):
        assert found.tobytes() == parameter.grad.numpy().tobytes()


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize(("k1", "k2"), [(1, 1), (1, 4), (3, 3), (3, 5), (4, 10)])
def test_it_is_what_a_loop_over_detached_chunks_finds(cell, k1, k2):
    model = language_model(cell, 2)
    ids = model.vocab.encode(TEXT)
    T = len(ids) - 1
    model.zero_grad()
    for begin, charge, end in windows(T, k1, k2):
        state = None if not begin else model(ids[None, :begin])[1].detach()
        logits, _ = model(ids[None, begin:end], state)
        targets = tg.tensor(ids[charge + 1 : end + 1])
        loss = tg.functional.cross_entropy(logits[0, charge - begin :], targets, reduction="sum")
        (loss / T).backward()
    for found, parameter in zip(analysis.truncated_gradient(model, ids, k1, k2), model.parameters(), strict=True):
        np.testing.assert_allclose(found, parameter.grad.numpy(), rtol=1e-9, atol=1e-15)


def test_agreement_is_one_at_full_length_and_grows_with_the_window_here():
    model = language_model("rnn")
    found = analysis.agreement(model, TEXT)
    assert list(found) == [(a, b) for a in powers(10) for b in powers(10) if a <= b]
    assert found[10, 10] == pytest.approx(1.0, abs=1e-15)
    along = [found[1, k] for k in powers(10)]
    assert along == sorted(along)
    assert all(-1 <= c <= 1 + 1e-12 for c in found.values())


def test_a_net_that_forgets_at_once_loses_nothing():
    """Without W_hh no gradient crosses a step: every truncation is the full gradient, but for W_hh itself."""
    model = language_model("rnn")
    model.rnn.weight_hh_l0.assign_(0.0)
    ids = model.vocab.encode(TEXT)
    for found, full in zip(*(analysis.truncated_gradient(model, ids, k, k) for k in (1, 10)), strict=True):
        np.testing.assert_allclose(found, full, rtol=1e-10, atol=1e-16)


def test_the_model_stays_as_it_is():
    model = language_model(layers=2, dropout=0.5)
    analysis.agreement(model, TEXT, [(2, 4)])
    assert model.training
    assert all(parameter.grad is None for parameter in model.parameters())


@pytest.mark.parametrize(("k1", "k2"), [(0, 1), (3, 2), (1, 0)])
def test_windows_that_would_lose_a_loss_are_refused(k1, k2):
    with pytest.raises(ConfigError, match=rf"k1={k1}, k2={k2}: 1 <= k1 <= k2"):
        windows(5, k1, k2)
