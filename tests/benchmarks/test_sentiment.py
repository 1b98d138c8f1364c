"""The sentiment neuron, found: the quick form of the benchmark, and what it is made of."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("sklearn")

from benchmarks.sentiment import QUICK, Plan, from_scratch, measure
from benchmarks.sentiment_sst2 import lines, words_and_pairs
from tinygrad_seq.data import Labelled, valence


@pytest.mark.slow
def test_a_unit_holds_the_mood_after_reading_without_labels_and_none_does_untrained():
    results = measure(QUICK)
    assert results["trained"]["unit_accuracy"] >= 0.95
    assert results["trained"]["probe_accuracy"] >= 0.95
    assert results["untrained"]["unit_accuracy"] <= 0.6
    assert results["untrained"]["probe_accuracy"] <= 0.6
    advice = results["good_advice"]
    assert advice["positive sentence, unit free"] >= 0.9
    assert advice["negative sentence, unit free"] <= 0.1
    assert advice["negative sentence, unit held positive"] > advice["negative sentence, unit free"] + 0.3
    assert advice["positive sentence, unit held negative"] < advice["positive sentence, unit free"] - 0.3


def test_labels_are_counted_beside_a_net_that_has_nothing_else():
    plan = replace(QUICK, steps=10, reviews=500, labelled=40, dev=40, test=60, counts=(4, 20), scratch_steps=5)
    rows = measure(plan)["labels"]
    assert [row["labels"] for row in rows] == [4, 20]
    assert all(0 <= row[by] <= 1 for row in rows for by in ("probe", "scratch"))


def test_a_net_from_scratch_learns_what_a_single_word_tells():
    """It is a fair opponent where the task is easy: here "good" is good and "bad" is bad."""
    easy = [
        Labelled(f"the {dish} is {word}.", word == "good")
        for dish in ("tea", "soup", "pie")
        for word in ("good", "bad")
    ]
    corpus = valence(reviews=1, train=1, dev=1, test=1)._replace(train=easy * 5, dev=easy, test=easy)
    assert from_scratch(corpus, 30, Plan(scratch_steps=100)) == 1


def test_reviews_are_lines_or_a_column(tmp_path):
    path = tmp_path / "rows.tsv"
    path.write_text("1\t0.5\tgood one\n\n2\t-0.5\tbad one\n")
    assert lines(path, 3) == ["good one", "bad one"]
    assert lines(path, None) == ["1\t0.5\tgood one", "2\t-0.5\tbad one"]


def test_words_and_pairs_learn_a_negation_of_two_words():
    texts = {"not good at all": False, "good": True, "so good": True, "not good": False, "bad": False, "not bad": True}
    examples = [Labelled(text, positive) for text, positive in texts.items()] * 5
    assert words_and_pairs(examples, examples) > np.mean([positive for _, positive in examples])
