"""The form that all tutorials share. That they run, and that their assertions hold, is shown by tutorials/run.py."""

from __future__ import annotations

import importlib.util
import json
import re
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parents[2] / "tutorials"
TUTORIALS = sorted(HERE.glob("[0-9][0-9]_*.py"))
HEADINGS = ("The idea", "The long way", "The short way", "The picture", "What to try next")

every_tutorial = pytest.mark.parametrize("path", TUTORIALS, ids=lambda path: path.stem)


def cells(path):
    """Return the text cells and the code cells of a tutorial."""
    texts, codes = [], []
    for cell in re.split(r"^# %%", path.read_text("utf-8"), flags=re.MULTILINE)[1:]:
        head, _, body = cell.partition("\n")
        (texts if "[markdown]" in head else codes).append(body)
    return texts, codes


def test_there_are_tutorials_and_their_numbers_are_their_own():
    assert TUTORIALS
    numbers = [path.name[:2] for path in TUTORIALS]
    assert len(set(numbers)) == len(numbers)


@every_tutorial
def test_its_title_begins_with_its_number(path):
    assert cells(path)[0][0].startswith(f"# # {path.name[:2]} · ")


@every_tutorial
def test_it_has_the_parts_that_all_have(path):
    headings = re.findall(r"^# #{2} (.*)", "\n".join(cells(path)[0]), re.MULTILINE)
    places = [next((i for i, h in enumerate(headings) if h.startswith(part)), None) for part in HEADINGS]
    missing = [part for part, place in zip(HEADINGS, places, strict=True) if place is None]
    assert missing == []
    assert places == sorted(places)


@every_tutorial
def test_it_asserts_and_draws(path):
    code = "\n".join(cells(path)[1])
    assert code.count("assert ") >= 3
    assert re.search(rf'OUT / "{path.name[:2]}_\w+\.(svg|png|html)"', code)


@every_tutorial
def test_every_decimal_in_its_prose_stands_in_its_code(path):
    texts, codes = cells(path)
    prose = re.sub(r"\$\$.*?\$\$|\$.*?\$", "", "\n".join(texts), flags=re.DOTALL)
    code = "\n".join(codes)
    assert [number for number in re.findall(r"(?<![\w.-])\d+\.\d+\b", prose) if number not in code] == []


@every_tutorial
def test_its_notebook_says_the_same(path):
    pytest.importorskip("jupytext")
    spec = importlib.util.spec_from_file_location("notebooks", HERE / "notebooks.py")
    notebooks = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(notebooks)
    assert path.with_suffix(".ipynb").read_text("utf-8") == notebooks.notebook(path)


@every_tutorial
def test_its_notebook_has_no_outputs_and_the_same_code(path):
    book = json.loads(path.with_suffix(".ipynb").read_text("utf-8"))
    code = [cell for cell in book["cells"] if cell["cell_type"] == "code"]
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in code)
    assert ["".join(cell["source"]).strip() for cell in code] == [body.strip() for body in cells(path)[1]]
