"""A numeric column, and the windows to predict from."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygrad_seq.data import series, windows
from tinygrad_seq.errors import ConfigError, DataError


@pytest.fixture
def csv(tmp_path):
    def write(content):
        path = tmp_path / "prices.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def test_the_chosen_column_is_read(csv):
    path = csv('date, price ,volume\r\n2013-02-11,24.5,7\r\n\r\n"2013-02-14","1e3",8\r\n')
    assert series(path, "price").tolist() == [24.5, 1000]
    assert series(str(path), "volume").tolist() == [7, 8]


def test_a_byte_order_mark_and_line_breaks_in_cells_are_no_trouble(csv):
    assert series(csv('\ufeffprice,note\n1,"two\nlines"\n2,a\u2028b'), "price").tolist() == [1, 2]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "no column 'price'. Its columns are: none"),
        ("date,Price\n1,2\n", "no column 'price'. Its columns are: 'date', 'Price'"),
        ("date,price\n", "a header and no rows"),
        ("price\n1\n\nabc\n", "line 4, column 'price': 'abc' is not a finite number"),
        ("price\n1\nnan\n", "'nan' is not a finite number"),
        ("price\ninf\n", "'inf' is not"),
        ("date,price\n1,\n", "'' is not"),
        ("date,price\n1,2\n3\n", "line 3, column 'price': the row has only 1 cells"),
        ('price\n"1"2\n', "line 2"),
        (b"price\n\xe9\n", r"not UTF-8: byte 0xe9 at offset 6 \(line 2\)"),
    ],
)
def test_what_cannot_be_read_is_named_with_its_place(csv, content, message):
    with pytest.raises(DataError, match=message):
        series(csv(content), "price")


def test_a_missing_file_is_a_data_error(tmp_path):
    with pytest.raises(DataError, match="no file"):
        series(tmp_path / "nowhere.csv", "price")


@given(st.integers(2, 40), st.integers(1, 10), st.integers(1, 5))
def test_y_stands_horizon_steps_after_the_end_of_x(n, length, horizon):
    values = np.arange(n) * 0.5
    if n < length + horizon:
        with pytest.raises(DataError, match=f"{length + horizon} values at least"):
            windows(values, length, horizon)
        return
    x, y = windows(values, length, horizon)
    assert x.shape == (n - length - horizon + 1, length, 1)
    assert y.shape == (len(x), 1)
    for i in range(len(x)):
        assert (x[i, :, 0] == values[i : i + length]).all()
        assert y[i, 0] == values[i + length - 1 + horizon]


def test_windows_are_the_callers_own():
    values = np.arange(5.0)
    x, y = windows(values, 2)
    x[0] = y[0] = -1
    assert values.tolist() == [0, 1, 2, 3, 4]
    assert x[1, 0, 0] == 1


@pytest.mark.parametrize("wrong", [(0, 1), (1, 0)])
def test_length_and_horizon_are_at_least_one(wrong):
    with pytest.raises(ConfigError):
        windows(np.arange(9.0), *wrong)
