"""Every example of the page "Differences from PyTorch" prints what stands below it."""

from __future__ import annotations

import doctest
import warnings
from textwrap import dedent

import pytest

import tinygrad_seq as tg
from docs.site.torch_page import TABLE, page

ROWS = [row for rows in TABLE.values() for row in rows]
every_row = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)


def failures(example, **names):
    """Return what doctest says of an example."""
    test = doctest.DocTestParser().get_doctest(dedent(example), names, "example", None, None)
    assert test.examples
    said = []
    doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(test, out=said.append)
    return "".join(said)


@every_row
def test_ours_prints_what_it_shows(row):
    tg.manual_seed(0)
    assert failures(row.ours, tg=tg) == ""


@pytest.mark.oracle
@every_row
def test_pytorchs_prints_what_it_shows(row):
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of dropout that does nothing: what the row is about
        assert failures(row.theirs, torch=torch) == ""


def test_an_example_that_prints_something_else_is_found():
    assert "Expected:\n    3\nGot:\n    2" in failures(">>> 1 + 1\n3")


def test_the_page_shows_every_pair():
    shown = page()
    assert shown.count("**tinygrad_seq**") == shown.count("**PyTorch**") == len(ROWS)
    assert all(line.strip() in shown for row in ROWS for line in (row.ours + row.theirs).splitlines())
