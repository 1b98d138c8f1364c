"""The chart of a loss: every point in its place, every line named, no label over another."""

from __future__ import annotations

from itertools import pairwise
from math import inf, nan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygrad_seq.viz import Line, chart
from tinygrad_seq.viz.chart import ticks

CURVE = [(0, 4.0), (100, 3.0), (200, 2.0)]


def drawn(read_svg, *points, levels=None):
    lines = [Line(f"line {i}", own, "var(--hot)", 2.0) for i, own in enumerate(points)]
    return read_svg(chart(lines, levels or {}, "steps", "nats", "A chart").svg)


def points_of(line):
    return [tuple(map(float, pair.split(","))) for pair in line.get("points").split()]


def end_labels(svg):
    """Text and height of the names at the right ends of the lines."""
    return [(text.text, float(text.get("y"))) for text in svg.all("text") if "fill" in text.get("style", "")]


def axis(svg, anchor):
    """The numbers along an axis, and where they stand."""
    texts = [text for text in svg.all("text") if text.get("text-anchor") == anchor and text.get("font-size")]
    return {text.text: float(text.get("x" if anchor == "middle" else "y")) for text in texts}


def test_points_stand_where_the_axes_say(read_svg):
    svg = drawn(read_svg, CURVE)
    (line,) = svg.all("polyline")
    xs, ys = axis(svg, "middle"), axis(svg, "end")
    assert list(xs) == ["0", "50", "100", "150", "200"]
    assert list(ys) == ["2", "2.5", "3", "3.5", "4"]
    for (x, y), number in zip(points_of(line), ["0", "100", "200"], strict=True):
        assert x == pytest.approx(xs[number], abs=0.1)
        assert y == pytest.approx(ys[{"0": "4", "100": "3", "200": "2"}[number]] - 4, abs=0.1)  # the text hangs lower


def test_each_line_ends_in_its_name_and_its_last_value(read_svg):
    svg = drawn(read_svg, CURVE, [(0, 4), (150, 3.456)], levels={"bigram": 2.471})
    assert sorted(text for text, _ in end_labels(svg)) == ["bigram 2.47", "line 0 2.00", "line 1 3.46"]
    assert len(svg.all("circle")) == 2


def test_a_dashed_line_is_dashed_and_no_other_is(read_svg):
    lines = [Line("one", CURVE, "var(--soft)"), Line("two", CURVE, "var(--soft)", dashed=True)]
    solid, dashed = read_svg(chart(lines, {}, "steps", "nats", "A chart").svg).all("polyline")
    assert (solid.get("stroke-dasharray"), dashed.get("stroke-dasharray")) == (None, "5 4")


def test_one_point_is_a_dot(read_svg):
    svg = drawn(read_svg, [(1, 3.5)])
    assert len(svg.all("circle")) == 1
    assert [text for text, _ in end_labels(svg)] == ["line 0 3.50"]


@pytest.mark.parametrize("points", [[], [(0, nan)], [(nan, 1.0)]])
def test_a_line_without_a_point_is_not_drawn(points, read_svg):
    svg = drawn(read_svg, points)
    assert not svg.all("polyline")
    assert end_labels(svg) == []
    assert len(drawn(read_svg, points, CURVE).all("polyline")) == 1


def test_points_that_are_not_finite_are_left_out(read_svg):
    svg = drawn(read_svg, [(0, 4.0), (50, nan), (100, inf), (150, -inf), (200, 2.0)], levels={"nothing": nan})
    (line,) = svg.all("polyline")
    assert len(points_of(line)) == 2
    assert "nan" not in svg.root.get("viewBox")
    assert not any("nan" in value or "inf" in value for element in svg.elements for value in element.attrib.values())


def test_equal_values_are_a_level_line_inside_the_chart(read_svg):
    svg = drawn(read_svg, [(0, 2.0), (10, 2.0)])
    height = float(svg.root.get("height"))
    assert all(0 < y < height for _, y in points_of(svg.all("polyline")[0]))


@given(
    st.lists(st.lists(st.tuples(st.floats(0, 1e6), st.floats(-1e6, 1e6)), min_size=1, max_size=5), max_size=3),
    st.dictionaries(st.sampled_from(["unigram", "bigram", "trigram", "uniform"]), st.floats(-1e6, 1e6)),
)
def test_all_stays_inside_and_no_label_covers_another(read_svg, lines, levels):
    svg = drawn(read_svg, *lines, levels=levels)
    height, width = float(svg.root.get("height")), float(svg.root.get("width"))
    labels = sorted(y for _, y in end_labels(svg))
    assert len(labels) == len(lines) + len(levels)
    assert all(b - a >= 14.98 for a, b in pairwise(labels))
    assert all(10 < y < height for y in labels)
    for line in svg.all("polyline"):
        assert all(0 <= x <= width and 0 <= y <= height for x, y in points_of(line))


@given(st.floats(-1000, 1000), st.floats(1e-3, 1e9))
def test_ticks_are_round_numbers_around_the_values(low, span):
    high = low + span
    found = ticks(low, high)
    assert 2 <= len(found) <= 9
    steps = np.diff(found)
    np.testing.assert_allclose(steps, steps[0], rtol=1e-3)
    assert found[0] <= low + 1e-9 * abs(low)
    assert found[-1] >= high - 1e-9 * abs(high)
    assert f"{steps[0]:.3e}"[:5] in {"1.000", "2.000", "5.000"}


def test_hostile_names_stay_text(read_svg):
    line = Line("</svg><script>\0", CURVE, "var(--hot)")
    svg = read_svg(chart([line], {'"><b>': 3.0}, "<i>", "&", "<title>").svg)
    assert set(svg.tags) == {"svg", "style", "line", "text", "polyline", "circle"}
    assert "</svg><script>␀ 2.00" in svg.texts()
