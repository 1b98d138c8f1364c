"""One step on arrays gives the scores and the state that the whole module gives, and leaves no graph behind."""

from __future__ import annotations

import numpy as np
import pytest

from tinygrad_seq.data import CharVocab
from tinygrad_seq.models import CharLM
from tinygrad_seq.models.cells import CELLS
from tinygrad_seq.models.inference import inference
from tinygrad_seq.models.stepping import by_layer


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("num_layers", [1, 2])
@pytest.mark.parametrize("embedding_size", [None, 3])
@pytest.mark.parametrize("backend", ["numpy", "fake"])
def test_steps_are_the_models_own(cell, num_layers, embedding_size, backend):
    model = CharLM(CharVocab("abcde"), 4, num_layers, cell=cell, embedding_size=embedding_size, dtype="float64")
    model.to(backend)
    with inference(model):
        _, state = model(np.array([[0, 3]]))
        layers, after = by_layer(state), model.stepping()
        for i in (2, 4, 1):
            logits, state = model(np.array([[i]]), state)
            rows, layers = after(np.array([i]), layers)
            scores = rows[0]
            np.testing.assert_allclose(scores, logits[0, 0].numpy(), rtol=1e-12, atol=1e-14)
    assert type(scores) is np.ndarray
    if backend == "numpy":
        assert all(type(part) is np.ndarray for parts in layers for part in parts)
    else:
        assert all(part.node is None for parts in layers for part in parts)


@pytest.mark.host("steps on arrays of NumPy")
def test_what_steps_share_is_made_again_when_weights_have_been_written():
    model = CharLM(CharVocab("abcde"), 4, dtype="float64")
    after, state = model.stepping(), [(np.ones((1, 4)), np.ones((1, 4)))]
    before, _ = after(np.array([2]), state)
    for name in ("rnn.weight_hh_l0", "rnn.bias_ih_l0", "head.weight"):
        parameter = dict(model.named_parameters())[name]
        parameter.assign_(parameter.data * 2 + 1)
        scores, _ = after(np.array([2]), state)
        expected, _ = model.stepping()(np.array([2]), state)
        np.testing.assert_array_equal(scores, expected)
        assert np.abs(scores - before).max() > 1e-3
        before = scores


@pytest.mark.host("steps on arrays of NumPy")
def test_the_cell_loop_is_taken_where_it_is_asked_for(monkeypatch):
    model = CharLM(CharVocab("abcde"), 4, dtype="float64")
    state = [(np.ones((1, 4)), np.ones((1, 4)))]
    expected, _ = model.stepping()(np.array([2]), state)
    model.rnn.path = "cell"
    monkeypatch.setattr(model.rnn.op, "kernel", None)
    scores, _ = model.stepping()(np.array([2]), state)
    np.testing.assert_allclose(scores, expected, rtol=1e-12)
