"""What the page holds: every value and gradient of the record, `.grad` growing to its last bit, no foreign element."""

from __future__ import annotations

import json
import re
from base64 import b64decode, b64encode
from hashlib import sha256

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygrad_seq as tg
from tinygrad_seq import analysis, models, nn, scope, viz
from tinygrad_seq.data import CharVocab
from tinygrad_seq.record import Record

TEXT = "if x: y"
HOSTILE = "</script><script>alert(1)</script><!--\0\x1b\"'&]]>{{ 7 * 7 }}\ud83d\u202e\u2028"


def data_of(page):
    return json.loads(re.search(r'id="data">(.*?)</script>', page.html, re.DOTALL)[1])


def recorded(cell="lstm", layers=1, hidden=5, text=TEXT, dtype="float32", **options):
    tg.manual_seed(0)
    model = models.CharLM(CharVocab.from_text(text), hidden, layers, cell=cell, dtype=dtype, **options)
    ids = model.vocab.encode(text)
    with tg.record(gradients="parts", expand=True) as tape:
        logits, _ = model(ids[None, :-1])
        tg.functional.cross_entropy(logits[:, -1], ids[-1:]).backward()
    return model, tape


def last_gradients(data):
    """The gradients that the page shows in its last frame, by name."""
    found = {}
    for parameter in data["parameters"]:
        place = data["places"][parameter["place"]]
        if matrix := parameter["matrix"]:
            found[place["name"]] = np.frombuffer(b64decode(matrix["last"]), matrix["dtype"]).reshape(place["shape"])
    return found


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru", "mlstm"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_last_frame_is_grad_bit_for_bit(cell, dtype):
    model, tape = recorded(cell, 2, dtype=dtype, embedding_size=3)
    found = last_gradients(data_of(viz.page(tape)))
    assert len(found) == len(list(model.parameters()))
    for name, parameter in model.named_parameters():
        tail = name.rpartition(".")[2]
        own = found.get(tail) if tail in found else found[name.removeprefix("CharLM.")]
        assert own.tobytes() == parameter.grad.numpy().tobytes(), name


def test_a_large_parameter_shows_how_long_its_gradient_is_after_every_part():
    text = "".join(map(chr, range(40, 120)))  # so many symbols that W_ih is large too, and a part of it a small column
    model, tape = recorded(hidden=70, text=text)
    data = data_of(viz.page(tape))
    large = next(p for p in data["parameters"] if data["places"][p["place"]]["name"] == "weight_hh_l0")
    assert large["matrix"] is None
    assert len(large["frames"]) >= len(text) - 2
    assert large["frames"][-1][1] == pytest.approx(np.linalg.norm(model.rnn.weight_hh_l0.grad.numpy()), rel=1e-6)
    moments = [moment for moment, _ in large["frames"]]
    assert moments == sorted(set(moments))


def test_each_shared_weight_grows_by_one_step_at_a_time():
    _, tape = recorded("rnn")
    data = data_of(viz.page(tape))
    shared = next(p for p in data["parameters"] if data["places"][p["place"]]["name"] == "weight_hh_l0")
    steps = [data["moments"][moment - 1][1] for moment, _ in shared["frames"]]
    assert [t for t in steps if t is not None] == [5, 4, 3, 2, 1, 0]


def test_gradients_are_those_of_every_hidden_state():
    model, tape = recorded("rnn", dtype="float64")
    data = data_of(viz.page(tape))
    (lane,) = data["lanes"]
    reading = analysis.read(model, TEXT)
    states = reading.hidden.of("CharLM.rnn.l0")
    expected = [np.linalg.norm(g.numpy()) for g in tg.grad(reading.losses[-1], states)]
    assert data["places"][int(lane)]["gradient"]["norm"] == pytest.approx(expected, rel=1e-3)


