"""Labels of Python text: exact, and the same whichever Python reads it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tinygrad_seq.analysis.labels import PYTHON, Label, PythonText
from tinygrad_seq.errors import DataError, ShapeError

HERE = Path(__file__).parent
SAMPLE = (HERE / "sample.txt").read_text(encoding="utf-8")
LABELS = {label.name: label for label in PYTHON}


def drawn(label: Label, text: str) -> str:
    """The values under the text they belong to: # for True, the last digit of a number, newlines as they are."""
    values = label.of(text)
    marks = np.where(values, "#", ".") if values.dtype == bool else [str(int(v))[-1] for v in values]
    return "".join("\n" if c == "\n" else m for c, m in zip(text, marks, strict=True))


def fixture(name: str) -> Path:
    return HERE / "expected" / f"{name}.txt".replace('"', "double").replace("'", "single")


@pytest.mark.parametrize("name", LABELS)
def test_every_python_gives_the_labels_of_the_fixture(name):
    """The fixture was written by this file, run as a script by Python 3.11, and read line by line."""
    assert drawn(LABELS[name], SAMPLE) == fixture(name).read_text(encoding="utf-8")


def of(name: str, text: str) -> str:
    return drawn(LABELS[name], text)


def test_a_string_is_open_from_its_opening_quote_to_before_its_closing_one():
    assert of("string", "x = 'ab' + ''") == "....###....#."
    assert of("string", '"""ab"""') == "..#####."
    assert of("string", "f'{x}' rf'y'") == ".####....##."


def test_strings_go_by_their_quote():
    text = """f('a', "b", '''c''', \"\"\"d\"\"\")"""
    assert of("one-line string", text) == "..##...##" + "." * 20
    assert of("string '", text) == "..##" + "." * 25
    assert of('string "', text) == ".......##" + "." * 20
    assert of("triple string", text) == "." * 14 + "####" + "....." + "####" + ".."


def test_an_f_string_is_one_string_whatever_stands_in_it():
    text = "f'{a[1]} {b:{c}} {{}}' + d"
    assert of("string", text) == "." + "#" * 20 + "....."
    assert of("identifier", text) == "." * 25 + "#"
    assert of("bracket depth", text) == "0" * 26


def test_a_docstring_is_the_first_statement_and_nothing_else():
    text = '"m"\n"no"\ndef f():\n  "d" "e"\n  "no"\nclass C:\n  x = "no"\n'
    assert of("docstring", text) == "##.\n....\n........\n  ##..##.\n  ....\n........\n  ........\n".replace("  ", "..")


def test_columns_of_the_tree_are_bytes_and_of_the_labels_characters():
    assert of("if test", "é = 'ü'\nif 'üé' == é: x\n") == ".......\n...#########...\n"


def test_the_body_of_an_if_ends_before_else():
    text = "if a:\n  b\n  if c: d\nelif e: f\nelse:\n  g\n"
    assert of("if body", text) == ".....\n..#\n#########\n........#\n.....\n...\n"


def test_a_decorated_function_begins_with_its_decorator():
    assert of("if body", "if a:\n  @d\n  def f(): x\n") == ".....\n..##\n############\n"


def test_brackets_in_strings_and_comments_are_none():
    assert of("bracket depth", "f('(', [1])  # ((\n") == "01111112210" + "000000" + "\n"


def test_indentation_goes_by_blocks_and_not_by_blanks():
    assert of("indentation", "if a:\n        b\n        if c:\n         d\ne\n") == (
        "00000\n111111111\n1111111111111\n2222222222\n0\n"
    )


def test_a_continued_line_keeps_its_block():
    assert of("indentation", "if a:\n  f(1,\n2)\nb\n") == "00000\n111111\n11\n0\n"


def test_keywords_are_those_of_every_version():
    assert of("keyword", "match = type if None else x\n") == ".".join(["." * 12, "##", "####", "####", "."]) + "\n"


@pytest.mark.parametrize("text", ["if x", "x = '", "def f(:\n", "a\n  b\n", "\0", "(" * 500], ids=repr)
def test_what_is_no_python_is_refused(text):
    with pytest.raises(DataError, match="no Python text"):
        PythonText(text)


def test_the_texts_own_warnings_stay_its_own():
    PythonText("x = '\\d' is 3\n")


@pytest.mark.parametrize("text", ["", "\n", "# only", "x", "if x:\n  y"])
def test_short_texts_have_labels_too(text):
    for label in PYTHON:
        assert label.of(text).shape == (len(text),)


def test_a_function_that_gives_too_few_values_is_refused():
    with pytest.raises(ShapeError, match=r"label 'mine' gave \(1,\) for 2 characters"):
        Label("mine", "", lambda text: np.zeros(1)).of("ab")


if __name__ == "__main__":
    for label_name, known in LABELS.items():
        fixture(label_name).write_text(drawn(known, SAMPLE), encoding="utf-8")
