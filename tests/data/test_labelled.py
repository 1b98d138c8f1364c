"""Reviews, prepared for a model of bytes, and reviews with labels."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tinygrad_seq.data import Labelled, labelled, prepared, sst2
from tinygrad_seq.errors import DataError


@pytest.mark.parametrize(
    ("review", "expected"),
    [
        ("Fine.", b"\n Fine. "),
        ("  Fine.\n\n", b"\n Fine. "),
        ("a &lt;b&gt; &amp;amp; &#39;c&#39;", b"\n a <b> &amp; 'c' "),
        ("one\ntwo\\nthree", b"\n one two three "),
        ("né", b"\n n\xc3\xa9 "),
        ("", b"\n  "),
    ],
)
def test_a_review_is_unescaped_put_on_one_line_and_set_apart(review, expected):
    assert prepared(review) == expected


def written(folder: Path, text: str, name: str = "rows.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_rows_are_read_with_their_quotes(tmp_path: Path):
    path = written(tmp_path, 'label,sentence\n1,"Good, and ""cheap""."\n0,Not\xe9.\n\n')
    assert labelled(path) == [Labelled('Good, and "cheap".', True), Labelled("Not\xe9.", False)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("sentence,label\nGood,1\n", "begins with 'sentence,label'; expected the header 'label,sentence'"),
        ("label,sentence\n2,Good\n", "line 2: expected 0 or 1"),
        ("label,sentence\n1,Good, cheap\n", "line 2: expected 0 or 1, a comma, a sentence"),
        ("label,sentence\n1\n", "line 2"),
        ('label,sentence\n1,"Good\n', "unexpected end of data"),
        ("label,sentence\n", "has a header and no rows"),
        ("", "begins with ''"),
    ],
)
def test_rows_that_make_no_sense_are_refused_with_their_line(tmp_path: Path, text, message):
    with pytest.raises(DataError, match=re.escape(message)):
        labelled(written(tmp_path, text))


def test_the_treebank_is_read_by_part(tmp_path: Path):
    written(tmp_path, "label,sentence\n0,Dull.\n", "dev_binary_sent.csv")
    assert sst2(tmp_path, "dev") == [Labelled("Dull.", False)]


def test_a_part_that_is_absent_is_named_with_its_source(tmp_path: Path):
    with pytest.raises(DataError, match=r"There is no test_binary_sent\.csv in .* It stands in .*openai/generating"):
        sst2(tmp_path, "test")
