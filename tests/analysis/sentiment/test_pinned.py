"""Writing with a unit held."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_seq as tg
from tinygrad_seq.analysis.sentiment import cells, write_pinned
from tinygrad_seq.data import ByteVocab, CharVocab
from tinygrad_seq.errors import ConfigError
from tinygrad_seq.models import CharLM

PRIME = "\n All of us "


def model(cell="mlstm", layers=1, vocab=None):
    tg.manual_seed(0)
    return CharLM(vocab or ByteVocab(), 8, layers, cell=cell)


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("cell", ["lstm", "mlstm"])
def test_without_pins_it_is_what_the_model_writes(cell, layers):
    lm = model(cell, layers)
    lm.head.weight.assign_(20 * lm.head.weight.data, by="test")
    lm.head.bias.assign_(np.where(np.arange(256) < 128, lm.head.bias.data, -1e9).astype("float32"), by="test")
    assert PRIME + write_pinned(lm, {}, PRIME, length=30, seed=5) == lm.generate(PRIME, length=30, seed=5)


def test_a_unit_held_at_the_value_it_has_anyway_changes_nothing():
    lm = model()
    value = float(cells(lm, PRIME.encode())[-2, 3])  # before the last byte of the prime is read
    assert write_pinned(lm, {3: value}, PRIME, length=1, seed=1) == write_pinned(lm, {}, PRIME, length=1, seed=1)


def test_a_held_unit_decides_what_is_written():
    """The output reads the cell alone: unit 2, held high, writes an A for ever, held low a B."""
    lm = model("lstm")
    for weight in lm.parameters():
        weight.assign_(0 * weight.data, by="test")
    bias, head = np.zeros(32, np.float32), np.zeros((256, 8), np.float32)
    bias[8:16] = bias[24:] = 20  # f_t and o_t open: c_t = c_{t-1}, h_t = tanh c_t
    head[ord("A"), 2], head[ord("B"), 2] = 100, -100
    lm.rnn.bias_ih_l0.assign_(bias, by="test")
    lm.head.weight.assign_(head, by="test")
    assert write_pinned(lm, {2: 3.0}, PRIME, length=8) == "A" * 8
    assert write_pinned(lm, {2: -3.0}, PRIME, length=8) == "B" * 8


def test_other_cells_and_vocabularies_are_refused():
    with pytest.raises(ConfigError, match="A gru has no cell state"):
        write_pinned(model("gru"), {})
    with pytest.raises(ConfigError, match="characters, not bytes"):
        write_pinned(model(vocab=CharVocab("ab\n ")), {})


def test_a_prime_too_short_to_hold_a_unit_in_is_refused():
    with pytest.raises(ConfigError, match="'A' has 1 bytes; two are needed"):
        write_pinned(model(), {}, "A")
