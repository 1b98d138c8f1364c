"""The page of coloured text: what it holds, and that text of any kind stays text."""

from __future__ import annotations

import json
import re
from base64 import b64decode, b64encode
from hashlib import sha256

import numpy as np
import pytest

from tinygrad_seq.errors import ShapeError
from tinygrad_seq.viz.coloured import Channel, Row, Section, Stretch, coloured
from tinygrad_seq.viz.scatter import scatter

HOSTILE = "</script><script>alert(1)</script><!--\0\x1b\"'&\u202e\ud800"
TANH = Channel("layer 1: tanh(c)", -1.0, 1.0)
GATE = Channel("layer 1: f", 0.0, 1.0)


def page_of(text="ab\nc", name="here", label="vowel"):
    rng = np.random.default_rng(0)
    stretch = Stretch(
        name,
        list(text),
        [[(symbol, 0.6), ("x", 0.2)] for symbol in text],
        {label: [symbol in "aeiou" for symbol in text]},
        {TANH.name: rng.uniform(-1, 1, (len(text), 3)), GATE.name: rng.uniform(0, 1, (len(text), 3))},
    )
    picture = scatter([(name, [(0.2, 0.4, text)])], "below", "above", text)
    return coloured(
        name,
        text,
        [TANH, GATE],
        [stretch],
        columns=[(label, name)],
        rows=[Row([text, label], 0, TANH.name, 1, label)],
        notes=[text],
        sections=[Section(name, text, picture)],
    ), stretch


def data_of(page):
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page.html, re.DOTALL)
    return json.loads(found[1])


def test_every_unit_has_a_byte_for_each_symbol():
    page, stretch = page_of()
    [data] = data_of(page)["stretches"]
    for channel in (TANH, GATE):
        packed = data["units"][channel.name]
        levels = np.frombuffer(b64decode(packed["levels"]), np.uint8).reshape(packed["count"], 4)
        found = channel.low + (channel.high - channel.low) * levels / 254
        np.testing.assert_allclose(found, stretch.units[channel.name].T, atol=1 / 254 + 1e-9)


def test_the_middle_is_a_level_of_its_own_and_what_is_beyond_the_ends_is_at_the_ends():
    values = np.array([[-2.0], [-1.0], [0.0], [1.0], [7.0], [np.nan]])
    stretch = Stretch("a", "abcdef", [[]] * 6, {}, {TANH.name: values})
    [data] = data_of(coloured("a", "b", [TANH], [stretch]))["stretches"]
    assert list(b64decode(data["units"][TANH.name]["levels"])) == [0, 0, 127, 254, 254, 0]


def test_text_labels_and_guesses_stand_in_the_page():
    data = data_of(page_of()[0])
    [stretch] = data["stretches"]
    assert stretch["text"] == ["a", "b", "\n", "c"]
    assert stretch["guesses"][2] == [["\n", 0.6], ["x", 0.2]]
    assert stretch["labels"] == {"vowel": "1000"}
    assert data["rows"] == [{"stretch": 0, "channel": TANH.name, "unit": 1, "label": "vowel"}]
    assert [c["name"] for c in data["channels"]] == [TANH.name, GATE.name]


def test_one_script_by_its_hash_no_network_and_hostile_text_stays_text(read_page):
    hostile, harmless = (page_of(text, text, text)[0].html for text in (HOSTILE, "harmless"))
    policy = re.search(r'Content-Security-Policy" content="(.*?)"', hostile)[1].replace("&#39;", "'")
    program = re.search(r"<script>(.*?)</script>", hostile, re.DOTALL)[1]
    digest = b64encode(sha256(program.encode()).digest()).decode()
    assert policy == f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"
    page = read_page(hostile)
    assert page.tags == read_page(harmless).tags
    assert [(tag, name) for tag, name, _ in page.attributes] == [
        (tag, name) for tag, name, _ in read_page(harmless).attributes
    ]
    assert not {"link", "img", "iframe", "object", "base", "form", "a"} & set(page.tags)


def test_units_of_another_length_are_refused():
    stretch = Stretch("here", "abc", [[]] * 3, {}, {TANH.name: np.zeros((2, 5))})
    with pytest.raises(ShapeError, match=r"'layer 1: tanh\(c\)' of 'here' is \(2, 5\) for 3 symbols"):
        coloured("a", "b", [TANH], [stretch])


def test_a_scatter_has_its_points_where_they_belong():
    svg = scatter([("f", [(0.0, 1.0, "unit 3")]), ("i", [(1.0, 0.0, "unit 4")])], "x", "y", "Gates").svg
    circles = re.findall(r'<circle cx="([\d.]+)" cy="([\d.]+)".*?<title>(.*?)</title>', svg)
    assert [what for *_, what in circles] == ["unit 3", "unit 4"]
    (x0, y0), (x1, y1) = [(float(x), float(y)) for x, y, _ in circles]
    assert (x0, y0) == (46, 34)
    assert (x1, y1) == (46 + 230 + 40 + 230, 34 + 230)
