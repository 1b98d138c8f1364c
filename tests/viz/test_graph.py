"""Graphs of records, tensors and calls: what is drawn is what was recorded, the same bytes for the same program."""

from __future__ import annotations

import json
import re
from collections import Counter
from itertools import pairwise
from pathlib import Path
from shutil import which
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygrad_seq as tg
from tinygrad_seq import FusedOp, models, nn, scope, viz
from tinygrad_seq.backend import get_backend
from tinygrad_seq.data import CharVocab
from tinygrad_seq.errors import ConfigError, GradientError, GraphFreedError, RenderError
from tinygrad_seq.viz import render
from tinygrad_seq.viz.grid import short
from tinygrad_seq.viz.layered import depths
from tinygrad_seq.viz.outline import outline
from tinygrad_seq.viz.palette import blend

GOLDEN = Path(__file__).parent / "golden"
needs_dot = pytest.mark.skipif(which("dot") is None, reason="the dot command is not here")


class Own(nn.Module):
    """A cell of one's own, in plain operations: h_t = tanh(x_t W_xh + h_prev W_hh)."""

    def __init__(self):
        self.W_xh = nn.Parameter(np.linspace(-1, 1, 6).reshape(2, 3))
        self.W_hh = nn.Parameter(np.linspace(-0.5, 0.5, 9).reshape(3, 3))

    def forward(self, xs, h):
        for x_t in scope.steps(xs):
            h = tg.tanh(x_t @ self.W_xh + h @ self.W_hh)
        return h


def squared(x):
    return (x**2).sum()


def own(T=5):
    model = Own()
    xs, h = tg.tensor(np.linspace(-1, 1, 2 * T).reshape(T, 1, 2)), tg.zeros((1, 3), dtype="float64")
    return lambda: squared(model(xs, h))


def plain():
    a, b = (tg.tensor(x, requires_grad=True) for x in (2.0, -3.0))
    return lambda: tg.tanh(a * b + 5.0) ** 2


def two_layers():
    rnn = nn.RNN(2, 3, num_layers=2, path="cell", dtype="float64")
    return lambda: squared(rnn(np.ones((4, 1, 2))).output)


def second():
    x = tg.tensor(3.0, requires_grad=True)
    return tg.grad(x**3, x, create_graph=True)


def test_the_layers_of_a_step_stand_one_above_the_other():
    net = tg.nn.LSTM(2, 3, num_layers=2)
    dot = viz.graph(lambda: net(tg.zeros((3, 1, 2))).output, collapse="cell", expand=True).dot
    first, second = (re.findall(rf'(\d+) \[label="?{layer}\\n', dot) for layer in ("l0", "l1"))
    assert len(first) == len(second) == 3
    for below, above in zip(first, second, strict=True):
        assert f"{below} -> {above} [style=invis]" in dot


@needs_dot
def test_layers_stand_above_each_other_operation_by_operation_too():
    net = tg.nn.GRU(2, 3, num_layers=2)
    graph = viz.graph(lambda: net(tg.zeros((2, 1, 2))).output, expand=True)
    heights = {0: [], 1: []}
    for line in render.render(graph.dot, "plain").decode().splitlines()[:-1]:
        kind, number, *rest = line.split()
        box = next((b for b in graph.outline.boxes if kind == "node" and str(b.number) == number), None)
        if box is not None and box.t == 1 and box.operations and not box.folded:
            heights[int(box.entry.path[-1])].append(float(rest[1]))
    assert max(heights[0]) < min(heights[1])


def test_the_results_of_a_kernel_go_by_their_names():
    net = tg.nn.LSTM(2, 3)
    names = [box.entry.name for box in viz.graph(lambda: net(tg.zeros((2, 1, 2)))).outline.boxes]
    assert [name for name in names if name in ("output", "h", "c")] == ["output", "h", "c"]
    graph = viz.graph(net(tg.zeros((2, 1, 2))).output)
    assert "LSTMSequence[" not in graph.dot
    assert "label=output" in graph.dot or 'label="output' in graph.dot