def test_values_come_from_the_left_and_gradients_from_the_right():
    _, tape = recorded("rnn", 2)
    data = data_of(viz.page(tape))
    for i in data["lanes"]:
        place = data["places"][int(i)]
        assert place["lit"] == sorted(place["lit"])
        assert place["back"] == sorted(place["back"], reverse=True)
        assert max(place["lit"]) <= data["forward"] < min(place["back"])


def test_a_cell_of_ones_own_is_drawn_just_as_well():
    W = tg.tensor(np.eye(3) * 0.5, requires_grad=True)
    with tg.record(gradients="parts") as tape:
        h = tg.zeros((1, 3), dtype="float64")
        for x_t in scope.steps(tg.randn(4, 1, 3, dtype="float64")):
            with scope.module("mine"):
                h = tg.tanh(x_t + h @ W)
        h.sum().backward()
    data = data_of(viz.page(tape))
    assert data["steps"] == 4
    assert {edge[2] for edge in data["edges"]} == {None, 0, 1}
    (parameter,) = data["parameters"]
    assert [data["moments"][m - 1] for m, _ in parameter["frames"]] == [["mine", t] for t in (3, 2, 1, 0)]


def test_a_plain_expression_has_a_moment_for_every_operation():
    w = tg.tensor(2.0, requires_grad=True)
    with tg.record(gradients="parts") as tape:
        ((3 * w) ** 2).backward()
    data = data_of(viz.page(tape))
    assert (data["hasTime"], data["forward"], len(data["moments"])) == (False, 2, 4)
    values = {
        place["label"]: (place["value"]["max"], (place["gradient"] or {"max": None})["max"]) for place in data["places"]
    }
    assert values == {
        "constant": ([3], None),
        "parameter": ([2.0], [36.0]),
        "×": ([6.0], [12.0]),
        "** 2": ([36.0], [1.0]),
    }


def test_after_its_end_a_sequence_holds_its_state_and_the_gradient_of_it():
    tg.manual_seed(0)
    model = models.SequenceClassifier(4, 3, 5, cell="lstm")
    with tg.record(gradients="parts", expand=True) as tape:
        logits = model(np.array([[1, 2, 3, 0, 0, 1]]), lengths=np.array([4]))
        tg.functional.cross_entropy(logits, np.array([1])).backward()
    data = data_of(viz.page(tape))
    gradients = {lane: data["places"][int(i)]["gradient"]["norm"] for i, lane in data["lanes"].items()}
    assert gradients["h"][3] == gradients["h"][4] == gradients["h"][5] > gradients["h"][2]
    assert gradients["c"][3:] == [0.0, 0.0, None]  # after the end nothing reads it, and last of all nothing could


def test_without_parts_or_gradients_the_page_lacks_their_growth():
    with tg.record() as tape:
        nn.GRU(2, 3)(tg.zeros((4, 1, 2)))
    data = data_of(viz.page(tape))
    assert data["parameters"] == []
    assert data["forward"] == len(data["moments"])


def test_the_one_script_is_allowed_by_its_hash_and_nothing_else_is(read_page):
    _, tape = recorded()
    html = viz.page(tape).html
    policy = re.search(r'Content-Security-Policy" content="(.*?)"', html)[1].replace("&#39;", "'")
    program = re.search(r"<script>(.*?)</script>", html, re.DOTALL)[1]
    digest = b64encode(sha256(program.encode()).digest()).decode()
    assert policy == f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"
    page = read_page(html)
    assert page.tags.count("script") == 2
    assert not {"link", "img", "iframe", "object", "base", "form", "a"} & set(page.tags)
    assert not {"src", "href", "action"} & {name for _, name, _ in page.attributes}
    assert not any(name.startswith("on") for _, name, _ in page.attributes)


def hostile_page(text):
    w = tg.tensor(2.0, requires_grad=True)
    w.node.name = text
    with tg.record(gradients="parts") as tape, scope.module(text):
        for x_t in scope.steps([1.0, 2.0, 3.0]):
            y = w * x_t
        y.backward()
    curve = {text: [(0.0, 1.0), (1.0, 0.5)]}
    panels = viz.Panels({text: [[1.0]]}, {text: curve}, [viz.Window(1, 1, [1], 0.5)], text)
    return viz.page(tape, title=text, reads=[text] * 3, panels=panels)


