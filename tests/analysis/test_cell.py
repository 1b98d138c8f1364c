"""A cell gate by gate: the numbers are the module's, and every line is true as it is printed."""

from __future__ import annotations

import json
import math
import re

import numpy as np
import pytest

import tinygrad_seq as tg
from tinygrad_seq import nn
from tinygrad_seq.analysis.cell import KINDS, example, walked
from tinygrad_seq.errors import ConfigError

X = (1.0, -0.5, 0.8, 0.0)
LINES = {
    "rnn": ["h_t"],
    "lstm": ["i_t", "f_t", "g_t", "o_t", "c_t", "h_t"],
    "gru": ["r_t", "z_t", "n_t", "h_t"],
}

every_kind = pytest.mark.parametrize("kind", LINES)


def evaluated(numbers):
    """Return what a printed line says, computed, and what it says that it is."""
    line = numbers.replace("σ", "sigma").replace("×", "*").replace("−", "-")
    left, _, right = line.rpartition(" = ")
    names = {"sigma": lambda a: 1 / (1 + math.exp(-a)), "tanh": math.tanh, "__builtins__": {}}
    return eval(left, names), float(right)  # noqa: S307  a line of arithmetic made by the code under test


@every_kind
def test_it_goes_through_the_lines_of_every_step_in_order(kind):
    moments = list(walked(kind, example(kind), X))
    assert [(m.t, m.name) for m in moments] == [(t, name) for t in range(4) for name in LINES[kind]]


@every_kind
def test_every_printed_line_is_true_up_to_the_digits_that_are_printed(kind):
    for moment in walked(kind, example(kind), X):
        computed, said = evaluated(moment.numbers)
        assert computed == pytest.approx(said, abs=5e-3)
        assert said == pytest.approx(moment.values[moment.name], abs=5.1e-4)


@every_kind
def test_the_states_are_those_of_the_sequence_module(kind):
    cell = example(kind)
    net = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}[kind](1, 1, dtype="float64")
    net.load_state_dict({f"{name}_l0": p for name, p in cell.named_parameters()})
    output, _ = net(tg.tensor(np.array(X)[:, None, None]))
    shown = [m.values["h_t"] for m in walked(kind, cell, X) if m.name == "h_t"]
    np.testing.assert_allclose(shown, output.detach().numpy()[:, 0, 0], rtol=0, atol=1e-12)


@every_kind
def test_letters_and_numbers_are_the_same_line(kind):
    for moment in walked(kind, example(kind), X):
        assert re.sub(r"[\w.]+", "n", moment.equation).count("n") >= 3
        assert moment.equation.count("+") == moment.numbers.count("+")


def test_a_trained_cell_of_ones_own_is_drawn_with_its_weights():
    cell = nn.RNNCell(1, 1, dtype="float64")
    cell.load_state_dict({"weight_ih": [[2.0]], "weight_hh": [[-1.0]], "bias_ih": [0.25], "bias_hh": [0.5]})
    first = next(walked("rnn", cell, [1.0]))
    assert first.numbers == "tanh(2.000 × 1.000 + (−1.000) × 0.000 + 0.750) = 0.992"
    assert "0.992" in tg.analysis.cell("rnn", [1.0], module=cell).svg


def test_a_cell_without_biases_has_zeros_there():
    assert "+ 0.000)" in next(walked("lstm", nn.LSTMCell(1, 1, bias=False), [1.0])).numbers


@every_kind
def test_the_page_holds_every_line_and_names_its_boxes_by_them(kind, tmp_path):
    tg.analysis.cell(kind, X, to=tmp_path / "cell.html")
    page = (tmp_path / "cell.html").read_text("utf-8")
    moments = json.loads(re.search(r'id="data">(.*?)</script>', page)[1])
    assert [m["name"] for m in moments] == LINES[kind] * 4
    assert set(re.findall(r'data-of="(\w+)"', page)) <= set(LINES[kind])
    values = set(re.findall(r'data-value="(\w+)"', page))
    assert set(LINES[kind]) <= values <= set(moments[0]["values"])


def test_the_picture_has_the_numbers_of_the_last_step(tmp_path):
    picture = tg.analysis.cell("gru", X, to=tmp_path / "cell.svg")
    *_, last = walked("gru", example("gru"), X)
    assert (tmp_path / "cell.svg").read_text("utf-8") == picture.svg
    for name in KINDS["gru"].activations:
        assert f">{last.values[name]:.3f}<" in picture.svg


@pytest.mark.parametrize(
    ("arguments", "settings", "said"),
    [
        (("elman",), {}, "expected one of rnn, lstm, gru"),
        (("rnn", []), {}, "at least one number"),
        (("rnn",), {"module": nn.LSTMCell(1, 1)}, r"expected a RNNCell\(1, 1\)"),
        (("rnn",), {"module": nn.RNNCell(2, 1)}, "one input and one unit"),
        (("rnn",), {"module": nn.RNNCell(1, 1, nonlinearity="relu")}, "with tanh"),
        (("gru",), {"module": nn.GRUCell(1, 1, reset_after=False)}, "reset_after=True"),
        (("rnn",), {"to": "cell.png"}, r"\.svg or \.html"),
    ],
)
def test_what_cannot_be_drawn_is_refused_with_a_reason(arguments, settings, said):
    with pytest.raises(ConfigError, match=said):
        tg.analysis.cell(*arguments, **settings)
