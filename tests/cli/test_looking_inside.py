"""`cells`, `gates` and `steer`, as a user calls them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Call = Callable[..., Any]
WORDS = "to be or not to be,\nthat is the question:\n"


@pytest.fixture
def longer(tmp_path: Path) -> Path:
    path = tmp_path / "longer.txt"
    path.write_text(WORDS * 60)
    return path


def test_cells_writes_a_table_a_page_and_json(call: Call, trained: Path, longer: Path) -> None:
    done = call("cells", trained, "--text", longer, "--json", "cells.json")
    assert done.code == 0, done
    assert "Reading 2,520 characters: up to" in done.out
    assert re.search(r"to newline +1:\d+(?: low)? +R2 -?0\.\d{3} +-?0\.\d{3} to ", done.out)
    assert "Wrote: cells.html: open it in a browser.\n" in done.out
    assert re.search(r"Next: +tinygrad-seq steer .*run --cell 1:\d+=[+-]1\n", done.out)
    found = json.loads(Path("cells.json").read_text("utf-8"))
    labels = [finding["label"] for finding in found["findings"]]
    assert labels == ["position in line", "to newline", "newline coming", "position in word"]
    assert found["symbols"] == {"search": 1008, "threshold": 504, "test": 1008}
    html = Path("cells.html").read_text("utf-8")
    assert "Cells of run" in html
    assert html.count("data-row=") == len(labels)


def test_cells_takes_labels_of_ones_own(call: Call, trained: Path, longer: Path) -> None:
    done = call("cells", trained, "--text", longer, "--label", "be=be", "--label", "newline coming", "--json", "a.json")
    assert done.code == 0, done
    findings = json.loads(Path("a.json").read_text("utf-8"))["findings"]
    assert [(f["label"], f["measure"]) for f in findings] == [("be", "AUC"), ("newline coming", "AUC")]


def test_without_options_cells_reads_what_the_run_held_out(call: Call, train: Call, text: Path) -> None:
    text.write_text(WORDS * 300)
    assert train("--validation", 0.4).code == 0
    done = call("cells", "run")
    assert done.code == 0, done
    assert "Text: 5,040 characters, 16 different: the last 40.0 % of" in done.out


def test_a_run_that_held_out_nothing_needs_a_text(call: Call, train: Call) -> None:
    train("--validation", 0)
    done = call("cells", "run")
    assert (done.code, done.out) == (1, "")
    assert "run held out nothing" in done.err
    assert "tinygrad-seq cells run --text FILE" in done.err


def test_gates_writes_a_page_and_json(call: Call, trained: Path, longer: Path) -> None:
    done = call("gates", trained, "--text", longer, "--json", "gates.json")
    assert done.code == 0, done
    assert re.search(
        r"layer 1, forget gate f: what to keep: shut .*; half-life \d+\.\d characters in the median", done.out
    )
    uses = json.loads(Path("gates.json").read_text("utf-8"))
    assert [(use["gate"], len(use["left"])) for use in uses] == [("i", 16), ("f", 16), ("o", 16)]
    html = Path("gates.html").read_text("utf-8")
    assert html.count("<circle") >= 3 * 16
    assert "How long a cell remembers" in html


def test_steer_shows_both_texts_and_the_dose(call: Call, trained: Path, longer: Path) -> None:
    options = ("--cell", "1:3=+4", "--from", 20, "--length", 60, "--char", "e", "--prime", "to", "--temperature", 1)
    done = call("steer", trained, "--text", longer, *options, "--json", "steer.json")
    assert done.code == 0, done
    found = json.loads(Path("steer.json").read_text("utf-8"))
    assert found["natural"][:20] == found["held"][:20]
    assert found["natural"] != found["held"]
    assert f"Let be:\nto{found['natural']}\n" in done.out
    assert "P(e) anywhere in the text, with 1:3 held at\n" in done.out
    assert len(found["dose"]["values"]) == 9
    assert "Next: tinygrad-seq steer" in done.out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["cells", "--label", "strings"], "there is no label 'strings'"),
        (["cells", "-o", "cells.svg"], "written as .html"),
        (["cells", "--label", "a=("], "no regular expression"),
        (["gates", "-o", "gates.png"], "written as .html"),
        (["steer", "--cell", "1:3"], "LAYER:UNIT=VALUE"),
        (["steer", "--cell", "2:3=1"], "layers 1 to 1"),
        (["steer", "--cell", "1:3=1", "--char", "Ω"], "'Ω'"),
    ],
)
def test_what_cannot_be_done_is_one_line(
    call: Call, trained: Path, longer: Path, arguments: list[str], words: str
) -> None:
    command, *options = arguments
    done = call(command, trained, "--text", longer, *options)
    assert done.code == 1
    assert done.err.startswith("Error: ")
    assert words in done.err
    assert not list(Path().glob("*.html"))
