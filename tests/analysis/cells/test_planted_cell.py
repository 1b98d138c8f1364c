"""A unit that is a label must be found first, whatever else the net holds; noise must not be found at all."""

from __future__ import annotations

import json

import numpy as np
import pytest

import tinygrad_seq as tg
from tinygrad_seq.analysis.cells import Cell, find, parts
from tinygrad_seq.analysis.labels import ANY_TEXT, Label, matching
from tinygrad_seq.data import Corpus
from tinygrad_seq.models import CharLM

BRACKETS = next(label for label in ANY_TEXT if label.name == "brackets")
LAYER, UNIT = 1, 11
STRONG = 12.0


def text(size=60_000, seed=0):
    rng = np.random.default_rng(seed)
    pieces = []
    while sum(map(len, pieces)) < size:
        word = "".join(rng.choice(list("abcde ")) for _ in range(rng.integers(3, 30)))
        pieces.append(f"({word})" if rng.random() < 0.4 else word)
    return "".join(pieces)


def plant(model):
    """Make one unit hold 1 from ( to ): i opens at (, f closes at ), nothing of the state is read."""
    rnn, H = model.rnn, model.hidden_size
    state = rnn.state_dict()
    W_ih, W_hh, b_ih, b_hh = (state[f"{name}_l0"] for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"))
    i, f, g, o = (k * H + UNIT for k in range(4))
    opening, closing = (model.vocab.encode(symbol)[0] for symbol in "()")
    for row, bias in ((i, -STRONG), (f, STRONG), (g, STRONG), (o, 0.0)):
        W_ih[row], W_hh[row], b_ih[row], b_hh[row] = 0, 0, bias, 0
    W_ih[i, opening] = 2 * STRONG
    W_ih[f, closing] = W_ih[f, opening] = -2 * STRONG
    rnn.load_state_dict({**state, "weight_ih_l0": W_ih, "weight_hh_l0": W_hh, "bias_ih_l0": b_ih, "bias_hh_l0": b_hh})
    return model


@pytest.fixture(scope="module")
def found():
    corpus = Corpus.from_text(text())
    coin = np.random.default_rng(5).random(len(corpus)) < 0.3
    noise = Label("noise", "drawn by lot", lambda text: coin[: len(text)])
    drift = Label("drift", "a random walk", lambda text: np.cumsum(np.random.default_rng(6).standard_normal(len(text))))
    never = matching("never", "zzz")
    tg.manual_seed(0)
    untrained = CharLM(corpus.vocab, hidden_size=24)
    tg.manual_seed(0)
    model = plant(CharLM(corpus.vocab, hidden_size=24))
    said = []
    result = find(model, untrained, parts(corpus, [BRACKETS, noise, drift, never]), say=said.append)
    return {finding.label: finding for finding in result.findings}, result, said


def test_the_planted_cell_comes_first(found):
    brackets = found[0]["brackets"]
    assert brackets.best[0].cell == Cell(LAYER, UNIT)
    assert brackets.best[0].sign == 1
    assert brackets.best[0].score > 0.999
    assert brackets.balanced_accuracy > 0.999
    assert brackets.low <= brackets.best[0].score <= brackets.high <= 1
    assert brackets.best[1].score < 0.97


def test_the_controls_do_not_find_it(found):
    brackets = found[0]["brackets"]
    assert brackets.untrained.score < brackets.best[0].score - 0.03
    assert len(brackets.shuffled) == 10
    assert max(brackets.shuffled) < 0.56
    assert min(brackets.shuffled) > 0.44


def test_noise_is_not_found(found):
    noise = found[0]["noise"]
    assert noise.low - 0.02 < 0.5 < noise.high + 0.02
    assert max(scored.score for scored in noise.best) < 0.53


def test_what_drifts_through_the_text_is_not_found_either(found):
    """Any two walks agree by accident in one part; on another part the line through it is worth nothing."""
    assert found[0]["drift"].best[0].score < 0.02


def test_a_label_that_never_holds_is_left_out(found):
    assert list(found[0]) == ["brackets", "noise", "drift"]


def test_sizes_are_told(found):
    brackets = found[0]["brackets"]
    search, threshold, test = found[1].symbols
    assert brackets.symbols == test
    assert 0 < brackets.spans < brackets.positives < test
    assert search == pytest.approx(2 * threshold, rel=0.01)


def test_the_findings_are_plain_json(found):
    plain = json.loads(json.dumps(found[1].to_json()))
    assert plain["findings"][0]["best"][0]["cell"] == f"{LAYER}:{UNIT}"
    assert plain["findings"][0]["untrained"]["cell"] != f"{LAYER}:{UNIT}"


def test_it_says_what_it_does(found):
    assert found[2][0].startswith("the trained net reads")
    assert any("ranking 24 cells for 3 labels" in line for line in found[2])


def test_the_probe_knows_at_least_what_the_best_cell_knows(found):
    pytest.importorskip("sklearn")
    brackets, noise = found[0]["brackets"], found[0]["noise"]
    assert brackets.probe > 0.999
    assert abs(noise.probe - 0.5) < 0.03


def test_a_cell_that_is_low_on_the_label_counts_as_well():
    corpus = Corpus.from_text(text(20_000))
    tg.manual_seed(0)
    model = plant(CharLM(corpus.vocab, hidden_size=16))
    state = model.rnn.state_dict()
    state["bias_ih_l0"][2 * 16 + UNIT] *= -1
    model.rnn.load_state_dict(state)
    tg.manual_seed(0)
    [brackets] = find(model, CharLM(corpus.vocab, hidden_size=16), parts(corpus, [BRACKETS])).findings
    assert (brackets.best[0].cell.unit, brackets.best[0].sign) == (UNIT, -1)
    assert brackets.best[0].score > 0.99
    assert brackets.threshold < 0
