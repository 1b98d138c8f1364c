"""Pictures and the text in them: where they are written, how they look by day and by night."""

from __future__ import annotations

import re

import pytest

from tinygrad_seq.errors import ConfigError
from tinygrad_seq.viz import Column, Picture, Prediction, grid
from tinygrad_seq.viz.page import LINES, SPECTRUM
from tinygrad_seq.viz.palette import DARK, LIGHT
from tinygrad_seq.viz.text import visible

COLUMNS = [Column("a", [0.5, None], Prediction("b", 0.25)), Column("b", [0.25, 1.0], Prediction("c", 1.0))]


@pytest.fixture
def picture():
    return grid(COLUMNS, ["low", "high"], "c")


def test_saving_by_suffix(picture, tmp_path, read_svg, read_page):
    svg = picture.save(tmp_path / "new" / "folder" / "net.svg")
    assert svg.read_bytes() == picture.svg.encode()
    html = picture.save(str(tmp_path / "net.html"))
    page = read_page(html.read_text("utf-8"))
    assert page.tags[:2] == ["html", "head"]
    assert picture.title in page.texts
    assert picture.svg in html.read_text("utf-8")


@pytest.mark.parametrize("name", ["net.png", "net", "net.svg.gz"])
def test_any_other_suffix_is_a_config_error_and_writes_nothing(picture, tmp_path, name):
    with pytest.raises(ConfigError, match=r"written as \.svg or \.html"):
        picture.save(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_jupyter_shows_the_picture(picture):
    assert picture._repr_svg_() == picture.svg
    assert isinstance(picture, Picture)


def test_a_picture_says_what_it_is_to_those_who_cannot_see_it(picture, read_svg):
    root = read_svg(picture.svg).root
    assert (root.get("role"), root.get("aria-label")) == ("img", picture.title)


def test_pictures_side_by_side_in_a_notebook_share_no_ids_and_load_nothing(picture):
    assert " id=" not in picture.svg
    assert "url(" not in picture.svg
    assert re.findall(r"https?://[^\"]*", picture.svg) == ["http://www.w3.org/2000/svg"]


def test_a_short_picture_is_wide_enough_for_its_legend(read_svg):
    svg = read_svg(grid(COLUMNS[:1], ["low", "high"], "c").svg)
    longest = max(svg.texts(), key=len)
    assert float(svg.root.get("width")) > 100 + 5.8 * len(longest)  # as wide as a character of 12 px is on average


def test_a_gradient_that_does_not_arrive_is_said_so_and_has_no_colour(picture, read_svg):
    boxes = read_svg(picture.svg).all("g")
    title, rect, label = boxes[1]
    assert title.text == "step 0, read a: no gradient arrives here"
    assert (rect.get("fill-opacity"), label.text) == ("0", "0")


def test_colour_follows_the_logarithm_of_the_gradient(read_svg):
    columns = [Column("a", [10.0**-k], Prediction("b", 0.5)) for k in (4, 3, 2, 0)]
    svg = read_svg(grid(columns, ["h"], "c").svg)
    heat = [float(box[1].get("fill-opacity")) for box in svg.all("g")]
    assert heat == pytest.approx([0.06, 0.06 + 0.94 / 4, 0.06 + 0.94 / 2, 1.0], abs=0.006)


# Colours


def colours(palette):
    return dict(re.findall(r"--(\w+): (#\w{6})", palette))


def luminance(colour):
    """The relative luminance of WCAG 2."""
    parts = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return sum(weight * c for weight, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one, other):
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def over(colour, paper, opacity):
    pairs = ((int(colour[i : i + 2], 16), int(paper[i : i + 2], 16)) for i in (1, 3, 5))
    return "#" + "".join(f"{round(opacity * c + (1 - opacity) * p):02x}" for c, p in pairs)


@pytest.mark.parametrize("palette", [LIGHT, DARK])
def test_the_names_of_lines_are_readable_and_no_two_curves_of_a_spectrum_look_the_same(palette):
    c = colours(palette)
    for colour in (*LINES, *(style["colour"] for style in SPECTRUM.values())):
        assert contrast(c[re.fullmatch(r"var\(--(\w+)\)", colour)[1]], c["paper"]) >= 4.5, colour
    looks = [(style["colour"], style.get("dashed", False)) for style in SPECTRUM.values()]
    assert len(set(looks)) == len(looks)
    assert SPECTRUM["bound"] == {"colour": "var(--soft)", "dashed": True}


@pytest.mark.parametrize("palette", [LIGHT, DARK])
def test_text_is_readable_on_everything_it_stands_on(palette):
    c = colours(palette)
    for ink in ("ink", "soft", "hot"):
        for ground in ("paper", "wash"):
            assert contrast(c[ink], c[ground]) >= 4.5, (ink, ground)
    for tenths in range(11):
        for fill in ("heat", "cold"):
            assert contrast(c["ink"], over(c[fill], c["paper"], tenths / 10)) >= 4.5


def test_day_and_night_have_the_same_colours_and_every_one_used_is_defined(picture):
    assert colours(LIGHT).keys() == colours(DARK).keys()
    assert set(re.findall(r"var\(--(\w+)\)", picture.svg)) <= colours(LIGHT).keys()


# Text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain ünïcode 😀 أ", "plain ünïcode 😀 أ"),
        ("\0\t\n\r\x1b\x1f", "␀␉␊␍␛␟"),
        ("\x7f\x80\x9f", "␡\ufffd\ufffd"),
        ("\ud800\udfff\ufffe\uffff", "\ufffd" * 4),
        ("\U0001ffff", "\ufffd"),
        ("", ""),
    ],
)
def test_what_xml_cannot_hold_is_shown_as_a_symbol(text, shown):
    assert visible(text) == shown


def test_what_is_to_be_kept_is_kept():
    assert visible("a\n\tb\0", keep="\n\t") == "a\n\tb␀"
