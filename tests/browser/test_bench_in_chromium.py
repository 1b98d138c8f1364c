"""The page of a benchmark as a reader has it, with texts that try to be markup."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from tinygrad_seq.analysis.bench import Machine, Row, Runner, Size, Timing, Work, from_json, to_json
from tinygrad_seq.analysis.bench.agreement import Distance
from tinygrad_seq.analysis.bench.peaks import Peak
from tinygrad_seq.analysis.bench.report import page

SCRIPT = "<script>document.title = 'owned'</script>"
HOSTILE = f"</title></svg></script>{SCRIPT}<img src=http://x.test/ onerror=alert(1)>\u202e"


def row(runner, H, ms, case=HOSTILE):
    timing = ms and Timing(ms, ms / 1.1, ms * 1.1, ms, ms, ms, 5)
    return Row(case, "layer", Size(2, 3, H), runner, Work(4000 * H, 100, 64), Distance(HOSTILE, 1e-7), 1e-4, timing)


@pytest.fixture
def machine():
    runners = [
        Runner(name, {"device": HOSTILE, HOSTILE: HOSTILE}, HOSTILE, HOSTILE, Peak(2.0, 1.0))
        for name in ("numpy, plain", HOSTILE)
    ]
    rows = [row(one.name, H, ms) for one, times in zip(runners, ((1, 9), (3, 4)), strict=True)
            for H, ms in zip((32, 128), times, strict=True)]  # fmt: skip
    rows.append(row(HOSTILE, 512, None))
    return Machine({HOSTILE: HOSTILE}, runners, {HOSTILE: HOSTILE}, rows)


@pytest.fixture
def opened(quiet, machine, tmp_path):
    two = from_json(json.dumps(json.loads(to_json([machine, replace(machine, not_measured={})]))))
    quiet.open(page(two).save(tmp_path / "bench.html"))
    return quiet


def test_text_from_a_file_is_text(opened):
    assert opened.run("return document.title") == "Backends side by side"
    assert opened.all("script") == []
    assert opened.all("img") == []
    assert SCRIPT in opened.text("body")
    assert "\u202e" not in opened.text("body")


def test_both_plots_are_there_for_every_runner(opened):
    labels = [svg.get_attribute("aria-label") for svg in opened.all("svg")]
    assert len(labels) == 1 + 4
    assert sum(label.startswith("Roofline of") for label in labels) == 4
    assert len(opened.all("svg")[0].find_elements("css selector", "polyline")) == 4
    assert "overtakes numpy, plain · 1 at about H = " in opened.text("body")
    hovers = opened.run("return [...document.querySelectorAll('circle title')].map(t => t.textContent)")
    assert any("H = 128: 4 ms" in said for said in hovers)


@pytest.mark.parametrize("width", [420, 900, 1400])
def test_nothing_sticks_out_of_a_narrow_window(opened, width):
    opened.run("document.documentElement.style.width = arguments[0] + 'px'", width)
    assert opened.run("return document.body.scrollWidth <= document.body.clientWidth")
