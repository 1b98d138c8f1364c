"""Gradients of several nets along time, in one picture and on one scale."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest

from tinygrad_seq import viz

SVG = "{http://www.w3.org/2000/svg}"


def drawn(rows):
    root = ET.fromstring(viz.fade(rows, "title").svg)  # noqa: S314  our own text
    boxes = [float(rect.get("fill-opacity")) for rect in root.iter(f"{SVG}rect")]
    lines = [float(line.get("stroke-width")) for line in root.iter(f"{SVG}line")]
    return root, boxes, lines


def test_a_box_for_each_state_and_a_line_to_the_one_before_it():
    _, boxes, lines = drawn({"RNN h": [0.1, 0.2, 0.3], "LSTM c": [1.0, 1.0]})
    assert (len(boxes), len(lines)) == (5, 3)


def test_all_rows_share_one_logarithmic_scale():
    _, boxes, lines = drawn({"RNN h": [1e-8, 1e-4, 1.0], "LSTM c": [1e-4, 1e-4, 1.0]})
    assert boxes == pytest.approx([0.06, 0.53, 1.0, 0.53, 0.53, 1.0])
    assert lines == pytest.approx([4.0, 7.0, 4.0, 7.0])


def test_where_no_gradient_arrives_the_box_is_blank_and_no_line_leads_on():
    root, boxes, lines = drawn({"h": [None, 0.0, 0.5]})
    assert boxes == [0.0, 0.0, 1.0]
    assert len(lines) == 1
    assert next(e.text for e in root.iter(f"{SVG}title")) == "step 0: no gradient arrives here"


def test_names_are_text_and_nothing_else():
    root, _, _ = drawn({"<script>&\x00": [1.0]})
    assert "<script>&␀" in [e.text for e in root.iter(f"{SVG}text")]
    assert not list(root.iter("script"))


def test_an_empty_picture_is_still_one():
    _, boxes, lines = drawn({})
    assert not boxes
    assert not lines