EXAMPLES = {
    "plain": lambda: viz.graph(plain(), show="value"),
    "own": lambda: viz.graph(own(3), show="grad"),
    "own-folded": lambda: viz.graph(own(100), show="grad", steps=4),
    "own-cells": lambda: viz.graph(own(), collapse="cell", show="grad"),
    "own-layer": lambda: viz.graph(own(), collapse="layer", show="grad"),
    "own-shapes": lambda: viz.graph(own(2)),
    "second-derivative": lambda: viz.graph(second()),
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_same_program_gives_the_same_bytes(name):
    """Draw it again after a change that is meant: (GOLDEN / name).write_text(EXAMPLES[...]().dot), and look at it."""
    assert EXAMPLES[name]().dot == (GOLDEN / f"{name}.dot").read_text("utf-8")


def drawn(graph):
    """The nodes and edges of a DOT text that can be seen."""
    lines = [line.strip() for line in graph.dot.splitlines() if "style=invis" not in line]
    nodes = [line.split()[0] for line in lines if re.match(r"\d+ \[", line)]
    edges = [tuple(line.split()[:3:2]) for line in lines if re.match(r"\d+ -> \d+", line)]
    return nodes, edges


@pytest.mark.parametrize("program", [plain(), own(), two_layers()], ids=["plain", "own", "two layers"])
def test_every_node_and_every_edge_of_the_record_is_drawn_once(program):
    with tg.record() as tape:
        program().backward()
    nodes, edges = drawn(viz.graph(tape))
    assert sorted(map(int, nodes)) == [entry.id for entry in tape.nodes]
    assert Counter(edges) == Counter(
        (str(i), str(entry.id)) for entry in tape.nodes for i in entry.inputs if i is not None
    )


@pytest.mark.parametrize("steps", [1, 2, 3, 5, 98])
def test_folding_leaves_so_many_steps_and_a_box_for_the_others(steps):
    whole, folded = (viz.graph(own(100), steps=n) for n in (None, steps))
    per_step = 5  # x[t], two products, a sum, tanh
    others = len(drawn(whole)[0]) - 100 * per_step
    left = 100 - steps
    assert len(drawn(folded)[0]) == others + steps * per_step + 1
    assert f"… {left} steps …" in folded.dot
    first, last = (steps + 1) // 2, 100 - steps // 2 - 1
    assert f't = {first} … {last}"' in folded.dot
    assert len(re.findall(r'label="t = \d+"', folded.dot)) == steps


def test_steps_that_fit_are_not_folded():
    assert viz.graph(own(5), steps=5).dot == viz.graph(own(5), steps=4).dot == viz.graph(own(5)).dot


def test_a_cell_is_one_box_a_step_and_reads_the_shared_weights_itself():
    graph = viz.graph(own(5), collapse="cell")
    cells = [box for box in graph.outline.boxes if box.t is not None and len(box.operations) > 1]
    assert [box.t for box in cells] == list(range(5))
    weights = [box.number for box in graph.outline.boxes if box.entry.kind == "parameter"]
    links = {(link.source, link.target) for link in graph.outline.links}
    assert {(w, cell.number) for w in weights for cell in cells} <= links
    assert all((a.number, b.number) in links for a, b in pairwise(cells))


def test_no_link_of_cells_leads_back_in_time_and_none_forms_a_circle():
    graph = viz.graph(two_layers(), collapse="cell")
    t = {box.number: box.t for box in graph.outline.boxes}
    last = {box.number: box.entry.id for box in graph.outline.boxes}
    for link in graph.outline.links:
        assert last[link.source] < last[link.target]
        before, after = t[link.source], t[link.target]
        assert before is None or after is None or before <= after


def test_a_layer_is_one_box_that_reads_itself_at_the_next_step():
    graph = viz.graph(own(5), collapse="layer")
    (cell,) = [box for box in graph.outline.boxes if len(box.operations) > 5]
    (loop,) = [link for link in graph.outline.links if link.source == link.target]
    assert loop.source == cell.number
    assert loop.later
    assert "next step" in graph.dot


def test_parameters_stand_once_below_the_steps_and_each_step_is_a_cluster():
    dot = viz.graph(own(3)).dot
    assert len(re.findall(r'label="W_hh', dot)) == 1
    axis = dot[dot.index("subgraph axis") :]
    assert "W_hh" in axis[: axis.index("}")]
    assert len(re.findall(r'label="t = \d"', dot)) == 3


def steps_of(graph):
    """From where to where each step reaches, the middles of boxes by number, and the picture's width, in points."""
    drawn = json.loads(render.render(graph.dot, "json"))
    clusters = [one for one in drawn["objects"] if one.get("label", "").startswith("t = ")]
    steps = sorted(tuple(float(x) for x in one["bb"].split(",")[::2]) for one in clusters)
    middles = {one["name"]: tuple(map(float, one["pos"].split(","))) for one in drawn["objects"] if "pos" in one}
    return steps, middles, float(drawn["bb"].split(",")[2])


def language_model(layers=1):
    model = models.CharLM(CharVocab.from_text("if x: return"), 4, layers, cell="lstm")
    ids = model.vocab.encode("if x: return")
    return lambda: tg.functional.cross_entropy(model(ids[None, :-1])[0][:, -1], ids[-1:])


@needs_dot
@pytest.mark.parametrize("collapse", ["op", "cell"])
@pytest.mark.parametrize("show", ["shape", "value", "grad"])
@pytest.mark.parametrize("layers", [1, 2])
def test_all_steps_are_as_wide_as_each_other_and_as_far_apart(collapse, show, layers):
    steps, _, _ = steps_of(viz.graph(language_model(layers), expand=True, collapse=collapse, show=show))
    assert len(steps) == 11
    assert len({round(right - left) for left, right in steps}) == 1
    gaps = [right[0] - left[1] for left, right in pairwise(steps)]
    assert min(gaps) > 0
    assert max(gaps) < 50  # as they were, hundreds: as wide as two steps


@needs_dot
def test_numbers_of_any_length_leave_the_steps_alike_and_the_loss_stands_beside_the_last():
    graph = viz.graph(own(30), show="grad")  # from 1.7 to 2.4e-19
    steps, middles, width = steps_of(graph)
    assert len({round(right - left) for left, right in steps}) == 1
    after = [middles[str(box.number)][0] for box in graph.outline.boxes if box.t is None and box.operations]
    assert steps[-1][1] < min(after)
    assert max(after) < steps[-1][1] + 100
    assert width < max(after) + 100
    lowest = min(middles[str(box.number)][1] for box in graph.outline.boxes if box.t == 9)
    shared = max(middles[str(box.number)][1] for box in graph.outline.boxes if box.entry.kind == "parameter")
    assert lowest - shared > 60  # room for the lines from what is shared


@pytest.mark.parametrize("collapse", ["op", "cell"])
def test_what_a_state_begins_as_stands_before_the_steps_and_what_a_step_reads_inside(collapse):
    W, xs = tg.tensor(np.eye(3), requires_grad=True), np.ones((3, 1, 3))

    def program():
        h = tg.zeros((1, 3), dtype="float64")
        for x_t in scope.steps(list(xs)):
            h = tg.tanh(tg.tensor(x_t) + h @ W)
        return h.sum()

    dot = viz.graph(program, collapse=collapse).dot
    before, *steps = re.split(r'label="t = \d"', dot[dot.index("subgraph axis") :])
    inputs = [part.count("label=input") + part.count(r'label="input\n') for part in (before, *steps)]
    assert inputs == [1, 1, 1, 1]


def test_what_is_folded_has_the_colour_and_the_number_of_its_gradient():
    graph = viz.graph(own(100), show="grad", steps=4)
    (folded,) = [box for box in graph.outline.boxes if box.folded]
    look = re.search(rf"^\s*{folded.number} \[(.*)\]$", graph.dot, re.MULTILINE)[1]
    assert f'\\n{short(folded.gradient)}"' in look
    assert f'fillcolor="{blend(graph.outline.scale.heat(folded.gradient))}"' in look
    assert "… 96 steps …" in viz.graph(own(100), steps=4).dot


def test_modules_are_clusters_in_the_cluster_of_a_step():
    dot = viz.graph(two_layers()).dot
    step = dot[dot.index('label="t = 2"') :]
    step = step[: step.index('label="t = 3"')]
    assert ["label=RNN" in dot, "label=l0" in step, "label=l1" in step] == [True] * 3


def test_the_gradients_on_the_picture_are_those_of_finite_differences():
    model = Own()
    xs = tg.tensor(np.random.default_rng(0).normal(size=(4, 1, 2)))
    h0 = tg.zeros((1, 3), dtype="float64")
    graph = viz.graph(lambda: squared(model(xs, h0)), collapse="cell", show="grad")

    def after(t, h):
        """The loss if step t had given h."""
        return squared(model(xs[t + 1 :], tg.tensor(h))).item()

    h = h0
    for t in range(3):
        h = model(xs[t : t + 1], h).detach()
        slopes = [(after(t, h.numpy() + 1e-6 * e) - after(t, h.numpy() - 1e-6 * e)) / 2e-6 for e in np.eye(3)[:, None]]
        length = np.linalg.norm(slopes)
        (box,) = [box for box in graph.outline.boxes if box.t == t and len(box.operations) > 1]
        assert box.gradient == pytest.approx(length, rel=1e-6)
        (link,) = [k for k in graph.outline.links if k.source == box.number]
        assert link.gradient == pytest.approx(length, rel=1e-6)


def test_a_call_leaves_grad_as_it_is_and_works_without_gradients():
    w = tg.tensor(2.0, requires_grad=True)
    viz.graph(lambda: w * w, show="grad")
    assert w.grad is None
    with tg.no_grad():
        viz.graph(lambda: w * w, show="grad")
    assert len(viz.graph(lambda: tg.ones(2) * tg.ones(2), show="value").outline.boxes) == 3


def test_numbers_stand_in_the_nodes_of_a_plain_expression():
    dot = viz.graph(plain(), show="value").dot
    assert r'label="+\n-1\ngrad -0.6397"' in dot
    assert r"label=5 " in dot


def test_what_cannot_be_drawn_says_why():
    w = tg.tensor(2.0, requires_grad=True)
    loss = w * w
    with pytest.raises(ConfigError, match=r"collapse='cells': expected one of op, cell, layer"):
        viz.graph(loss, collapse="cells")
    with pytest.raises(ConfigError, match=r"show='grads': expected one of"):
        viz.graph(loss, show="grads")
    with pytest.raises(ConfigError, match=r"steps=0: a whole number"):
        viz.graph(loss, steps=0)
    with pytest.raises(ConfigError, match=r"steps=3 and collapse=\"layer\""):
        viz.graph(loss, steps=3, collapse="layer")
    with pytest.raises(ConfigError, match=r"show=\"value\": this graph has none.*\n.*tg.record\(\)"):
        viz.graph(loss, show="value")
    with pytest.raises(ConfigError, match=r"expand=True is for a function"):
        viz.graph(loss, expand=True)
    with pytest.raises(ConfigError, match=r"got list"):
        viz.graph([loss])
    with pytest.raises(GradientError, match="on no graph"):
        viz.graph(loss.detach())
    loss.backward()
    with pytest.raises(GraphFreedError, match=r"tg.record\(\)"):
        viz.graph(loss)


# Fused operations


class Doubled(FusedOp):
    """y = x + x"""

    @staticmethod
    def reference(x):
        return (x + x,)


class DoubledKernel:
    def forward(self, x, *, training):
        return (x + x,), {"seen": x} if training else {}

    def backward(self, dys, arrays, outputs, buffers, wanted):
        return [2 * dys[0]]


def test_a_fused_operation_is_one_box_or_its_reference(monkeypatch):
    numpy = get_backend("numpy")
    monkeypatch.setattr(numpy, "kernels", {**numpy.kernels, "Doubled": DoubledKernel()})
    x = tg.tensor([1.0, 2.0], requires_grad=True)

    def program():
        with scope.module("net"):
            (y,) = Doubled.apply(x)
        return y.sum()

    folded, expanded = viz.graph(program), viz.graph(program, expand=True)
    assert [box.entry.op for box in folded.outline.boxes] == ["", "Doubled", "Doubled", "sum"]
    assert [box.entry.op for box in expanded.outline.boxes] == ["", "add", "sum"]
    gradients = [graph.outline.boxes[0].gradient for graph in (folded, expanded)]
    assert gradients[0] == gradients[1] == pytest.approx(np.sqrt(8))


# Labels


HOSTILE = [
    'a"b',
    "a\\",
    "\\N",
    "\\G\\l\\r",
    "<b>bold</b>",
    "<script>alert(1)</script>",
    "&lt;&#0;&amp;",
    "a\nb\r\t",
    "\0\x07\x1b\x7f\x85",
    "\ud800\ufffe",
    "javascript:alert(1)",
    "}; digraph evil {",
    "",
    "أ😀\u202e",
    "x" * 5000,
]


def named(name):
    with tg.record() as tape, scope.module(name or "module"):
        x = tg.tensor(1.0, requires_grad=True)
        x.name = name
        tg.ops.carry(x, name=name)
    return viz.graph(tape)


@needs_dot
@pytest.mark.parametrize("way", [render.by_command, render.by_library])
@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_names_are_text_and_the_svg_is_well_formed(name, way):
    if way is render.by_library:
        pytest.importorskip("pygraphviz")
    svg = ET.fromstring(way(named(name).dot, "svg"))  # noqa: S314  our own
    tags = Counter(element.tag.rpartition("}")[2] for element in svg.iter())
    assert set(tags) <= {"svg", "g", "title", "path", "text", "polygon", "ellipse", "polyline"}
    texts = [element.text for element in svg.iter() if element.tag.endswith("text")]
    if name:
        shown = viz.text.visible(name).replace("\xa0", " ")
        assert sum((text or "").replace("\xa0", " ") == shown for text in texts) >= 2, texts


@settings(max_examples=25)
@given(st.text(st.characters(), max_size=6))
def test_any_name_gives_a_label_that_dot_reads(name):
    if which("dot") is None:
        pytest.skip("the dot command is not here")
    ET.fromstring(render.by_command(named(name).dot, "svg"))  # noqa: S314  our own


def test_no_text_of_a_user_becomes_a_link():
    for name in HOSTILE:
        assert not re.search(r"\b(URL|href|tooltip|target)=", named(name).dot.replace(name, ""))


# Files and notebooks


@needs_dot
@pytest.mark.parametrize("name", ["plain", "with space", "semi;colon", "-Tpng", "$(touch x)", "quote'\"", "ünï"])
@pytest.mark.parametrize("suffix", [".svg", ".png", ".pdf", ".dot", ".gv"])
def test_any_file_name_works_and_the_dot_text_lies_beside(name, suffix, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    graph = viz.graph(plain())
    assert graph.save(name + suffix) == Path(name + suffix)
    magic = {".svg": b"<?xml", ".png": b"\x89PNG", ".pdf": b"%PDF", ".dot": b"digraph", ".gv": b"digraph"}
    assert (tmp_path / (name + suffix)).read_bytes().startswith(magic[suffix])
    text = tmp_path / (name + (suffix if suffix == ".gv" else ".dot"))
    assert text.read_text("utf-8") == graph.dot
    assert len(list(tmp_path.iterdir())) == (1 if suffix in {".dot", ".gv"} else 2)


def test_another_ending_is_refused_before_anything_is_written(tmp_path):
    with pytest.raises(ConfigError, match=r"graph.jpg: a graph is written as .svg, .png, .pdf, .dot, .gv"):
        viz.graph(plain()).save(tmp_path / "graph.jpg")
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def no_dot(monkeypatch):
    monkeypatch.setattr(render, "which", lambda name: None)


@pytest.fixture
def no_graphviz(no_dot, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pygraphviz", None)


def test_without_the_command_pygraphviz_draws(no_dot):
    pytest.importorskip("pygraphviz")
    assert render.render(viz.graph(plain()).dot, "png").startswith(b"\x89PNG")
    assert "Drawn without Graphviz" not in viz.graph(plain()).svg()


@pytest.mark.parametrize("program", [plain(), own(), two_layers()], ids=["plain", "own", "two layers"])
@pytest.mark.parametrize("collapse", ["op", "cell", "layer"])
def test_with_neither_our_own_drawing_stands_in_and_says_so(no_graphviz, program, collapse, read_svg):
    graph = viz.graph(program, collapse=collapse, show="grad")
    svg = read_svg(graph.svg())
    (note,) = [text for text in svg.texts() if text.startswith("Drawn without Graphviz")]
    for way in ('pip install "tinygrad_seq[viz]"', "apt install graphviz", "brew install", "choco install"):
        assert way in note
    scaled = len([rect for rect in svg.all("rect") if rect.get("fill-opacity")])
    assert len(svg.all("rect")) - scaled == len(graph.outline.boxes)
    assert len(svg.all("line")) == len(graph.outline.links)


@pytest.mark.parametrize("program", [own(), two_layers()], ids=["own", "two layers"])
@pytest.mark.parametrize("collapse", ["op", "cell"])
def test_our_own_drawing_has_the_steps_from_left_to_right(program, collapse):
    drawn = viz.graph(program, collapse=collapse).outline
    boxes = drawn.boxes
    columns = {box.number: column for box, column in zip(boxes, depths(drawn), strict=True)}
    steps = {t: [columns[box.number] for box in boxes if box.t == t] for t in {box.t for box in boxes} - {None}}
    assert len(steps) > 2
    for now, later in pairwise(sorted(steps)):
        assert max(steps[now]) < min(steps[later])


@pytest.mark.parametrize("suffix", [".png", ".pdf"])
def test_png_and_pdf_without_graphviz_say_how_to_get_it_and_leave_the_dot_text(no_graphviz, suffix, tmp_path):
    with pytest.raises(RenderError, match=r"(?s)needs Graphviz.*tinygrad_seq\[viz\].*apt install.*brew.*choco"):
        viz.graph(plain()).save(tmp_path / f"graph{suffix}")
    assert [path.name for path in tmp_path.iterdir()] == ["graph.dot"]


def test_a_notebook_never_sees_an_error(no_graphviz, monkeypatch):
    graph = viz.graph(plain())
    assert set(graph._repr_mimebundle_()) == {"image/svg+xml", "text/plain"}
    assert graph._repr_svg_().startswith("<svg")
    monkeypatch.setattr(viz.Graph, "svg", lambda self: 1 / 0)
    assert "cannot be drawn here: division by zero" in graph._repr_mimebundle_()["text/plain"]
    assert graph._repr_svg_() is None


@pytest.mark.parametrize("suffix", [".svg", ".png"])
def test_before_dot_takes_minutes_one_line_says_how_to_fold(suffix, tmp_path, monkeypatch):
    monkeypatch.setattr(render, "by_command", lambda *asked: b"<svg/>")
    large, folded = viz.graph(own(1200)), viz.graph(own(1200), steps=8)
    said = r"^dot takes minutes for 6,006 nodes: fold the middle, graph\(..., steps=8\), or draw collapse=\"cell\"\.$"
    with pytest.warns(UserWarning, match=said):
        large.save(tmp_path / f"large{suffix}")
    assert (tmp_path / f"large{suffix}").exists()
    folded.save(tmp_path / f"folded{suffix}")  # warnings are errors here
    assert list(large._repr_mimebundle_()) == ["text/plain"]
    assert "6,006 nodes: fold the middle" in large._repr_mimebundle_()["text/plain"]
    assert "image/svg+xml" in folded._repr_mimebundle_()


@needs_dot
def test_what_graphviz_says_when_it_fails_is_passed_on():
    with pytest.raises(RenderError, match=r"Graphviz failed:(?s:.*)syntax error"):
        render.render("digraph {", "svg")


def test_hostile_text_in_our_own_drawing_is_text_too(no_graphviz, read_svg):
    assert len({tuple(read_svg(named(name).svg()).tags) for name in HOSTILE if name}) == 1


def test_an_outline_of_nothing_is_drawn_too(no_graphviz, read_svg):
    with tg.record() as tape:
        pass
    assert read_svg(viz.graph(tape).svg()).all("rect") == []
    assert outline(tape).scale is None
