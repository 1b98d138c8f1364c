"""The page of coloured text as a reader has it: from the table to the text, any unit by number, by keys too."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_seq as tg
from tinygrad_seq.analysis.cells import parts, passages
from tinygrad_seq.analysis.labels import matching
from tinygrad_seq.cli.cells import channel_of, stretch
from tinygrad_seq.data import Corpus
from tinygrad_seq.models import CharLM
from tinygrad_seq.viz.coloured import Channel, Row, Stretch, coloured

HOSTILE = "</script><img src=x onerror=alert(1)><!--\0\x1b\"'&\u202e<b>\n\t"
RIGHT, DOWN, HOME = "\ue014", "\ue015", "\ue011"
TANH, GATE = Channel("layer 1: tanh(c)", -1.0, 1.0), Channel("layer 1: f", 0.0, 1.0)
WORDS = "if (ab):\n  cd\n"


def stretch_of(name, text):
    ramp = np.linspace(-1, 1, len(text))
    return Stretch(
        name,
        list(text),
        [[(symbol, 0.7), ("q", 0.1), ("\n", 0.05)] for symbol in text],
        {"brackets": [symbol in "(ab" for symbol in text]},
        {TANH.name: np.stack([ramp, -ramp, 0 * ramp], axis=1), GATE.name: np.stack([ramp**2] * 3, axis=1)},
    )


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("coloured") / "a.html"
    rows = [Row(["first", "0.9"], 0, TANH.name, 0), Row(["brackets", "0.8"], 1, TANH.name, 1, "brackets")]
    columns = [("label", "what"), ("score", "how well")]
    texts = [stretch_of("one", WORDS), stretch_of("two", WORDS * 2)]
    return coloured("Cells", "Look.", [TANH, GATE], texts, columns=columns, rows=rows).save(path)


@pytest.fixture
def page(quiet, file):
    quiet.open(file)
    return quiet


def shares(page):
    """Of each symbol, its tone and how strong it is."""
    return page.run(
        "return [...document.querySelectorAll('#text .symbol')]"
        ".map((s) => [s.style.getPropertyValue('--tone'), s.style.getPropertyValue('--share')])"
    )


def test_it_opens_with_the_first_row(page):
    assert page.text("#which") == f"Unit 0, {TANH.name}"
    found = shares(page)
    assert len(found) == len(WORDS)
    assert found[0] == ["var(--cold)", "100%"]
    assert found[-1] == ["var(--heat)", "100%"]
    assert page.text("#text").startswith("if (ab):↵  cd↵")


def test_one_click_leads_from_the_table_to_the_text(page):
    page.click("button[data-row='1']")
    assert page.text("#which") == f"Unit 1, {TANH.name}"
    assert len(shares(page)) == 2 * len(WORDS)
    assert shares(page)[0] == ["var(--heat)", "100%"]
    marked = page.run("return [...document.querySelectorAll('#text .marked')].map((c) => c.textContent).join('')")
    assert marked == "(ab" * 2
    assert page.run("return document.querySelector(\"button[data-row='1']\").getAttribute('aria-pressed')") == "true"


def test_any_unit_by_number_and_by_buttons(page):
    page.run("const i = document.querySelector('#unit'); i.value = 2; i.dispatchEvent(new Event('input'))")
    assert page.text("#which").startswith("Unit 2")
    assert {share for _, share in shares(page)} == {"0%"}
    page.click("#before")
    assert page.text("#which").startswith("Unit 1")
    for _ in range(5):
        page.click("#after")
    assert page.text("#which").startswith("Unit 2")
    page.run("const i = document.querySelector('#unit'); i.value = 999; i.dispatchEvent(new Event('input'))")
    assert page.text("#which").startswith("Unit 2")


def test_another_channel_colours_the_same_text(page):
    page.run(
        "const s = document.querySelector('#channel'); s.value = arguments[0]; s.dispatchEvent(new Event('change'))",
        GATE.name,
    )
    assert page.text("#which") == f"Unit 0, {GATE.name}"
    assert shares(page)[0] == ["var(--heat)", "100%"]
    assert (page.text("#low"), page.text("#high")) == ("0", "1")


def test_predictions_stand_under_the_text(page):
    assert page.all("#text .guess") == []
    page.click("#guesses")
    column = page.run("return [...document.querySelector('#text .cell').children].map((c) => c.textContent)")
    assert column == ["i", "i", "q", "↵"]
    tops = page.run(
        "return [...document.querySelector('#text .cell').children].map((c) => c.getBoundingClientRect().top)"
    )
    assert tops == sorted(tops)
    assert len(set(tops)) == 4


def test_arrow_keys_go_from_character_to_character_and_say_what_is_there(page):
    page.keys("#text", RIGHT)
    assert page.text("#said") == "i  -1.00   then: i 0.70   q 0.10   ↵ 0.05"
    page.keys("#text", RIGHT)
    assert page.text("#said").startswith("f  ")
    page.keys("#text", DOWN)
    assert page.text("#said").startswith("␣  ")
    assert len(page.all("#text .here")) == 1


@pytest.mark.parametrize("width", [420, 1300])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_any_width_by_day_and_by_night(page, width, scheme):
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    page.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    page.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    page.click("#guesses")
    assert page.run("return document.documentElement.scrollWidth") <= width
    background = page.run("return getComputedStyle(document.body).backgroundColor")
    assert background == {"light": "rgb(255, 255, 255)", "dark": "rgb(20, 25, 31)"}[scheme]
    page.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_a_hostile_corpus_makes_no_element_and_runs_no_script(chromium, tmp_path):
    def tags(text):
        corpus = Corpus.from_text((text + "\n") * 400, source=text)
        tg.manual_seed(0)
        model = CharLM(corpus.vocab, hidden_size=3)
        label = matching(text, "a|e")
        divided = parts(corpus, [label])
        [read, *_], _ = passages(model, divided.test, [text], ["c"], length=len(HOSTILE))
        rows = [Row([text], 0, channel_of(1, "c").name, 0, text)]
        coloured(
            text, text, [channel_of(1, "c")], [stretch(read)], columns=[(text, text)], rows=rows, notes=[text]
        ).save(tmp_path / "hostile.html")
        chromium.open(tmp_path / "hostile.html")
        chromium.click("#guesses")
        assert chromium.complaints() == []
        return set(chromium.run("return [...document.querySelectorAll('*')].map((element) => element.tagName)"))

    assert tags(HOSTILE) == tags("a harmless text that is of about the same length as\nit")
    assert "IMG" not in tags(HOSTILE)
