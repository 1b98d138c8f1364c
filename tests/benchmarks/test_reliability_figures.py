"""The tables of docs/reliability.md are those of the results that are kept beside the benchmarks."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.reliability import branches, survivors, versions
from benchmarks.report import RESULTS

PAGE = (Path(__file__).parents[2] / "docs" / "reliability.md").read_text("utf-8")


def kept(name):
    return json.loads((RESULTS / f"{name}.json").read_text("utf-8"))


@pytest.mark.parametrize(
    ("command", "figures"),
    [
        ("versions", lambda: versions.shown(kept("versions"))),
        ("survivors", lambda: survivors.shown(kept("survivors")["files"])),
        ("branches", lambda: branches.shown(kept("branches")["packages"])),
    ],
)
def test_the_page_shows_the_kept_results(command, figures):
    assert figures() in PAGE, f"put what benchmarks.reliability.{command} prints into docs/reliability.md"


def test_the_page_says_of_every_survivor_what_it_is():
    for name in kept("survivors")["survivors"]:
        function, _, number = name.rpartition(".")[2].partition("__mutmut_")
        spelled = function.removeprefix("x").strip("_ǁ").replace("ǁ", ".") if "ǁ" in function else function[2:]
        assert f"`{spelled}` {number}" in PAGE
