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
        layers = by_layer(state)
        for i in (2, 4, 1):
            logits, state = model(np.array([[i]]), state)
            scores, layers = model.after(np.array([i]), layers)
            np.testing.assert_allclose(scores, logits[0, 0].numpy(), rtol=1e-12, atol=1e-14)
    assert type(scores) is np.ndarray
    if backend == "numpy":
        assert all(type(part) is np.ndarray for parts in layers for part in parts)
    else:
        assert all(part.node is None for parts in layers for part in parts)
