"""Curves on two logarithmic axes."""

from __future__ import annotations

from itertools import pairwise
from xml.etree import ElementTree as ET

import pytest

from tinygrad_seq.viz.loglog import Curve, Point, loglog, round_numbers

SVG = "{http://www.w3.org/2000/svg}"


def drawn(*curves, **options):
    return ET.fromstring(loglog(curves, "x", "y", "a title", **options).svg)  # noqa: S314  our own


def places(root, i=0):
    line = root.findall(f"{SVG}polyline")[i].attrib["points"]
    return [tuple(map(float, pair.split(","))) for pair in line.split()]


def test_equal_ratios_are_equal_distances():
    (x0, y0), (x1, y1), (x2, y2) = places(drawn(Curve("", [Point(1, 8), Point(10, 4), Point(100, 2)], "red")))
    assert x1 - x0 == pytest.approx(x2 - x1, abs=0.2)
    assert y1 - y0 == pytest.approx(y2 - y1, abs=0.2)
    assert y0 < y1


def test_everything_lies_between_the_round_numbers_around_it():
    root = drawn(Curve("fast", [Point(3, 0.3, spread=(0.02, 70.0))], "red"))
    lines = [{k: float(v) for k, v in e.attrib.items() if k in "x1x2y1y2"} for e in root.findall(f"{SVG}line")]
    grid = [line for line in lines if line["y1"] == line["y2"]]
    (bar,) = [line for line in lines if line["x1"] == line["x2"] and line["y1"] != 34.0]
    assert min(line["y1"] for line in grid) <= bar["y2"] < bar["y1"] <= max(line["y1"] for line in grid)


def test_a_name_is_beside_its_curve_and_no_two_overlap():
    root = drawn(*(Curve(f"curve {i}", [Point(1, 1), Point(2, 1)], "red") for i in range(5)))
    ys = sorted(float(e.attrib["y"]) for e in root.findall(f"{SVG}text") if (e.text or "").startswith("curve"))
    assert len(ys) == 5
    assert all(b - a >= 15 for a, b in pairwise(ys))


def test_a_long_name_leaves_room_for_the_curve():
    root = drawn(Curve("x" * 500, [Point(1, 1), Point(2, 2)], "red"))
    (x0, _), (x1, _) = places(root)
    assert x1 - x0 > 300


def test_given_ticks_are_the_axis():
    root = drawn(Curve("", [Point(32, 1), Point(256, 2)], "red"), x_ticks=[32, 256])
    words = [e.text for e in root.findall(f"{SVG}text")]
    assert "32" in words
    assert "256" in words
    assert "50" not in words


def test_one_point_is_a_picture_too():
    assert len(places(drawn(Curve("one", [Point(5, 5, "here")], "red"), x_ticks=[5]))) == 1


@pytest.mark.parametrize(
    ("values", "expected"),
    [([1.0], [1.0, 2.0]), ([0.3, 0.4], [0.2, 0.5]), ([1e-9, 1e9], [1e-9, 1e-6, 1e-3, 1, 1e3, 1e6, 1e9])],
)
def test_round_numbers_enclose(values, expected):
    assert round_numbers(values) == pytest.approx(expected)
