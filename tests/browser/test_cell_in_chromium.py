"""The page of a cell as a reader has it: gone through line by line, by keys too."""

from __future__ import annotations

import pytest

import tinygrad_seq as tg

LEFT, RIGHT, END = "\ue012", "\ue014", "\ue010"


@pytest.fixture
def page(quiet, tmp_path):
    tg.analysis.cell("lstm", (1.0, -0.5), to=tmp_path / "cell.html")
    quiet.open(tmp_path / "cell.html")
    return quiet


def shown(page):
    return {e.get_attribute("data-value"): e.text for e in page.all("[data-value]")}


def test_it_begins_with_the_first_gate_and_does_not_know_the_others(page):
    assert page.text("#meaning") == "Step t = 0: i_t, what to write"
    numbers = shown(page)
    assert numbers["i_t"] != ""
    assert {name for name, text in numbers.items() if text} == {"x_t", "h_prev", "c_prev", "i_t"}
    assert len(page.all(".later")) > 10


def test_keys_and_buttons_go_on_and_back(page):
    page.keys("#moment", RIGHT)
    assert page.text("#meaning").startswith("Step t = 0: f_t")
    page.click("#next")
    assert page.text("#equation").startswith("g_t = tanh(W_ig x_t")
    page.click("#back")
    page.keys("#moment", LEFT)
    assert page.text("#meaning").startswith("Step t = 0: i_t")


def test_at_the_end_all_is_known_and_nothing_is_pale(page):
    page.keys("#moment", END)
    assert page.text("#meaning") == "Step t = 1: h_t, what is shown of it"
    assert all(shown(page).values())
    assert page.all(".later") == []
    page.click("#next")
    assert page.text("#meaning").startswith("Step t = 1: h_t")
