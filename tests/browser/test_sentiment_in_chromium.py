"""The page of a sentiment unit as a reader has it: letters in its colours, and hostile reviews that stay text."""

from __future__ import annotations

import pytest

from tinygrad_seq.viz import Reviewed, Sample, SentimentReport

HOSTILE = "</script></span><img src=x onerror=alert(1)><!--\0\x1b\"'&\u202e<b>\n\té"
SHOWN = "</script></span><img src=x onerror=alert(1)><!--␀␛\"'&\ufffd<b>␊␉é"
HARMLESS = "a review of about the same length,\nwith an é"


def report_of(text, **changes):
    read = text.encode()
    ramp = [-1 + 2 * i / (len(read) - 1) for i in range(len(read))]
    given = {
        "title": text,
        "summary": text,
        "unit": 3,
        "threshold": 0.0,
        "rises": True,
        "positive": [1.0, 2.0, 3.0],
        "negative": [-1.0, 0.0],
        "scores": [(text, 0.995, 0.51)],
        "reviews": [Reviewed(read, ramp, True, False)],
        "samples": [Sample(text, text)],
        "facts": {text: text},
    }
    return SentimentReport(**given | changes)


@pytest.fixture
def page(quiet, tmp_path):
    def opened(report):
        quiet.open(report.save(tmp_path / "sentiment.html"))
        return quiet

    return opened


def tags(page):
    return set(page.run("return [...document.querySelectorAll('*')].map((element) => element.tagName)"))


def backgrounds(page):
    return page.run(
        "return [...document.querySelectorAll('.review > span[title]')].map((s) => getComputedStyle(s).backgroundColor)"
    )


def test_hostile_reviews_make_no_element_and_run_no_script(page):
    harmless = tags(page(report_of(HARMLESS)))
    assert tags(page(report_of(HOSTILE))) == harmless
    assert "IMG" not in harmless
    assert "SCRIPT" not in harmless


def test_hostile_text_is_there_to_be_read(page):
    shown = page(report_of(HOSTILE))
    assert shown.text(".samples h3").startswith("</script></span><img src=x onerror=alert(1)><!--")
    letters = "return [...document.querySelectorAll('.review > span[title]')].map((s) => s.textContent).join('')"
    assert shown.run(letters) == SHOWN


def test_letters_go_from_one_colour_over_none_to_the_other(page):
    first, *between, last = backgrounds(page(report_of("good or bad")))
    assert first != last
    assert "rgba(0, 0, 0, 0)" in between
    assert "rgba(0, 0, 0, 0)" not in {first, last}


@pytest.mark.parametrize("width", [420, 1300])
def test_a_word_without_end_does_not_widen_the_page(page, width):
    shown = page(report_of(HARMLESS, reviews=[Reviewed(b"x" * 900, [0.5] * 900, True, True)]))
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    shown.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    assert shown.run("return document.documentElement.scrollWidth") <= width
    shown.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
