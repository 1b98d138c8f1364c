"""An alignment: a row for each symbol written, a column for each read, colour by weight."""

from __future__ import annotations

import numpy as np
import pytest

from tinygrad_seq.errors import ShapeError
from tinygrad_seq.viz import alignment

WEIGHTS = np.array([[0.7, 0.2, 0.1], [0.0, 0.25, 0.75]])


@pytest.fixture
def svg(read_svg):
    return read_svg(alignment("a <", "xy", WEIGHTS).svg)


def cells(svg):
    return [rect for rect in svg.all("rect") if rect.get("rx")]


def test_each_weight_is_a_cell_of_its_colour_in_its_row_and_column(svg):
    drawn = cells(svg)
    assert [float(rect.get("fill-opacity")) for rect in drawn] == WEIGHTS.reshape(-1).tolist()
    x, y = (np.array([float(rect.get(axis)) for rect in drawn]).reshape(2, 3) for axis in "xy")
    assert (x == x[0]).all()
    assert (y == y[:, :1]).all()
    assert (np.diff(x[0]) > 0).all()
    assert y[1, 0] > y[0, 0]


def test_symbols_stand_over_their_columns_and_before_their_rows(svg):
    at = {text.text: (float(text.get("x")), float(text.get("y"))) for text in svg.all("text")}
    first, *_, last = cells(svg)
    left, top, side = (float(first.get(name)) for name in ("x", "y", "width"))
    assert left < at["a"][0] < left + side
    assert at["a"][1] < top
    assert at["x"][0] < left
    assert top < at["x"][1] < top + side
    assert float(last.get("y")) < at["y"][1] < float(last.get("y")) + side
    assert "␣" in at
    assert "<" in at


def test_the_largest_of_each_row_has_a_frame_and_every_cell_says_its_weight(svg):
    framed = [rect.get("stroke") == "var(--hot)" for rect in cells(svg)]
    assert framed == [True, False, False, False, False, True]
    assert "70.0% of what is looked up to write x is a" in [title.text for title in svg.all("title")]


def test_weights_of_another_shape_are_refused():
    with pytest.raises(ShapeError, match=r"\(2, 3\) for 3 symbols written, 2 read"):
        alignment("ab", "xyz", WEIGHTS)
