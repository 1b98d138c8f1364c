"""The README's figures are those of the results that are kept beside the benchmarks."""

from __future__ import annotations

import re

import pytest

from benchmarks.readme import BEGIN, END, README, block, duration, picture, ratio, replaced, results

TEXT = README.read_text("utf-8")
FIGURES = block(results("peers"), results("import_cost"))


def test_the_readme_shows_the_kept_results():
    assert replaced(TEXT, FIGURES) == TEXT, "README.md and benchmarks/results differ: python -m benchmarks.readme"


def test_a_figure_edited_by_hand_is_noticed():
    edited = re.sub(r"\d\.\d\d +\|", "9.99 |", TEXT[TEXT.index(BEGIN) :], count=1)
    assert "9.99 |" in edited
    assert replaced(edited, FIGURES) != edited


@pytest.mark.parametrize("text", ["", BEGIN, END + BEGIN])
def test_a_readme_without_its_markers_is_refused(text):
    with pytest.raises(ValueError, match="two lines"):
        replaced(text, "new")


def test_what_stands_around_the_block_stays():
    assert replaced(f"before {BEGIN} old {END} after", f"{BEGIN} new {END}") == f"before {BEGIN} new {END} after"


@pytest.mark.parametrize(
    ("seconds", "text"), [(1.436, "1.44 s"), (0.023, "23 ms"), (2.91e-4, "291 us"), (6.6e-6, "6.6 us")]
)
def test_a_time_is_given_in_a_unit_that_fits(seconds, text):
    assert duration(seconds) == text


def test_a_ratio_that_is_missing_is_a_dash_and_one_of_wrong_losses_says_so():
    assert ratio({"problem": "not installed"}) == "-"
    assert ratio({"ratio": 0.854, "checked": "agrees"}) == "0.85"
    assert ratio({"ratio": 0.854, "checked": "DIFFERS"}) == "0.85 (differs)"


def test_the_picture_is_the_same_bytes_each_time(tmp_path):
    pytest.importorskip("matplotlib")
    for name in ("one.svg", "two.svg"):
        picture(results("peers"), tmp_path / name)
    drawn = (tmp_path / "one.svg").read_bytes()
    assert drawn == (tmp_path / "two.svg").read_bytes()
    assert b"<dc:date>" not in drawn
    assert b"S-lstm" in drawn