def test_hostile_text_stays_text(read_page):
    page, harmless = read_page(hostile_page(HOSTILE).html), read_page(hostile_page("harmless").html)
    assert page.tags == harmless.tags
    assert [(tag, name) for tag, name, _ in page.attributes] == [(tag, name) for tag, name, _ in harmless.attributes]
    assert data_of(hostile_page(HOSTILE))["reads"][0].startswith("</script><script>alert(1)</script><!--␀␛")


@settings(max_examples=25)
@given(st.text(st.characters(), max_size=20))
def test_no_text_whatever_adds_an_element(read_page, text):
    html = hostile_page(text).html
    html.encode("utf-8")
    assert read_page(html).tags == read_page(hostile_page("harmless").html).tags


def test_no_text_turns_the_direction_of_what_stands_around_it():
    assert not re.search("[\u202a-\u202e\u2066-\u2069]", hostile_page("\u202e\u2066a\u202a").html)


@pytest.mark.parametrize(
    ("what", "show", "said"),
    [(tg.tensor(2.0), "grad", "got Tensor"), (len, "grad", "got builtin"), (Record(), "colour", "show='colour'")],
)
def test_what_is_no_record_and_unknown_words_are_refused(what, show, said):
    with pytest.raises(tg.errors.ConfigError, match=said):
        viz.page(what, show=show)


def test_steps_at_which_nothing_stands_take_no_room():
    """A record may come from a file, with a step as late as it likes."""
    with tg.record(expand=True) as tape:
        nn.RNN(2, 3)(tg.zeros((3, 1, 2)))
    for entry in tape.nodes:
        entry.t = {0: 7, 1: 8, 2: 999_999}.get(entry.t)
    page = viz.page(tape)
    data = data_of(page)
    assert (data["steps"], data["times"]) == (3, [7, 8, 999_999])
    assert {edge[2] for edge in data["edges"]} == {None, 0, 1}
    assert len(page.html) < 100_000


def test_infinite_and_missing_numbers_are_no_obstacle():
    w = tg.tensor(np.array([np.inf, np.nan, 1.0]), requires_grad=True)
    with tg.record(gradients="parts") as tape:
        (w * w).sum().backward()
    assert data_of(viz.page(tape))["parameters"]


def test_the_same_record_makes_the_same_bytes(tmp_path):
    _, tape = recorded()
    saved = viz.page(tape).save(tmp_path / "new" / "a.html")
    assert saved.read_text("utf-8") == viz.page(tape).html


def test_the_page_of_an_lstm_with_128_units_over_64_steps_is_under_two_megabytes():
    _, tape = recorded(hidden=128, text=("the quick brown fox jumps over the lazy dog. " * 2)[:65])
    page = viz.page(tape)
    data = data_of(page)
    grown = {data["places"][p["place"]]["name"]: p["matrix"] for p in data["parameters"] if len(p["frames"]) >= 64}
    assert [grown["weight_ih_l0"] is None, grown["weight_hh_l0"] is None] == [False, True]  # 57 kB, and 262 kB
    assert len(page.html.encode()) < 500_000


def test_unroll_writes_it_in_one_line(tmp_path):
    model, _ = recorded()
    viz.unroll(model, TEXT, to=tmp_path / "graph.html", panels=analysis.study(model, TEXT))
    html = (tmp_path / "graph.html").read_text("utf-8")
    for heading in ("How far the gradient reaches", "Which step answers", "What each step does", "Truncated backprop"):
        assert heading in html
    assert len(re.findall("<h3>", html)) == 4


def test_a_page_of_a_bare_record_lacks_the_panels_of_an_analysis():
    _, tape = recorded()
    html = viz.page(tape).html
    for heading in ("Which step answers", "What each step does", "Truncated backprop"):
        assert heading not in html
