"""The form that all tutorials share. That they run, and that their assertions hold, is shown by tutorials/run.py."""

from __future__ import annotations

import importlib.util
import io
import json
import re
import tokenize
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
def test_the_readme_names_it_by_its_title(path):
    title = re.search(r"^# # \d\d · (.*)$", path.read_text("utf-8"), re.MULTILINE)[1]
    assert f"[{title}]({path.name})" in (HERE / "README.md").read_text("utf-8")


@every_tutorial
def test_it_asserts_and_draws(path):
    code = "\n".join(cells(path)[1])
    assert code.count("assert ") >= 3
    assert re.search(rf'OUT / "{path.name[:2]}_\w+\.(svg|png|html)"', code)


def figures(text):
    """Return the figures in a text: decimals, powers, thousands, percentages; not "step 3", not "tutorial 09"."""
    found = re.findall(r"(?<![\w.,-])\d+(?:,\d{3})*(?:\.\d+)?(?:e-?\d+)?(?: ?%)?(?!\w)", text)
    return [figure for figure in found if re.search(r"[.,e%]", figure)]


def numbers(code):
    """Return the numbers in code and in its strings; comments compute nothing."""
    tokens = tokenize.generate_tokens(io.StringIO(code).readline)
    text = " ".join(token.string for token in tokens if token.type != tokenize.COMMENT)
    return {float(number) for number in re.findall(r"(?<![\w.])\d+(?:_\d+)*(?:\.\d+)?(?:e-?\d+)?", text)}


def is_among(figure, computed):
    value = float(figure.rstrip(" %").replace(",", ""))
    if not figure.endswith("%"):
        return value in computed
    return any(round(share, 9) in computed for share in (value / 100, 1 - value / 100, 1 + value / 100))


def unaccounted(texts, codes):
    """Return the figures in prose that stand in no code. What to try next has figures that are not computed yet."""
    prose, _, _ = "\n".join(texts).partition("## What to try next")
    computed = numbers("\n".join(codes))
    return [figure for figure in figures(prose) if not is_among(figure, computed)]


@every_tutorial
def test_every_figure_in_its_prose_stands_in_its_code(path):
    assert unaccounted(*cells(path)) == []


@pytest.mark.parametrize(
    ("prose", "code", "left"),
    [
        ("it is 0.95", "assert round(x, 2) == 0.95", []),
        ("it is 0.95", "assert round(x, 3) == 0.953", ["0.95"]),
        ("it is 0.95", "x = 1  # about 0.95", ["0.95"]),
        ("$\\sigma(3) = 0.953$, or 1e-12 of 10,000", "1e-12; 10_000; 'of 0.953'", []),
        ("within 3 % of it, and 40%", "assert 0.97 < x < y.f(0.4)", []),
        ("within 3 % of it", "assert x[3] < 0.5", ["3 %"]),
        ("of step 3, in 2017, by tutorial 09", "x = 1", []),
        ("## What to try next: 10,000", "x = 1", []),
    ],
)
def test_a_figure_that_no_code_has_is_noticed(prose, code, left):
    assert unaccounted([prose], [code]) == left


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
