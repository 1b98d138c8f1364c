"""The page of a sentiment unit: bars that are the numbers, letters in the colour of the unit, text that stays text."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

import pytest

pytest.importorskip("jinja2")

from tinygrad_seq.viz import Reviewed, Sample, SentimentReport, histogram

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = "</span><script>alert(1)</script> & <b>né"


def report(**changes):
    text = HOSTILE.encode()
    given = {
        "title": "Unit 3",
        "summary": f"found in {HOSTILE}",
        "unit": 3,
        "threshold": 0.5,
        "rises": True,
        "positive": [1.0, 2.0, 3.0],
        "negative": [-1.0, 0.0],
        "scores": [("the unit alone", 0.995, 0.51)],
        "reviews": [Reviewed(text, [0.5 + i / len(text) for i in range(len(text))], True, False)],
        "samples": [Sample("Left free", HOSTILE)],
        "facts": {"Threshold": HOSTILE},
    }
    return SentimentReport(**{**given, **changes})


def bars(svg):
    return [
        (float(bar.get("x")), float(bar.get("y")), float(bar.get("height")), bar.get("fill"))
        for bar in ET.fromstring(svg).iter(f"{SVG}rect")  # noqa: S314  our own
    ]


def test_bars_are_the_shares_of_each_class_on_its_own_side_of_the_axis():
    picture = histogram([1.0, 1.0, 1.0, 5.0], [0.0, 4.8], ("good", "bad"), "x", "title", threshold=2.0)
    drawn = sorted(bars(picture.svg))
    axis = max(y for _, y, _, fill in drawn if fill == "var(--cool)")
    assert [fill for *_, fill in drawn] == ["var(--cool)", "var(--hot)", "var(--cool)", "var(--hot)"]
    heights = [height for *_, height, _ in drawn]
    assert heights[1] == max(heights)  # three of four
    assert heights[0] == heights[2] == pytest.approx(heights[1] * 2 / 3, abs=0.02)
    assert heights[3] == pytest.approx(heights[1] / 3, abs=0.02)
    for _, y, height, fill in drawn:
        assert (y if fill == "var(--cool)" else y + height) == pytest.approx(axis, abs=0.02)


@pytest.mark.parametrize("threshold", [None, float("-inf"), float("inf")])
def test_a_threshold_that_parts_nothing_is_not_drawn(threshold):
    assert "threshold" not in histogram([1.0], [1.0], ("a", "b"), "x", "t", threshold=threshold).svg


def test_letters_have_the_side_and_the_strength_of_the_unit():
    shown = Reviewed("aé".encode(), [0.5, 2.5, -1.5], True, True)  # the é has two bytes: the last one's value counts
    assert report(reviews=[shown]).letters(shown, 2.0) == [("a", 0, 0.5), ("é", -8, -1.5)]
    assert report(rises=False).letters(shown, 4.0) == [("a", 0, 0.5), ("é", 4, -1.5)]


def test_text_from_outside_cannot_leave_its_place():
    html = report().html()
    assert "<script>" not in html
    assert html.count("&lt;script&gt;") >= 3
    letters = re.findall(r'<span(?: class="[pn]\d")? title="-?\d+\.\d\d">(.*?)</span>', html, re.DOTALL)
    assert len(letters) == len(HOSTILE)


def test_a_review_called_what_it_is_not_is_marked():
    assert "called negative" in report().html()
    right = report(reviews=[Reviewed(b"x", [0.7], True, True)]).html()
    assert "called" not in right.partition("While it reads")[2].partition("What it writes")[0]


def test_scores_stand_beside_the_untrained_nets():
    assert re.search(r"the unit alone</td><td>99\.5 %</td><td>51\.0 %", report().html())
