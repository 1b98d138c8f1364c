"""Every equation of the page "Equations to code" is computed by a symbol that is there and that states it."""

from __future__ import annotations

import pytest

from docs.site.equations import TABLE, page, said, value
from docs.site.reference import listing

ROWS = [row for rows in TABLE.values() for row in rows]
every_row = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)


@every_row
def test_its_symbol_states_it(row):
    assert row.stated
    assert [line for line in row.stated if line not in said(row.symbol)] == []


@every_row
def test_its_link_leads_into_the_reference(row):
    assert f"tinygrad_seq.{row.public or row.symbol}" in {name.path for name in listing()}


def test_the_symbol_of_an_operation_is_its_class():
    assert value("ops.tanh").__name__ == "Tanh"


def test_what_the_lecture_names_is_there():
    names = " ".join(row.name for row in ROWS)
    wanted = ("Dense layer", "Softmax cross-entropy", "plain recurrent net", "LSTM", "GRU", "mLSTM", "Truncated BPTT")
    wanted += ("Clipping", "Teacher forcing", "Momentum", "Nesterov", "Adagrad", "Adadelta", "RMSProp", "Adam")
    assert [name for name in wanted if name not in names] == []
    assert page().count("\n### ") == len(ROWS)
