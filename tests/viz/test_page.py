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


def in_chunks(between, hidden=5, **options):
    """A model that read a text in two chunks, a carried state between them, and what was recorded."""
    tg.manual_seed(0)
    model = models.CharLM(CharVocab.from_text(TEXT), hidden, 2, cell="lstm", **options)
    ids, state = model.vocab.encode(TEXT), None
    with tg.record(gradients="parts", expand=True) as tape:
        for first, last in ((0, 3), (3, 6)):
            logits, state = model(ids[None, first:last], state)
            between(model)
            tg.functional.cross_entropy(logits, ids[None, first + 1 : last + 1]).backward()
            state = state.detach()
    return model, tape


@pytest.mark.parametrize("hidden", [5, 70], ids=["small", "large"])
@pytest.mark.parametrize("between", [lambda model: None, nn.Module.zero_grad], ids=["added up", "zero_grad"])
def test_over_two_chunks_boxes_and_frames_are_grad_too(between, hidden):
    model, tape = in_chunks(between, hidden)
    data = data_of(viz.page(tape))
    found, grads = last_gradients(data), {}
    for name, parameter in model.named_parameters():
        grads[name.removeprefix("rnn.")] = parameter.grad.numpy()
    assert len(data["parameters"]) == len(grads)
    for parameter in data["parameters"]:
        place = data["places"][parameter["place"]]
        grad = grads[place["name"]]
        if place["name"] in found:
            assert found[place["name"]].tobytes() == grad.tobytes()
        length = np.linalg.norm(grad.astype(float))
        assert place["gradient"]["norm"] == [pytest.approx(length, rel=1e-3)]  # the box, in four digits
        assert parameter["frames"][-1][1] == pytest.approx(length, rel=1e-12)  # the bar, and the panel
        assert place["back"] == [parameter["frames"][-1][0]]
    assert (len(found) < len(grads)) == (hidden > 5)


def test_the_second_pass_comes_after_the_first_and_every_step_has_its_gradient():
    _, tape = in_chunks(lambda model: None)
    data = data_of(viz.page(tape))
    for i in data["lanes"]:
        back = data["places"][int(i)]["back"]
        assert back[:3] == sorted(back[:3], reverse=True)
        assert back[3:] == sorted(back[3:], reverse=True)
        assert data["forward"] < back[0] < back[-1] <= len(data["moments"])


def test_two_losses_on_one_graph_light_each_box_with_the_gradient_that_it_shows():
    w = tg.tensor(2.0, requires_grad=True)
    with tg.record(gradients="parts") as tape:
        y = w * 3.0
        y.backward(retain_graph=True)
        y.backward(tg.tensor(10.0))
    data = data_of(viz.page(tape))
    (y,) = [place for place in data["places"] if place["label"] == "×"]
    assert (y["lit"], y["back"], y["gradient"]["max"]) == ([1], [3], [10.0])
    assert data["parameters"][0]["frames"] == [[2, 3.0], [3, 33.0]]


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
    W_xh, W_hh = (tg.tensor(np.eye(3) * x, requires_grad=True) for x in (0.8, 0.5))
    W_xh.name, W_hh.name = "W_xh", "W_hh"
    with tg.record(gradients="parts") as tape:
        h = tg.zeros((1, 3), dtype="float64")
        for x_t in scope.steps(tg.randn(4, 1, 3, dtype="float64")):
            with scope.module("mine"):
                h = tg.tanh(x_t @ W_xh + h @ W_hh)
        h.sum().backward()
    data = data_of(viz.page(tape))
    assert data["steps"] == 4
    assert {edge[2] for edge in data["edges"]} == {None, 0, 1}
    by_name = {data["places"][parameter["place"]]["label"]: parameter for parameter in data["parameters"]}
    assert by_name.keys() == {"W_xh", "W_hh"}
    for parameter in by_name.values():
        assert [data["moments"][m - 1] for m, _ in parameter["frames"]] == [["mine", t] for t in (3, 2, 1, 0)]
    dot = viz.graph(tape).dot
    assert [len(re.findall(rf'label="?{name}', dot)) for name in by_name] == [1, 1]


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
    w.name = text
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


def windows(*of):
    return [viz.Window(k1, k2, [], cosine) for k1, k2, cosine in of]


def cosine_chart(of, read_svg):
    """The chart of a page with these truncations: the names at the ends of its lines, and how many points each has."""
    _, tape = recorded()
    html = viz.page(tape, panels=viz.Panels(windows=of)).html
    (svg,) = [svg for svg in re.findall(r"<svg.*?</svg>", html, re.DOTALL) if "k2, steps that a pass goes back" in svg]
    chart = read_svg(svg)
    names = [text.text for text in chart.all("text") if "fill" in text.get("style", "")]
    assert html.index(svg) < html.index('<table id="bptt">')
    return names, [len(line.get("points").split()) for line in chart.all("polyline")], chart


def test_the_cosine_is_plotted_against_k2_with_a_line_for_each_k1(read_svg):
    of = windows((2, 2, 0.8), (1, 4, 1.0), (1, 1, 0.5), (1, 2, 0.75), (2, 4, 1.0), (4, 4, 1.0))
    names, lengths, chart = cosine_chart(of, read_svg)
    assert names == ["k1 = 1: 1.00", "k1 = 2: 1.00", "k1 = 4: 1.00"]
    assert lengths == [3, 2, 1]
    (x1, y1), (x2, y2), (x4, y4) = (map(float, xy.split(",")) for xy in chart.all("polyline")[0].get("points").split())
    assert (x4 - x2) / (x2 - x1) == pytest.approx(2, abs=0.01)
    assert (y1 - y2) / (y2 - y4) == pytest.approx(1, abs=0.01)


def test_where_each_k1_has_one_k2_they_are_one_line(read_svg):
    names, lengths, _ = cosine_chart(windows((1, 1, 0.5), (2, 2, 0.75), (64, 64, 1.0)), read_svg)
    assert (names, lengths) == (["k1 = k2: 1.00"], [3])


def test_more_lines_than_colours_are_told_apart_by_dashes(read_svg):
    _, _, chart = cosine_chart(windows(*[(k1, k2, 1.0) for k1 in range(1, 9) for k2 in (8, 9)]), read_svg)
    looks = {(line.get("stroke"), line.get("stroke-dasharray")) for line in chart.all("polyline")}
    assert len(looks) == 8


def test_a_page_of_a_bare_record_lacks_the_panels_of_an_analysis():
    _, tape = recorded()
    html = viz.page(tape).html
    for heading in ("Which step answers", "What each step does", "Truncated backprop"):
        assert heading not in html
