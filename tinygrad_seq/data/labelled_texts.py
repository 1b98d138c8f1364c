"""Texts that somebody has judged: positive or negative."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, NamedTuple

from tinygrad_seq.data.reading import PathLike, decode_utf8, read_bytes
from tinygrad_seq.errors import DataError

HEADER = ("label", "sentence")


class Labelled(NamedTuple):
    """A text and whether it is positive."""

    text: str
    positive: bool


def labelled(path: PathLike) -> list[Labelled]:
    """The rows of a CSV file whose header is `label,sentence`; a label is 1 (positive) or 0 (negative).

    Raises:
        DataError: the file is missing, not UTF-8, has no rows or another header, or a label is neither 0 nor 1.
    """
    rows = csv.reader(io.StringIO(decode_utf8(read_bytes(path), str(path)), newline=""), strict=True)
    examples = []
    try:
        header = tuple(next(rows, []))
        if header != HEADER:
            raise DataError(f"{path} begins with {','.join(header)!r}; expected the header {','.join(HEADER)!r}.")
        for row in filter(None, rows):
            if len(row) != len(HEADER) or row[0] not in {"0", "1"}:
                raise DataError(f"{path}, line {rows.line_num}: expected 0 or 1, a comma, a sentence; got {row!r:.80}.")
            examples.append(Labelled(row[1], row[0] == "1"))
    except csv.Error as error:
        raise DataError(f"{path}, line {rows.line_num}: {error}.") from error
    if not examples:
        raise DataError(f"{path} has a header and no rows.")
    return examples


def write_labelled(path: PathLike, examples: Sequence[Labelled]) -> None:
    """Write rows that `labelled` reads."""
    lines = io.StringIO(newline="")
    rows = csv.writer(lines, lineterminator="\n")
    rows.writerow(HEADER)
    rows.writerows((int(positive), text) for text, positive in examples)
    Path(path).write_text(lines.getvalue(), encoding="utf-8", newline="\n")


def sst2(folder: PathLike, part: Literal["train", "dev", "test"]) -> list[Labelled]:
    """A part of the Stanford Sentiment Treebank, whole sentences with two labels, from files that you have.

    The files are those that Radford et al. (2017) published beside their code: `train_binary_sent.csv` (6,920
    sentences), `dev_binary_sent.csv` (872) and `test_binary_sent.csv` (1,821). This package neither holds nor downloads
    them: the sentences are from film reviews and carry no licence.

    Raises:
        DataError: the file is not in the folder, or cannot be read as `labelled` reads it.
    """
    path = Path(folder) / f"{part}_binary_sent.csv"
    if not path.is_file():
        raise DataError(
            f"There is no {path.name} in {path.parent}. It stands in the folder data/ of the repository "
            "openai/generating-reviews-discovering-sentiment; copy it from there."
        )
    return labelled(path)
