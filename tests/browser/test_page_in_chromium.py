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
RECTANGLES = """
const box = (e) => { const r = e.getBoundingClientRect(); return [r.left, r.top, r.right, r.bottom]; };
const rectangles = (selector) => [...document.querySelectorAll(selector)].map(box);
"""
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
        off = np.abs(np.reshape(shown, g.shape) - g.numpy()).max()
        assert off <= 1e-5 * np.abs(g.numpy()).max(), name


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


@pytest.mark.parametrize("level", ["op", "cell", "layer"])
def test_rolled_up_every_loop_is_marked_beside_the_boxes(page, level):
    page.click("#rolled")
    page.click(f"input[value={level}]")
    loops, labels = page.run(RECTANGLES + "return [rectangles('#graph .delay'), rectangles('#graph .box rect')]")
    assert {label.text for label in page.all("#graph .delay")} == {"delay 1"}
    frame = page.run("const s = document.getElementById('graph').getBoundingClientRect(); return [s.left, s.right]")
    for left, top, right, bottom in loops:
        assert frame[0] < left < right < frame[1]
        assert not any(left < x1 and x0 < right and top < y1 and y0 < bottom for x0, y0, x1, y1 in labels)


@pytest.mark.parametrize("level", ["op", "cell", "layer"])
@pytest.mark.parametrize("rolled", [False, True], ids=["unrolled", "rolled up"])
def test_every_arrow_has_a_head_that_touches_the_box_it_leads_to(page, level, rolled):
    page.click(f"input[value={level}]")
    if rolled:
        page.click("#rolled")
    assert page.run("return getComputedStyle(document.querySelector('#head path')).fill") == "context-stroke"
    tips = page.run("""
        return [...document.querySelectorAll('#graph .links path')].map((path) => {
          const [n, before] = [path.getTotalLength(), path.getPointAtLength(path.getTotalLength() - 0.5)];
          const end = path.getPointAtLength(n);
          const tip = [end.x + 12 * (end.x - before.x), end.y + 12 * (end.y - before.y)];
          return [...tip, path.getAttribute('marker-end')];
        });""")
    boxes = page.run("""
        return [...document.querySelectorAll('#graph .box rect')].map((rect) => {
          const box = rect.getBBox();
          return [box.x, box.y, box.x + box.width, box.y + box.height];
        });""")
    assert tips
    for x, y, head in tips:
        assert head == "url(#head)"
        assert any(
            x0 - 0.5 <= x <= x1 + 0.5 and y0 - 0.5 <= y <= y1 + 0.5 and min(x - x0, x1 - x, y - y0, y1 - y) < 0.5
            for x0, y0, x1, y1 in boxes
        )


def test_over_a_strip_the_longer_arc_is_the_higher_and_none_is_cut_off(page):
    page.click("input[value=layer]")
    arcs = page.run("""
        return [...document.querySelectorAll('#graph .links path')].map((path) => path.getBBox())
          .filter((box) => box.height > 1).map((box) => [Math.round(box.width), box.height, box.y]);""")
    arcs = sorted({(width, round(height, 1), y) for width, height, y in arcs})
    widths, heights, tops = zip(*arcs, strict=True)
    assert len(set(widths)) >= 3
    assert list(heights) == sorted(heights)
    assert len(set(heights)) == len(set(widths))
    assert min(tops) >= 0


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
    assert {box.get_attribute("role") for box in page.all("#graph .box")} == {"img"}


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


def test_whole_stays_whole_when_there_is_something_else_to_see(page):
    page.click("#whole")
    shapes = set()
    for button in ("input[value=op]", "#rolled", "input[value=layer]", "input[value=cell]", "#rolled"):
        page.click(button)
        svg, frame = (page.find(f"#{name}").rect for name in ("graph", "frame"))
        assert svg["width"] <= frame["width"]
        assert svg["height"] <= 0.78 * page.run("return innerHeight")
        assert svg["width"] > frame["width"] - 40 or svg["height"] > 0.7 * page.run("return innerHeight")
        shapes.add((svg["width"], svg["height"]))
    assert len(shapes) == 5
    page.click("#farther")
    width = page.find("#graph").rect["width"]
    page.click("#rolled")
    page.click("#rolled")
    assert page.find("#graph").rect["width"] == width


def test_the_mouse_drags_the_graph_and_with_ctrl_its_wheel_zooms(page):
    from selenium.webdriver import ActionChains
    from selenium.webdriver.common.actions.wheel_input import ScrollOrigin

    page.click("input[value=op]")
    frame = page.find("#frame")
    page.run("document.getElementById('frame').scrollLeft = 300")
    ActionChains(page.driver, 0).move_to_element(frame).click_and_hold().move_by_offset(-100, 0).release().perform()
    assert page.run("return document.getElementById('frame').scrollLeft") == 400
    ActionChains(page.driver, 0).move_by_offset(50, 0).perform()  # let go, it stays
    assert page.run("return document.getElementById('frame').scrollLeft") == 400
    width = page.find("#graph").rect["width"]
    wheel = ActionChains(page.driver, 0).key_down("\ue009")
    wheel.scroll_from_origin(ScrollOrigin.from_element(frame), 0, -300).key_up("\ue009").perform()
    assert page.wait_for(f"return document.getElementById('graph').getBoundingClientRect().width > {2 * width}")
    assert page.run("return [devicePixelRatio, scrollY]") == [1, 0]  # the page itself stays


