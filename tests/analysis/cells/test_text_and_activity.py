"""The text in three parts, and what the units do while it is read."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_seq as tg
from tinygrad_seq.analysis.cells import activity, parts, passages
from tinygrad_seq.analysis.cells.passages import read_passage
from tinygrad_seq.analysis.labels import ANY_TEXT, PYTHON, matching
from tinygrad_seq.data import Corpus
from tinygrad_seq.errors import DataError
from tinygrad_seq.models import CharLM

A = matching("a", "a")


def test_documents_stay_whole_and_no_symbol_is_in_two_parts():
    documents = [(f"{n}.txt", chr(0x4E00 + n) * 100) for n in range(50)]
    text = parts(Corpus.from_documents(documents, source="here"), [A])
    seen = [set(part.ids.tolist()) for part in (text.search, text.threshold, text.test)]
    assert [len(found) for found in seen] == [20, 10, 20]
    assert not (seen[0] & seen[1]) | (seen[0] & seen[2]) | (seen[1] & seen[2])


def test_one_document_is_cut_where_the_shares_say():
    text = parts(Corpus.from_text("ab" * 1000), [A])
    assert [len(p) for p in (text.search, text.threshold, text.test)] == [800, 400, 800]
    for part in (text.search, text.threshold, text.test):
        np.testing.assert_array_equal(part.values["a"], part.ids == 0)


def test_what_a_label_cannot_read_is_left_out_and_said():
    documents = [("good.py", "x = 'a'\n" * 200), ("bad.py", "if x\n")]
    text = parts(Corpus.from_documents(documents, source="here"), PYTHON)
    assert (len(text), text.skipped) == (1600, ("bad.py",))
    with pytest.raises(DataError, match=r"too few to find cells in: 1,000 at least; no label could read bad.py"):
        parts(Corpus.from_documents(documents[1:], source="here"), PYTHON)


def test_a_limit_takes_the_first_symbols():
    assert len(parts(Corpus.from_text("ab" * 1000), [A], limit=1500)) == 1500


def test_bytes_have_the_labels_of_their_characters():
    raw = "aé€b".encode() * 300 + b"\xff" * 3
    text = parts(Corpus.from_text(raw, vocab="bytes"), [matching("e", "é|€"), *ANY_TEXT])
    values = np.concatenate([part.values["e"] for part in (text.search, text.threshold, text.test)])
    ids = np.concatenate([part.ids for part in (text.search, text.threshold, text.test)])
    np.testing.assert_array_equal(values, (ids >= 0x80) & (ids != 0xFF))


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_the_streams_together_are_the_text(cell):
    """A stream begins as if it had read the 200 symbols before it, and its symbols come in the order of the text."""
    tg.manual_seed(0)
    model = CharLM(Corpus.from_text("abc").vocab, hidden_size=5, num_layers=2, cell=cell, dropout=0.5)
    ids = np.random.default_rng(0).integers(0, 3, 1003)
    letter = "c" if cell == "lstm" else "h"
    with activity(model, ids, only=[letter]) as seen:
        found = seen.columns("rnn.l1", letter, slice(1, 4))
        at = np.array([0, 200, 201, 1002])
        np.testing.assert_array_equal(seen.rows("rnn.l1", letter, at)[:, 1:4], found[:, at].T)
    assert found.shape == (3, 1003)
    starts = range(0, 1005, 201)
    for start in starts[:5]:
        piece = ids[max(0, start - 200) : start + 201]
        model.eval()
        with tg.record(model) as tape, tg.no_grad():
            model(piece[None])
        alone = tape.layers["rnn.l1"][letter][-len(ids[start : start + 201]) :, 0, 1:4].T
        expected = np.tanh(alone) if letter == "c" else alone
        np.testing.assert_allclose(found[:, start : start + 201], expected, rtol=1e-5, atol=1e-6)


def test_passages_show_every_label_and_say_what_comes_next():
    tg.manual_seed(0)
    content = "x" * 3000 + "(abc) " * 100 + "y" * 3000 + "AB12" * 200
    corpus = Corpus.from_text(content)
    labels = [label for label in ANY_TEXT if label.name in ("brackets", "digit", "capital")]
    text = parts(Corpus.from_text(content * 4, vocab=corpus.vocab), labels)
    model = CharLM(corpus.vocab, hidden_size=6)
    shown, best = passages(model, text.test, [label.name for label in labels], ["c", "f"], length=200)
    for label in labels:
        values = shown[best[label.name]].values[label.name]
        assert 0 < values.sum() < 200
    first = shown[0]
    assert "".join(first.text) == corpus.vocab.decode(text.test.ids[first.start : first.start + 200])
    assert first.units[1, "c"].shape == first.units[1, "f"].shape == (200, 6)
    assert np.abs(first.units[1, "c"]).max() < 1
    probabilities = [[p for _, p in guesses] for guesses in first.guesses]
    assert all(len(row) == 5 and row == sorted(row, reverse=True) and sum(row) <= 1 for row in probabilities)


def test_a_passage_is_read_in_the_state_of_what_stands_before_it():
    tg.manual_seed(0)
    corpus = Corpus.from_text("ab(c) " * 1000)
    model = CharLM(corpus.vocab, hidden_size=6)
    text = parts(corpus, [A])
    late = read_passage(model, text.test, 1000, 1050, ["h"])
    with tg.record(model) as tape, tg.no_grad():
        model.eval()(text.test.ids[None, 600:1050].astype(int))
    np.testing.assert_allclose(late.units[1, "h"], tape.layers["rnn.l0"]["h"][-50:, 0], rtol=1e-4, atol=1e-6)
