"""The page of a run: one file that needs nothing else, in which a text stays a text."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinygrad_seq.viz import Column, Prediction, Report, Sample, grid

HOSTILE = (
    "</pre></svg><script>alert('1')</script><img src=x onerror=\"y()\">"
    "{{ 7 * 7 }}{% raw %}&amp;]]>\0\x1b\ud83d\u202e<!--"
)


def report(**changes):
    picture = grid([Column("a", [0.5], Prediction("b", 0.25))], ["rnn.l0"], "b")
    plain = Report(
        title="A title",
        summary="A summary",
        training=[(1, 4.0), (2, 3.0)],
        held_out=[(2, 3.5)],
        floors={"unigram": 3.2, "bigram": 2.4},
        samples=[Sample("early", "abc"), Sample("late", "def f():\n\treturn 1\n")],
        picture=picture,
        facts={"model": "LSTM", "time": "58 s"},
        next_commands=[("tinygrad-seq sample runs/demo", "Let it write more.")],
    )
    return replace(plain, **changes)


def test_it_shows_all_it_was_given(read_page):
    page = read_page(report().html())
    said = " ".join(page.texts)
    for text in ("A title", "A summary", "early", "abc", "late", "model", "LSTM", "58 s", "Let it write more."):
        assert text in said
    assert "tinygrad-seq sample runs/demo" in page.texts
    for label in ("held out 3.50", "training 3.00", "unigram 3.20", "bigram 2.40", "nats per character"):
        assert label in page.texts
    assert page.tags.count("svg") == 2


def test_a_sample_stands_there_line_by_line(read_page):
    assert "def f():\n\treturn 1\n" in [text.removeprefix("\n") for text in read_page(report().html()).texts]


def test_the_pictures_are_whole_and_well_formed(read_svg):
    html = report().html()
    for svg in re.findall(r"<svg.*?</svg>", html, re.DOTALL):
        read_svg(svg)
    assert report().picture.svg in html


def test_it_forbids_scripts_and_the_network_and_uses_neither(read_page):
    page = read_page(report().html())
    policy = [value for tag, name, value in page.attributes if (tag, name) == ("meta", "content")]
    assert "default-src 'none'; style-src 'unsafe-inline'" in policy
    assert "script" not in page.tags
    assert not {"link", "img", "iframe", "object", "base", "form", "a"} & set(page.tags)
    names = {name for _, name, _ in page.attributes}
    assert not {"src", "href", "srcset", "xlink:href", "action"} & names
    assert not any(name.startswith("on") for name in names)
    html = report().html()
    assert set(re.findall(r"https?:[^\"' ]*", html)) == {"http://www.w3.org/2000/svg"}
    assert "url(" not in html
    assert "@import" not in html


def test_it_adapts_to_the_width_and_to_the_night(read_page):
    html = report().html()
    assert ("meta", "name", "viewport") in read_page(html).attributes
    assert html.count("prefers-color-scheme: dark") == 3  # the page and its two pictures


def hostile_report(text):
    return report(
        title=text,
        summary=text,
        floors={text: 3.0},
        samples=[Sample(text, text)] * 2,
        facts={text: text, "time": text},
        next_commands=[(text, text)],
    )


def test_hostile_text_stays_text(read_page):
    page, harmless = read_page(hostile_report(HOSTILE).html()), read_page(hostile_report("harmless").html())
    assert page.tags == harmless.tags
    assert [(tag, name) for tag, name, _ in page.attributes] == [(tag, name) for tag, name, _ in harmless.attributes]
    shown = HOSTILE.replace("\0", "␀").replace("\x1b", "␛").replace("\ud83d", "\ufffd").replace("\u202e", "\ufffd")
    assert sum(shown in text for text in page.texts) >= 9


@settings(max_examples=25)
@given(st.text(st.characters(), max_size=30))
def test_no_text_whatever_adds_an_element_or_an_attribute(read_page, text):
    html = hostile_report(text).html()
    html.encode("utf-8")  # no lone surrogate is left
    page, harmless = read_page(html), read_page(hostile_report("harmless").html())
    assert page.tags == harmless.tags
    assert [(tag, name) for tag, name, _ in page.attributes] == [(tag, name) for tag, name, _ in harmless.attributes]


def test_saving_makes_the_folder_and_the_same_report_the_same_bytes(tmp_path):
    first = hostile_report(HOSTILE).save(tmp_path / "runs" / "demo" / "demo.html")
    second = hostile_report(HOSTILE).save(str(tmp_path / "again.html"))
    assert first.read_bytes() == second.read_bytes()
    assert first == tmp_path / "runs" / "demo" / "demo.html"


@pytest.mark.parametrize("changes", [{"training": [], "held_out": []}, {"samples": []}, {"facts": {}, "floors": {}}])
def test_a_run_that_has_little_to_show_makes_a_page_too(changes, read_page):
    assert "body" in read_page(report(**changes).html()).tags
