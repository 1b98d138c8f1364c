"""Numbers over time: a column of a CSV file, and windows to predict from."""

from __future__ import annotations

import csv
import io
import math
from typing import Any

import numpy as np
import numpy.typing as npt

from tinygrad_seq.data.reading import PathLike, decode_utf8, read_bytes
from tinygrad_seq.errors import ConfigError, DataError


def series(path: PathLike, column: str) -> npt.NDArray[np.float64]:
    """One column of a CSV file with a header, shape (rows,).

    Raises:
        DataError: the file is missing, empty or not UTF-8, has no such column, or a value in it is no finite number.
    """
    text = decode_utf8(read_bytes(path), str(path))
    rows = csv.reader(io.StringIO(text), strict=True)
    values: list[float] = []
    try:
        header = [name.strip() for name in next(rows, [])]
        if column not in header:
            raise DataError(
                f"{path} has no column {column!r}. Its columns are: {', '.join(map(repr, header)) or 'none'}."
            )
        place = header.index(column)
        values.extend(_number(row, place, f"{path}, line {rows.line_num}, column {column!r}") for row in rows if row)
    except csv.Error as error:
        raise DataError(f"{path}, line {rows.line_num}: {error}.") from error
    if not values:
        raise DataError(f"{path} has a header and no rows.")
    return np.array(values)


def windows(
    values: npt.ArrayLike, length: int, horizon: int = 1
) -> tuple[npt.NDArray[np.floating[Any]], npt.NDArray[np.floating[Any]]]:
    """Each stretch of `length` values with the value `horizon` steps after its end.

        x[n, t] = values[n + t]        y[n] = values[n + length - 1 + horizon]

    Returns:
        x of shape (N, length, 1) and y of shape (N, 1), where N = len(values) - length - horizon + 1.

    Raises:
        DataError: the series has fewer than `length + horizon` values.

    >>> x, y = windows([1.0, 2.0, 3.0, 4.0, 5.0], length=3)
    >>> x[:, :, 0].tolist(), y[:, 0].tolist()
    ([[1.0, 2.0, 3.0], [2.0, 3.0, 4.0]], [4.0, 5.0])
    """
    if length < 1 or horizon < 1:
        raise ConfigError(f"length and horizon must be at least 1, got {length} and {horizon}.")
    numbers = np.asarray(values, np.float64)
    if numbers.ndim != 1 or len(numbers) < length + horizon:
        raise DataError(
            f"Windows of length {length} and horizon {horizon} need a row of {length + horizon} values at least, "
            f"got shape {numbers.shape}. Lower length or horizon."
        )
    x = np.lib.stride_tricks.sliding_window_view(numbers[:-horizon], length)
    return x[:, :, None].copy(), numbers[length - 1 + horizon :, None].copy()


def _number(row: list[str], place: int, where: str) -> float:
    if place >= len(row):
        raise DataError(f"{where}: the row has only {len(row)} cells.")
    try:
        value = float(row[place])
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise DataError(f"{where}: {row[place]!r} is not a finite number. Fill it in or take the row out.")
    return value
