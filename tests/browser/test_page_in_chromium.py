"""The page as a reader has it, in Chromium: opened from its file, played, rolled up, sorted, searched, by keys too."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_seq as tg
from tinygrad_seq import analysis, models, scope, viz
from tinygrad_seq.data import CharVocab
from tinygrad_seq.viz.drawable import Merged
from tinygrad_seq.viz.fold import fold, topological_order

TEXT = "if x: return"
LEFT, RIGHT, UP, HOME, END, ENTER = "\ue012", "\ue014", "\ue013", "\ue011", "\ue010", "\ue007"
HOSTILE = "</script><img src=x onerror=alert(1)><!--\0\x1b\"'&\u202e"


@pytest.fixture(scope="module")
def model():
    tg.manual_seed(0)
    return models.CharLM(CharVocab.from_text(TEXT), 6, 2, cell="lstm")


@pytest.fixture(scope="module")
def tape(model):
    ids = model.vocab.encode(TEXT)
    with tg.record(gradients="parts", expand=True) as tape:
        logits, _ = model(ids[None, :-1])
        tg.functional.cross_entropy(logits[:, -1], ids[-1:]).backward()
    return tape


@pytest.fixture(scope="module")
def file(model, tape, tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "a.html"
    return viz.page(tape, title="An LSTM", reads=list(TEXT[:-1]), panels=analysis.study(model, TEXT)).save(path)


@pytest.fixture
def page(quiet, file):
    """The page of an LSTM of two layers, just opened."""
    quiet.open(file)
    return quiet


def boxes(page):
    return page.run("return document.querySelectorAll('#graph .box').length")


def moment(page):
    return page.run("return tinygradSeq.view.moment")


def test_it_opens_at_the_end_of_the_backward_pass_with_the_gradients_of_backward(page, model):
    assert moment(page) == page.run("return tinygradSeq.data.moments.length")
    assert page.text("#when").startswith("backward")
    for name in ("weight_hh_l0", "weight_hh_l1", "weight_ih_l0", "bias_hh_l1"):
        shown = np.array(page.run("return tinygradSeq.gradient(arguments[0])", name), np.float32)
        assert shown.tobytes() == getattr(model.rnn, name).grad.numpy().tobytes()


def test_the_kernels_gradients_are_those_of_the_page_to_rounding(page, model):
    ids = model.vocab.encode(TEXT)
    logits, _ = model(ids[None, :-1])
    parameters = [model.rnn.weight_hh_l0, model.rnn.weight_hh_l1]
    loss = tg.functional.cross_entropy(logits[:, -1], ids[-1:])
    for name, g in zip(("weight_hh_l0", "weight_hh_l1"), tg.grad(loss, parameters), strict=True):
        shown = page.run("return tinygradSeq.gradient(arguments[0])", name)
        np.testing.assert_allclose(np.reshape(shown, g.shape), g.numpy(), rtol=1e-5, atol=1e-5)


def test_only_our_script_ran_and_nothing_was_fetched(page):
    assert page.requests()[0].endswith("/a.html")
    page.run("fetch('https://example.org/').catch(() => {})")
    page.run("document.body.append(Object.assign(document.createElement('img'), {src: 'https://example.org/x.png'}))")
    blocked = page.complaints()
    assert blocked
    assert all("Content Security Policy" in message for message in blocked)
    page.requests()  # these two were meant


def test_the_slider_walks_through_the_moments_by_keys(page):
    page.keys("#moment", HOME)
    assert page.text("#when") == "before the forward pass"
    assert page.run("return tinygradSeq.gradient('weight_hh_l0').length") == 0
    page.keys("#moment", RIGHT, RIGHT, RIGHT)
    assert moment(page) == 3
    assert page.text("#when").startswith("forward")
    assert page.find("#moment").get_attribute("aria-valuetext") == page.text("#when")
    page.keys("#moment", LEFT)
    assert moment(page) == 2
    page.keys("#moment", END)
    assert page.text("#when").startswith("backward")


def test_a_shared_gradient_grows_one_step_at_a_time(page, tape):
    (leaf,) = [node.id for node in tape.nodes if node.name == "weight_hh_l1"]
    expected = [float(np.linalg.norm(g.astype(float))) for _, g in tape.growth(leaf)]
    page.click("#turn")
    seen = [0.0]
    for _ in range(page.run("return tinygradSeq.data.moments.length - tinygradSeq.data.forward")):
        page.click("#next")
        norm = float(np.linalg.norm(page.run("return tinygradSeq.gradient('weight_hh_l1')")))
        if norm != pytest.approx(seen[-1], rel=1e-5):
            seen.append(norm)
    assert len(seen) - 1 == len(TEXT) - 2  # what step 0 adds is zero: its h_prev is
    for norm in seen[1:]:
        assert min(abs(norm - known) for known in expected) < 1e-5 * expected[-1]


def test_play_goes_on_by_itself_and_pauses(page):
    page.click("#first")
    page.click("#play")
    assert page.text("#play") == "Pause"
    page.driver.set_script_timeout(20)
    page.driver.execute_async_script("const done = arguments[0]; setTimeout(done, 900)")
    page.click("#play")
    assert moment(page) >= 2
    assert page.text("#play") == "Play"


def test_boxes_become_finer_and_coarser(page):
    cells = boxes(page)
    page.click("input[value=op]")
    operations = boxes(page)
    page.click("input[value=layer]")
    assert boxes(page) < cells < operations
    assert page.all("#graph .step") == []


def test_rolled_up_it_has_a_loop_and_the_sort_stops_there(page, tape):
    page.click("#rolled")
    assert page.find("#rolled").get_attribute("aria-pressed") == "true"
    assert {label.text for label in page.all("#graph .delay")} == {"delay 1"}
    page.click("#sort")
    rolled = fold(Merged(tape).nodes())
    order, cycle = topological_order(len(rolled.places), [(edge.source, edge.target) for edge in rolled.edges])
    assert f"stops after {len(order)} of {len(rolled.places)} nodes" in page.text("#sorted")
    assert [int(key[:-1]) for key in page.run("return [...tinygradSeq.view.sort.cycle]")] == cycle
    assert page.all("#graph .cycle")


def test_unrolled_the_sort_gets_through(page, tape):
    page.click("#sort")
    n = len(Merged(tape).nodes())
    assert page.text("#sorted").startswith(f"All {n} nodes in order")
    assert boxes(page) == len(page.all("#graph .sorted"))


def test_arrow_keys_go_from_box_to_box_and_say_what_is_there(page):
    page.run("document.querySelector('#graph .box[tabindex=\"0\"]').focus()")
    said = set()
    for key in (UP, RIGHT, RIGHT, LEFT, UP):
        page.driver.switch_to.active_element.send_keys(key)
        said.add(page.text("#said"))
    assert len(said) >= 4
    assert all("shape (" in text for text in said)
    label = page.driver.switch_to.active_element.get_attribute("aria-label")
    assert label == page.text("#said")
    assert len(page.all('#graph .box[tabindex="0"]')) == 1


def test_search_dims_what_does_not_match(page):
    page.click("input[value=op]")
    page.keys("#search", "tanh")
    assert page.text("#said").endswith("operations and leaves match.")
    assert {label.text for label in page.all("#graph .box:not(.dim) rect + text")} == {"tanh"}


def test_boxes_say_values_shapes_or_gradients(page):
    def choose(what):
        page.run(
            "const s = document.getElementById('show'); s.value = arguments[0]; s.dispatchEvent(new Event('change'))",
            what,
        )

    choose("shape")
    assert "1×6" in {number.text for number in page.all("#graph .number")}
    choose("value")
    assert moment(page) == page.run("return tinygradSeq.data.forward")


def test_zoom_and_whole(page):
    width = float(page.find("#graph").get_attribute("width"))
    page.click("#closer")
    assert float(page.find("#graph").get_attribute("width")) == pytest.approx(1.25 * width)
    page.click("#whole")
    assert float(page.find("#graph").get_attribute("width")) <= page.run(
        "return document.getElementById('frame').clientWidth"
    )


def test_credit_is_read_out_and_the_future_is_exactly_zero(page):
    page.keys("#credit", UP)
    page.keys("#credit", *[RIGHT] * len(TEXT))
    assert "exactly zero, a loss cannot depend on a later state" in page.text("#credited")


def test_both_axes_of_the_credit_matrix_have_numbers(page):
    for axis in ("rows", "columns"):
        assert [tick.text for tick in page.all(f"#{axis} span")] == ["0", "2", "4", "6", "8", "10"]
    square, ticks = (page.find(f"#{name}").rect for name in ("credit", "columns"))
    last = page.all("#columns span")[-1].rect
    assert ticks["x"] == pytest.approx(square["x"], abs=2)
    assert last["x"] + last["width"] / 2 == pytest.approx(square["x"] + square["width"] * 10.5 / 11, abs=3)


def test_a_truncation_cuts_edges_of_the_graph(page):
    page.click("#bptt button[aria-label^='k1=4, k2=4']")
    assert "t = 4, 8 are cut" in page.text("#said")
    assert len(page.all("#graph path.cut")) == 2 * 2 * 2  # h and c, two layers, two edges
    page.click("#bptt button[aria-label^='k1=11, k2=11']")
    assert "full BPTT" in page.text("#said")
    assert page.all("#graph path.cut") == []


def test_a_thousand_steps_are_folded_and_unfold_where_one_looks(chromium, tmp_path):
    W = tg.tensor(np.eye(2), requires_grad=True)
    with tg.record(gradients="parts") as tape:
        h = tg.zeros((1, 2), dtype="float64")
        for _ in scope.steps(range(1000)):
            h = tg.tanh(h @ W + 1.0)
        h.sum().backward()
    viz.page(tape).save(tmp_path / "long.html")
    chromium.open(tmp_path / "long.html")
    assert boxes(chromium) < 60
    assert "⋯" in {text.text for text in chromium.all("#graph .gap text")}
    chromium.run("document.querySelector('#graph .gap').focus()")
    chromium.driver.switch_to.active_element.send_keys(ENTER)
    steps = {text.text for text in chromium.all("#graph .step")}
    assert {"t=0", "t=999"} < steps
    assert "t=985" not in steps
    assert chromium.complaints() == []


def test_what_no_gradient_comes_back_to_says_so(chromium, tmp_path):
    w = tg.tensor(2.0, requires_grad=True)
    with tg.record(gradients="parts") as tape:
        y = w * tg.tanh(tg.tensor(1.0))
        y.backward()
    viz.page(tape).save(tmp_path / "left.html")
    chromium.open(tmp_path / "left.html")
    assert "no ∂" in {number.text for number in chromium.all("#graph .number")}
    labels = [box.get_attribute("aria-label") for box in chromium.all("#graph .box")]
    assert sum("the loss does not depend on it" in label for label in labels) == 1
    assert chromium.complaints() == []


def test_a_plain_expression_shows_numbers_in_its_nodes(chromium, tmp_path):
    w = tg.tensor(2.0, requires_grad=True)
    with tg.record(gradients="parts") as tape:
        ((3 * w) ** 2).backward()
    viz.page(tape).save(tmp_path / "plain.html")
    chromium.open(tmp_path / "plain.html")
    assert {number.text for number in chromium.all("#graph .number")} == {"3", "2 ∂ 36", "6 ∂ 12", "36 ∂ 1"}
    assert chromium.complaints() == []


def test_hostile_text_makes_no_element_and_runs_no_script(chromium, tmp_path):
    def tags(text):
        w = tg.tensor(2.0, requires_grad=True)
        w.node.name = text
        with tg.record(gradients="parts") as tape, scope.module(text):
            for _ in scope.steps(range(3)):
                y = w * 2.0
            y.backward()
        panels = viz.Panels({text: [[1.0]]}, {text: {text: [(0.0, 1.0)]}}, [viz.Window(1, 1, [1], 0.5)], text)
        viz.page(tape, title=text, reads=[text] * 3, panels=panels).save(tmp_path / "hostile.html")
        chromium.open(tmp_path / "hostile.html")
        assert chromium.complaints() == []
        return chromium.run("return [...document.querySelectorAll('*')].map((element) => element.tagName)")

    assert tags(HOSTILE) == tags("harmless")
    assert "IMG" not in tags(HOSTILE)


@pytest.mark.parametrize("width", [420, 900, 1400])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_any_width_by_day_and_by_night(page, width, scheme):
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    page.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    page.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    assert page.run("return document.documentElement.scrollWidth") <= width
    background = page.run("return getComputedStyle(document.body).backgroundColor")
    assert background == {"light": "rgb(255, 255, 255)", "dark": "rgb(20, 25, 31)"}[scheme]
    page.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