@pytest.mark.parametrize("level", ["op", "cell", "layer"])
def test_after_a_switch_the_loop_is_in_sight_and_then_the_step_where_one_was(page, level):
    size = {"width": 420, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    page.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    page.click(f"input[value={level}]")
    page.click("#turn")
    page.keys("#moment", LEFT, LEFT, LEFT, LEFT, LEFT)
    in_frame = (
        RECTANGLES
        + """
        const [[left, , right]] = rectangles('#frame');
        return rectangles(arguments[0]).some(([x0, , x1]) => left <= x0 && x1 <= right);"""
    )
    page.click("#rolled")
    assert page.run(in_frame, "#graph .delay")
    page.click("#rolled")
    assert level == "layer" or page.run(in_frame, "#graph .now rect")
    page.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


@pytest.mark.parametrize("zooms", [0, 2])
def test_names_stay_in_sight_when_one_scrolls(page, zooms):
    for _ in range(zooms):
        page.click("#closer")
    page.run("document.getElementById('frame').scrollLeft = 500; scrollTo(0, 150)")
    page.run("document.getElementById('frame').dispatchEvent(new Event('scroll'))")
    bars = [text.text for text in page.all("#graph .bar text")]
    assert len(bars) >= 16
    names = [text.text for text in page.all("#graph .names text")]
    assert {"rnn.l0", "rnn.l1", "reads"} <= set(names)
    page.run("document.getElementById('frame').style.maxHeight = 'none'")
    left, right = page.run(
        "const f = document.getElementById('frame').getBoundingClientRect(); return [f.left, f.right]"
    )
    for x0, _, x1, _ in page.run(RECTANGLES + "return rectangles('#graph .bar text, #graph .names text')"):
        assert left <= x0 < x1 <= right


def test_the_controls_stay_in_sight(page):
    page.run("document.getElementById('parameters').scrollIntoView()")
    assert page.run("return scrollY") > 300
    moment, parameters = (
        page.run(RECTANGLES + f"return rectangles('#{name}')[0]") for name in ("player", "parameters")
    )
    assert moment[1] == 0
    assert moment[3] <= parameters[1]


def test_the_bar_of_a_parameter_grows_with_its_gradient(page):
    i = page.run("return tinygradSeq.data.places.findIndex((place) => place.name === 'weight_hh_l0')")
    frames = page.run(f"return tinygradSeq.data.parameters.find((own) => own.place === {i}).frames")
    for moment, norm in frames[:3]:
        page.run(
            f"const m = document.getElementById('moment'); m.value = {moment}; m.dispatchEvent(new Event('input'))"
        )
        (bar,) = [bar for bar in page.all("#graph .bar") if bar.text.startswith("weight_hh_l0")]
        assert float(bar.text.split()[-1]) == pytest.approx(norm, rel=0.06)


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


BEFORE = {"cells": [], "rolled up": ["#rolled"], "layers": ["input[value=layer]"], "far away": ["#closer"] * 5}


@pytest.mark.parametrize("before", BEFORE.values(), ids=BEFORE)
def test_one_sees_the_graph_with_the_edges_that_a_truncation_cuts(page, before):
    for button in before:
        page.click(button)
    page.run("document.getElementById('bptt').scrollIntoView(); document.getElementById('frame').scrollLeft = 0")
    page.click("#bptt button[aria-label^='k1=4, k2=4']")
    seen = page.run(
        RECTANGLES + "return [...rectangles('#player'), ...rectangles('#frame'), ...rectangles('#graph .cut')]"
    )
    player, frame, *cuts = seen
    assert 0 <= player[1] < player[3] <= frame[1] < page.run("return innerHeight / 2")
    assert any(frame[0] + 100 < x0 < x1 < frame[2] and frame[1] < y0 <= y1 < frame[3] for x0, y0, x1, y1 in cuts)


@pytest.mark.parametrize("level", ["op", "cell"])
def test_on_paper_are_as_many_columns_as_one_can_read_and_then_all_again(page, level):
    page.click(f"input[value={level}]")
    page.click("#closer")
    page.run("document.getElementById('frame').scrollLeft = 200")
    look = """
        const [svg, frame] = [document.getElementById('graph'), document.getElementById('frame')];
        const steps = [...svg.querySelectorAll('.step')].map((step) => step.textContent);
        return {steps, width: svg.viewBox.baseVal.width, shown: svg.getAttribute('width'), left: frame.scrollLeft};"""
    before = page.run(look)
    page.run("addEventListener('beforeprint', () => { window.printed = (() => {" + look + "})(); })")
    page.driver.execute_cdp_cmd("Page.printToPDF", {})
    printed = page.run("return window.printed")
    assert page.run(look) == before
    assert len(before["steps"]) == len(TEXT) - 1
    assert 3 <= len(printed["steps"]) < len(before["steps"])
    assert {"t=0", f"t={len(TEXT) - 2}"} < set(printed["steps"])
    assert float(printed["shown"]) == printed["width"] < 1250  # on 720 px of paper 12 px are 7 at least


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
        w.name = text
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
    legend = page.run(RECTANGLES + "return rectangles('.legend span')")
    assert all(0 < x1 <= width for _, _, x1, _ in legend) if width < 640 else not any(x1 for *_, x1, _ in legend)
    background = page.run("return getComputedStyle(document.body).backgroundColor")
    furthest = page.run("""
        const paper = getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number);
        return Math.max(...[...document.querySelectorAll('#parameters canvas')].map((canvas) => {
          const {data} = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
          return data.reduce((most, x, i) => (i % 4 < 3 ? Math.max(most, Math.abs(x - paper[i % 4])) : most), 0);
        }));""")
    assert furthest > 200  # of 255, in a map of a weight
    assert background == {"light": "rgb(255, 255, 255)", "dark": "rgb(20, 25, 31)"}[scheme]
    page.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
