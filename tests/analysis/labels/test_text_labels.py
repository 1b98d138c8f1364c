"""Labels of any text, of C text, and those of the user's own."""

from __future__ import annotations

import sysconfig
from pathlib import Path

import numpy as np
import pytest

from tinygrad_seq.analysis.labels import ANY_TEXT, SPEAKER, C, CText, Label, chosen, known, matching, usual
from tinygrad_seq.errors import ConfigError

LABELS = {label.name: label for label in (*ANY_TEXT, *C, SPEAKER)}


def of(name, text):
    values = LABELS[name].of(text)
    if values.dtype != bool:
        return values.astype(int).tolist()
    return "".join("\n" if c == "\n" else ".#"[int(v)] for c, v in zip(text, values, strict=True))


def test_position_in_line_and_to_the_newline():
    assert of("position in line", "ab\n\nc") == [0, 1, 2, 0, 0]
    assert of("to newline", "abc\n\nd") == [2, 1, 0, 0, 0, 0]
    assert LABELS["newline coming"].of("ab\n\nc").tolist() == [False, True, True, False, False]


def test_position_in_word_counts_from_one():
    assert of("position in word", "ab 3é_x") == [1, 2, 0, 1, 2, 0, 1]


def test_capitals_and_digits():
    assert of("capital", "aÉB1") == ".##."
    assert of("digit", "aB1٣") == "..##"


def test_quotes_open_and_close_and_end_with_the_paragraph():
    assert of("quotes", 'a "b c" d') == "..####..."
    assert of("quotes", "“a” b") == "##..."
    assert of("quotes", '"a\n\nb "c"') == "##" + "\n" + "\n" + "..##."


def test_brackets_need_an_opening_one():
    assert of("brackets", "a) (b[c]) d") == "...#####..."
    assert of("brackets", "(a\n\nb)") == "##\n\n.."


def test_a_speakers_line_is_the_name_and_its_colon():
    assert of("speaker", "First Citizen:\nWe are: so\nROMEO:\nO:") == "#" * 14 + "\n" + "." * 10 + "\n######\n##"


def test_every_label_takes_every_text():
    for text in ("", "\n", "x", "\n\n", "\ud800é", '"(['):
        for label in LABELS.values():
            assert label.of(text).shape == (len(text),)


def test_ones_own_label_by_a_pattern_or_a_function():
    assert matching("loops", r"\bfor\b").of("for fork").tolist() == [True] * 3 + [False] * 5
    assert matching("first", "^a").of("a\na").tolist() == [True, False, True]
    assert Label("vowel", "", lambda text: np.array([c in "aeiou" for c in text])).of("abe").tolist() == [1, 0, 1]
    with pytest.raises(ConfigError, match="'mine': '\\(' is no regular expression"):
        matching("mine", "(")


def test_labels_are_chosen_by_the_kind_of_text():
    assert usual(["a.py", "b.py", "c.txt"])[0].name == "string"
    assert usual(["a.c", "b.h"])[0].name == "C string"
    assert usual(["a", "b"])[-1] is SPEAKER
    assert [label.name for label in chosen(["digit", "x=y"], ["a.py"])] == ["digit", "x"]
    assert chosen([], ["a.py"]) == usual(["a.py"])
    with pytest.raises(ConfigError, match=r"no label 'strings'. Known are: string, .*NAME|no label 'strings'"):
        chosen(["strings"], [])
    assert len(known()) >= 24


C_TEXT = r"""
if (a && f("(", ')')) { b; if (c) d; } else if (e) g; else h;
/* if (no) { */ // if (no) no;
#define X if (no) { \
    no
while (x) if (y) for (;;) { z; } w;
#if (no)
if (a) do { b; } while (c); d
"""
C_CONDITION = r"""
...################.............#................#...........
...............................
...................
......
..............#.................
........
...#.........................
"""


def marks(values, text):
    return "".join("\n" if c == "\n" else ".#"[int(v)] for c, v in zip(text, values, strict=True))


def inside(values, text, of):
    """The pieces of a text where a label holds."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], values.astype(int), [0]])))
    assert len(edges) % 2 == 0, of
    return [text[a:b] for a, b in edges.reshape(-1, 2)]


def test_conditions_of_c_are_what_stands_in_the_brackets_of_an_if():
    found = inside(CText(C_TEXT).condition(), C_TEXT, "condition")
    assert found == ["(a && f(\"(\", ')')", "(c", "(e", "(y", "(a"]


def test_bodies_of_c_are_blocks_and_single_statements():
    found = inside(CText(C_TEXT).body(), C_TEXT, "body")
    assert found == [" { b; if (c) d; ", " g", " for (;;) { z; ", " do { b; } while (c)"]


def test_comments_and_strings_of_c():
    text = 'a; /* "x" */ "y\\"/*" // z\nb'
    assert inside(LABELS["C comment"].of(text), text, "comment") == ['* "x" *', "/ z"]
    assert inside(LABELS["C string"].of(text), text, "string") == ['"y\\"/*']


def test_chains_of_else_if_and_unbalanced_code_end():
    long = "if (a) b; " + "else if (a) b; " * 3000
    assert CText(long).body().sum() == 2 * 3001
    for text in ("if (", "if (a)", "if (a) {", "if (a) }", "else", ")", "do", "if (a) if (b)"):
        CText(text).body()


def test_pythons_own_headers_can_be_read():
    folder = Path(sysconfig.get_paths()["include"])
    headers = sorted(folder.glob("*.h"))
    if not headers:
        pytest.skip("this Python has no headers")
    text = "".join(path.read_text(encoding="utf-8", errors="replace") for path in headers)
    read = CText(text)
    assert 0 < read.condition().sum() < read.body().sum() < len(text) / 2
