"""`graph` and `grads`: the pages of a run, the path that was written, what to try next."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Call = Callable[..., Any]


def data_of(path: str) -> Any:
    """What a page holds."""
    found = re.search(r'id="data">(.*?)</script>', Path(path).read_text("utf-8"), re.DOTALL)
    assert found is not None
    return json.loads(found[1])


def test_graph_writes_a_page_and_says_so(call: Call, trained: Path) -> None:
    done = call("graph", trained, "--text", "to be or")
    assert done.code == 0, done
    assert "Wrote: graph.html: open it in a browser." in done.out
    assert f"Next:  tinygrad-seq grads {trained} --text 'to be or'" in done.out
    data = data_of("graph.html")
    assert data["steps"] == 7
    assert data["reads"] == ["t", "o", "␣", "b", "e", "␣", "o"]
    assert data["start"] == {"rolled": False, "show": "grad"}
    assert data["credit"] == {}


def test_graph_opens_as_it_is_told_to(call: Call, trained: Path) -> None:
    call("graph", trained, "--text", "to be", "--rolled", "--show", "shape", "-o", "new/rolled.html")
    assert data_of("new/rolled.html")["start"] == {"rolled": True, "show": "shape"}


def test_graph_writes_a_picture_too(call: Call, trained: Path) -> None:
    done = call("graph", trained, "--text", "to be", "-o", "graph.svg")
    assert "Wrote: graph.svg\n" in done.out
    assert "weight_hh_l0" in Path("graph.svg").read_text("utf-8")
    assert "cluster" in Path("graph.dot").read_text("utf-8")


def test_grads_adds_credit_spectra_and_windows(call: Call, trained: Path) -> None:
    done = call("grads", trained, "--text", "to be or not", "-o", "credit.html")
    assert done.code == 0, done
    assert "Wrote: credit.html" in done.out
    assert "Next:  tinygrad-seq sample" in done.out
    data, html = data_of("credit.html"), Path("credit.html").read_text("utf-8")
    (matrix,) = data["credit"].values()
    assert (len(matrix), len(matrix[0])) == (11, 11)
    assert {(w["k1"], w["k2"]) for w in data["bptt"]} >= {(1, 1), (1, 11), (11, 11)}
    assert re.findall(r"<h3>(.*?)</h3>", html) == ["lstm", "rnn, untrained", "lstm, untrained", "gru, untrained"]


def test_grads_compares_runs(call: Call, trained: Path) -> None:
    call("grads", trained, trained, "--text", "to be or not")
    assert re.findall(r"<h3>(.*?)</h3>", Path("credit.html").read_text("utf-8")) == ["lstm", "run: lstm"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["graph", "--text", "t"], "at least two symbols"),
        (["graph", "--text", "Ω?"], "'Ω'"),
        (["graph", "-o", "graph.gif", "--text", "to be"], "graph.gif"),
        (["graph", "-o", "graph.svg", "--rolled", "--text", "to be"], "leave --rolled out"),
        (["grads", "-o", "credit.svg"], "written as .html"),
        (["grads", "--text", "to"], "at least 4"),
    ],
)
def test_what_cannot_be_drawn_is_one_line(call: Call, trained: Path, arguments: list[str], words: str) -> None:
    command, *options = arguments
    done = call(command, trained, *options)
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith("Error: ")
    assert words in done.err
    assert not list(Path().glob("*.html"))
