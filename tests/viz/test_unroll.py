"""The unrolled picture shows what happened: every step, every layer, and the gradient that truly arrived there."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinygrad_seq as tg
from tinygrad_seq import models, nn, viz
from tinygrad_seq.data import ByteVocab, CharVocab
from tinygrad_seq.errors import ConfigError, DataError
from tinygrad_seq.viz.grid import short

TEXT = "if x: y"
CELLS = {"rnn": nn.RNNCell, "lstm": nn.LSTMCell, "gru": nn.GRUCell, "mlstm": nn.MLSTMCell}


def language_model(cell="lstm", layers=1, vocab=None, **settings):
    tg.manual_seed(0)
    vocab = CharVocab.from_text(TEXT) if vocab is None else vocab
    return models.CharLM(vocab, 5, layers, cell=cell, **{"dtype": "float64", **settings})


def by_an_explicit_loop(model, text):
    """|dL/dh| for each layer and step, from cells called one by one and gradients asked for by name."""
    ids = model.vocab.encode(text)
    weights = model.rnn.state_dict()
    cells = []
    for k in range(model.num_layers):
        own = {name.removesuffix(f"_l{k}"): array for name, array in weights.items() if name.endswith(f"_l{k}")}
        cell = CELLS[model.cell](own["weight_ih"].shape[1], 5, dtype="float64")
        cell.load_state_dict(own)
        cells.append(cell)
    states, hidden = [None] * len(cells), []
    for i in ids[:-1]:
        x = tg.tensor(np.eye(len(model.vocab))[[i]])
        for k, cell in enumerate(cells):
            states[k] = cell(x, states[k])
            x = states[k].h if isinstance(states[k], tuple) else states[k]
            hidden.append(x)
    loss = tg.functional.cross_entropy(model.head(x), ids[-1:])
    lengths = [np.linalg.norm(g.numpy()) for g in tg.grad(loss, hidden)]
    return np.array(lengths).reshape(len(ids) - 1, len(cells))


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("layers", [1, 2, 3])
def test_every_cell_shows_the_gradient_that_an_explicit_loop_over_cells_finds(cell, layers, read_svg):
    model = language_model(cell, layers)
    svg = read_svg(viz.unroll(model, TEXT).svg)
    expected = by_an_explicit_loop(model, TEXT)
    assert expected.shape == (6, layers)
    boxes = svg.all("g")  # column by column, from the first layer up
    assert len(boxes) == expected.size
    for box, length in zip(boxes, expected.ravel(), strict=True):
        title, _, label = box
        assert title.text.endswith(f"|dL/dh| = {length:.4g}")
        assert label.text == short(length)


def test_there_is_a_column_for_every_symbol_read_and_a_row_for_every_layer(read_svg):
    svg = read_svg(viz.unroll(language_model(layers=3), TEXT).svg)
    texts = svg.texts()
    assert [text for text in texts if text.startswith("t=")] == [f"t={t}" for t in range(6)]
    assert [text for text in texts if text.startswith("rnn.")] == ["rnn.l0", "rnn.l1", "rnn.l2"]
    squares = [rect for rect in svg.all("rect") if rect.get("fill") == "var(--wash)"]
    assert len(squares) == 6
    assert len({rect.get("y") for rect in squares}) == 1
    xs = [float(rect.get("x")) for rect in squares]
    assert len(set(np.diff(xs))) == 1  # the same geometry at every step


def test_what_is_read_predicted_and_meant_stands_there(read_svg):
    model = language_model()
    model.head.weight.assign_(0.0)
    model.head.bias.assign_(np.log([0.5, 0.1, 0.1, 0.1, 0.1, 0.1]))  # the space, whatever came before
    svg = read_svg(viz.unroll(model, TEXT).svg)
    assert [text for text in svg.texts() if text.endswith("%")] == ["50%"] * 6
    symbols = [(text.text, text.get("class")) for text in svg.all("text") if "symbol" in text.get("class", "")]
    reads = ["i", "f", "␣", "x", ":", "␣"]
    follows = [*reads[1:], "y"]
    predicted = [("␣", "symbol hot" if symbol == "␣" else "symbol") for symbol in follows]  # in colour if it is right
    assert symbols == [pair for r, p in zip(reads, predicted, strict=True) for pair in [(r, "symbol"), p]] + [
        ("y", "symbol")
    ]


def test_the_gradient_of_a_plain_net_fades_to_the_left_and_that_of_an_lstm_with_an_open_gate_less():
    text = "abcabcabcabcabcabcabc"
    vocab = CharVocab("abc")
    rnn, lstm = language_model("rnn", vocab=vocab), language_model("lstm", vocab=vocab)
    lstm.rnn.bias_ih_l0.assign_(np.repeat([0.0, 5.0, 0.0, 0.0], 5))
    faded = [by_an_explicit_loop(model, text)[[0, -1], 0] for model in (rnn, lstm)]
    assert faded[0][0] / faded[0][1] < 1e-3 < faded[1][0] / faded[1][1]


def test_the_model_and_its_gradients_stay_as_they_are(read_svg):
    model = language_model(dropout=0.5, layers=2)
    model.loss(tg.data.Batch(np.array([[0, 1]]), np.array([[1, 2]]), 0, starts_epoch=True))[0].backward()
    grads = [parameter.grad.numpy().copy() for parameter in model.parameters()]
    weights = {name: array.tobytes() for name, array in model.state_dict().items()}
    before = tg.random.position()
    viz.unroll(model, TEXT)
    assert model.training
    assert tg.random.position() == before
    assert {name: array.tobytes() for name, array in model.state_dict().items()} == weights
    for parameter, grad in zip(model.parameters(), grads, strict=True):
        np.testing.assert_array_equal(parameter.grad.numpy(), grad)


def test_frozen_weights_and_no_grad_are_no_obstacle():
    model = language_model()
    expected = viz.unroll(model, TEXT).svg
    model.rnn.weight_ih_l0.requires_grad_(False)
    with tg.no_grad():
        assert viz.unroll(model, TEXT).svg == expected


def test_the_same_program_makes_the_same_bytes():
    program = (
        "import hashlib, tinygrad_seq as tg; from tinygrad_seq import data, models, viz; tg.manual_seed(0);"
        "model = models.CharLM(data.CharVocab.from_text('if x: y'), 5, 2, dtype='float64');"
        "print(hashlib.sha256(viz.unroll(model, 'if x: y').svg.encode()).hexdigest())"
    )
    digests = {
        subprocess.run(
            [sys.executable, "-c", program],
            check=True,
            capture_output=True,
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)},
        ).stdout
        for seed in ("1", "2")
    }
    assert len(digests) == 1


def test_a_text_too_short_or_unknown_is_refused():
    model = language_model()
    for text in ("", "x"):
        with pytest.raises(ConfigError, match="at least two symbols"):
            viz.unroll(model, text)
    with pytest.raises(DataError, match="'z'"):
        viz.unroll(model, "xyz")
    assert model.training


@pytest.mark.parametrize("model", [nn.LSTM(2, 3), lambda ids: ids], ids=["LSTM", "function"])
def test_what_is_no_language_model_is_told_what_is_expected(model):
    said = r"expected a language model, with `model.vocab`.*got (LSTM|function)\.(?s:.*)tg\.record\("
    with pytest.raises(ConfigError, match=said):
        viz.unroll(model, "ab")


def test_a_model_that_marks_no_steps_is_told_how():
    class Bigram(nn.Module):
        """Predicts from the last symbol alone."""

        def __init__(self, vocab):
            self.vocab, self.table = vocab, nn.Embedding(len(vocab), len(vocab))

        def forward(self, x):
            return self.table(x), None

    with pytest.raises(ConfigError, match=r"marks no time steps.*scope\.steps"):
        viz.unroll(Bigram(CharVocab("ab")), "ab")


def test_a_model_of_ones_own_is_drawn_if_it_marks_its_steps(read_svg):
    class Own(nn.Module):
        """A cell in a loop."""

        def __init__(self, vocab):
            self.vocab, self.cell, self.head = vocab, nn.GRUCell(len(vocab), 4), nn.Linear(4, len(vocab))

        def forward(self, x):
            h, outputs = None, []
            for x_t in tg.scope.steps(x[0]):
                h = self.cell(x_t[None], h)
                outputs.append(self.head(h))
            return tg.stack(outputs, axis=1), None

    svg = read_svg(viz.unroll(Own(CharVocab("ab")), "abab").svg)
    assert {"cell", "head"} <= set(svg.texts())
    assert len(svg.all("g")) == 6


def test_gradients_that_vanish_or_overflow_are_drawn_as_what_they_are(read_svg):
    model = language_model("rnn")
    model.rnn.weight_hh_l0.assign_(0.0)
    texts = read_svg(viz.unroll(model, TEXT).svg).texts()
    assert texts.count("0") == 5  # nothing goes back through a zero matrix; the last step has its own
    model.head.weight.assign_(np.inf)
    with np.errstate(invalid="ignore"):
        texts = read_svg(viz.unroll(model, TEXT).svg).texts()
    assert "nan" in texts


# Symbols


def symbols_of(svg):
    return [text.text for text in svg.all("text") if "symbol" in text.get("class", "")]


@pytest.mark.parametrize(
    ("symbol", "shown"),
    [
        (" ", "␣"),
        ("\n", r"\n"),
        ("\x07", r"\x07"),
        ("\0", r"\x00"),
        ("\u200b", r"\u200b"),
        ("\u202e", r"\u202e"),
        ("\xa0", r"\xa0"),
        ("\ud800", r"\ud800"),
        ("\ufffe", r"\ufffe"),
        ("\u0301", "◌\u0301"),
        ("<", "<"),
        ("א", "א"),
        ("😀", "😀"),
    ],
)
def test_every_symbol_can_be_seen_and_is_no_markup(symbol, shown, read_svg):
    model = language_model(vocab=CharVocab(symbol + "a"))
    assert symbols_of(read_svg(viz.unroll(model, symbol + "a").svg))[0] == shown


def test_the_bytes_of_a_character_are_numbers(read_svg):
    model = language_model(vocab=ByteVocab())
    symbols = symbols_of(read_svg(viz.unroll(model, "né.").svg))
    assert symbols[::2] == ["n", r"\xc3", r"\xa9", "."]


def test_a_long_text_is_cut_in_the_heading_and_read_in_full(tmp_path):
    text = "abcd" * 20
    viz.unroll(language_model("rnn", vocab=CharVocab("abcd")), text, to=tmp_path / "long.html")
    html = (tmp_path / "long.html").read_text("utf-8")
    assert f"reads “{text[:59]}…”</h1>" in html
    assert html.count('"reads":[' + ",".join(f'"{symbol}"' for symbol in text[:-1])) == 1


HOSTILE = "</svg><script>alert(1)</script>\"'&]]>\0\x1b\x07\x7f\x85\r\u2028\u202e\ufffe\ud83d😀أ<!--"


def test_hostile_text_leaves_no_element_beyond_those_of_harmless_text(read_svg, read_page, tmp_path):
    harmless = "".join(chr(ord("A") + i) for i in range(len(HOSTILE)))
    tags = []
    for text in (HOSTILE, harmless):
        picture = viz.unroll(language_model(vocab=vocab_of(text)), text)
        page = picture.save(tmp_path / "page.html").read_text("utf-8")
        tags.append((read_svg(picture.svg).tags, read_page(page).tags))
    assert tags[0] == tags[1]


def vocab_of(text):
    return CharVocab("".join(dict.fromkeys(text)))


@given(st.text(st.characters(), min_size=2, max_size=6))
def test_any_text_at_all_gives_well_formed_xml_with_the_same_elements(read_svg, text):
    model = language_model("rnn", vocab=vocab_of(text))
    plain = language_model("rnn", vocab=CharVocab("abcdef"))
    assert read_svg(viz.unroll(model, text).svg).tags == read_svg(viz.unroll(plain, "abcdef"[: len(text)]).svg).tags


@given(st.floats(min_value=0))
def test_a_gradient_takes_six_characters_at_most_and_reads_back(gradient):
    said = short(gradient)
    assert len(said) <= 6
    if np.isfinite(gradient):
        assert float(said) == pytest.approx(gradient, rel=0.06 if gradient >= 1e-99 and gradient < 1e99 else 1)
