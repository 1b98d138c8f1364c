"""A unit held while the model writes."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_seq as tg
from tinygrad_seq.analysis.steering import STEPS, Pin, dose, pinned, steered
from tinygrad_seq.data import CharVocab
from tinygrad_seq.errors import ConfigError
from tinygrad_seq.models import CharLM
from tinygrad_seq.models.inference import inference
from tinygrad_seq.models.stepping import by_layer

VOCAB = CharVocab.from_text("abcdefgh \n")


def model_of(cell="lstm", **options):
    tg.manual_seed(1)
    model = CharLM(VOCAB, hidden_size=8, num_layers=2, cell=cell, dropout=0.3, dtype="float64", **options)
    for parameter in model.parameters():
        parameter.assign_(5 * parameter.data, by="a test")
    return model


def states(model, ids, change=lambda t: pinned([])):
    """The state after each symbol of ids[1:], by layer, and the scores."""
    with inference(model):
        state = by_layer(model(ids[None, :1])[1])
    found, after = [], model.stepping()
    for t, symbol in enumerate(ids[1:]):
        scores, state = after(np.array([symbol]), state, change(t))
        found.append((state, scores))
    return found


@pytest.mark.host("steps on arrays of NumPy")
@pytest.mark.parametrize("cell", ["lstm", "mlstm", "gru", "rnn"])
@pytest.mark.parametrize("layer", [1, 2])
def test_holding_a_unit_at_its_recorded_values_changes_nothing(cell, layer):
    model = model_of(cell)
    ids = np.random.default_rng(0).integers(0, len(VOCAB), 40)
    natural = states(model, ids)
    values = [float(state[layer - 1][-1][0, 3]) for state, _ in natural]
    held = states(model, ids, lambda t: pinned([Pin(layer, 3, values[t])]))
    for (state, scores), (state_held, scores_held) in zip(natural, held, strict=True):
        np.testing.assert_array_equal(scores, scores_held)
        for parts, parts_held in zip(state, state_held, strict=True):
            np.testing.assert_array_equal(parts, parts_held)


@pytest.mark.host("steps on arrays of NumPy")
def test_the_recorded_values_are_those_of_the_recorder():
    model = model_of()
    ids = np.random.default_rng(0).integers(0, len(VOCAB), 40)
    with inference(model), tg.record(model) as tape:
        model(ids[None])
    natural = states(model, ids)
    c = np.stack([state[1][1][0] for state, _ in natural])
    np.testing.assert_allclose(tape.layers["rnn.l1"]["c"][1:, 0], c, rtol=1e-9, atol=1e-12)


@pytest.mark.host("steps on arrays of NumPy")
def test_a_held_unit_has_its_value_and_shows_it():
    """c = value, h = o tanh(value), and all other units of the layer are as the step made them."""
    model = model_of()
    ids = np.random.default_rng(0).integers(0, len(VOCAB), 3)
    [(natural, _), _] = states(model, ids)
    [(held, _), _] = states(model, ids, lambda t: pinned([Pin(1, 3, 2.0)]))
    (h, c), (h_held, c_held) = natural[0], held[0]
    others = np.arange(8) != 3
    np.testing.assert_array_equal(h[:, others], h_held[:, others])
    np.testing.assert_array_equal(c[:, others], c_held[:, others])
    o = h[0, 3] / np.tanh(c[0, 3])
    assert c_held[0, 3] == 2.0
    assert h_held[0, 3] == pytest.approx(o * np.tanh(2.0))
    assert not np.array_equal(natural[1][0], held[1][0])  # the next layer has read it


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_the_text_is_the_same_up_to_where_the_unit_is_held(cell):
    model = model_of(cell)
    options = {"length": 80, "seed": 3, "prime": "abc"}
    natural = steered(model, [], start=1, **options)
    assert natural == "".join(model.stream("abc", length=80, seed=3))
    held = steered(model, [Pin(2, 1, 3.0), Pin(1, 5, -3.0)], start=30, **options)
    assert held[:30] == natural[:30]
    assert held[30:] != natural[30:]


def test_a_dose_moves_a_probability_and_the_natural_one_is_the_models():
    model = model_of()
    contexts = np.random.default_rng(0).integers(0, len(VOCAB), (6, 30))
    with inference(model):
        logits = model(contexts)[0].numpy()[:, -1]
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    curve = dose(model, contexts, 4, Pin(2, 3, 0.0), [-3.0, 0.0, 3.0])
    assert curve.natural == pytest.approx(p[:, 4].mean())
    assert curve.values == (-3.0, 0.0, 3.0)
    weight = model.head.weight.numpy() if model.head.weight.node is None else model.head.weight.detach().numpy()
    rises = weight[4, 3] > np.delete(weight[:, 3], 4).mean()
    assert (curve.probabilities[2] > curve.probabilities[0]) == rises
    assert contexts.shape[1] > STEPS


@pytest.mark.parametrize("text", ["2:87=+1.0", " 2:87 = 1e0 ", "87=1"])
def test_a_pin_is_read_as_it_is_written(text):
    assert Pin.parse(text) == Pin(1 if ":" not in text else 2, 87, 1.0)


@pytest.mark.parametrize("text", ["", "2:87", "2:=1", "a:1=2", "1:2=x", "1:2=..", "-1:2=3"])
def test_what_is_no_pin_is_refused(text):
    with pytest.raises(ConfigError, match=r"LAYER:UNIT=VALUE, such as 2:87=\+1.0"):
        Pin.parse(text)


@pytest.mark.parametrize("pin", [Pin(0, 1, 1.0), Pin(3, 1, 1.0), Pin(1, 8, 1.0)])
def test_a_unit_that_is_not_there_is_refused(pin):
    with pytest.raises(ConfigError, match="layers 1 to 2 with units 0 to 7"):
        steered(model_of(), [pin], start=1)


def test_a_model_with_a_forward_of_its_own_cannot_be_changed():
    class Mine(CharLM):
        def forward(self, x, state=None):
            return super().forward(x, state)

    with pytest.raises(ConfigError, match="Mine has a forward of its own"):
        steered(Mine(VOCAB, hidden_size=4), [Pin(1, 1, 1.0)], start=1, length=3)


def test_the_first_symbol_that_a_held_unit_can_change_is_the_one_named():
    model = model_of()
    options = {"length": 40, "seed": 3, "prime": "abc", "temperature": 0}
    natural = steered(model, [], start=1, **options)
    pins = [Pin(2, unit, value) for unit in range(8) for value in (-4.0, 4.0)]
    held = [steered(model, [pin], start=12, **options) for pin in pins]
    differ = [next((n for n in range(40) if text[n] != natural[n]), 40) for text in held]
    assert min(differ) == 12
