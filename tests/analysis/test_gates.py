"""How often gates are shut or open, and how long a cell remembers."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_seq as tg
from tinygrad_seq.analysis.gates import gate_use, gates_of, half_life
from tinygrad_seq.data import CharVocab
from tinygrad_seq.errors import ConfigError
from tinygrad_seq.models import CharLM

VOCAB = CharVocab.from_text("ab")


def with_gate(cell, gate, value):
    """A model of which one gate of every unit is sigma(value), whatever it reads."""
    model = CharLM(VOCAB, hidden_size=40, cell=cell)
    state = model.rnn.state_dict()
    rows = slice(gate * 40, (gate + 1) * 40)
    for name, values in state.items():
        values[rows] = value if name == "bias_ih_l0" else 0
    model.rnn.load_state_dict(state)
    return model


@pytest.mark.parametrize(("value", "left", "right"), [(-3.0, 1, 0), (0.0, 0, 0), (3.0, 0, 1)])
@pytest.mark.parametrize(
    ("cell", "gate", "letter"), [("lstm", 1, "f"), ("lstm", 0, "i"), ("gru", 1, "z"), ("mlstm", 3, "o")]
)
def test_shares_are_those_of_the_gate(cell, gate, letter, value, left, right):
    tg.manual_seed(0)
    ids = np.random.default_rng(0).integers(0, 2, 700)
    use = next(use for use in gate_use(with_gate(cell, gate, value), ids) if use.letter == letter)
    assert (use.left == left).all()
    assert (use.right == right).all()
    if letter in "fz":
        f = 1 / (1 + np.exp(-value))
        np.testing.assert_allclose(use.half_life, np.log(2) / -np.log(f), rtol=1e-5)
    else:
        assert use.half_life is None


def test_a_half_life_says_when_half_is_left():
    """What is held is multiplied by the gate at each step: with f alternating, after `half_life` steps half is left."""
    f = np.tile([0.9, 0.8], 500)[None]
    steps = half_life(f)[0]
    assert np.exp(np.log(f).mean() * steps) == pytest.approx(0.5)


def test_a_gate_that_is_shut_for_good_remembers_nothing():
    assert half_life(np.zeros((1, 10), np.float32))[0] < 0.01


def test_gates_go_by_the_kind_of_net():
    assert [gates_of(CharLM(VOCAB, 4, cell=cell)) for cell in ("lstm", "mlstm", "gru")] == [
        ["i", "f", "o"],
        ["i", "f", "o"],
        ["r", "z"],
    ]
    with pytest.raises(ConfigError, match="'rnn' has no gates"):
        gates_of(CharLM(VOCAB, 4, cell="rnn"))
