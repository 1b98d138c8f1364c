"""Recipes in their quick form: floors are computed, test examples are unseen, answers are the net's own, all runs."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from tinygrad_seq.checkpoint import load
from tinygrad_seq.data import Labelled
from tinygrad_seq.errors import CheckpointError, ConfigError
from tinygrad_seq.recipes import RECIPES, Course
from tinygrad_seq.recipes.sentiment import Sentiment, naive_bayes
from tinygrad_seq.recipes.supervised import nearest

SHAPES = {"one-to-one", "one-to-many", "many-to-one", "many-to-many", "many-to-many, aligned"}
TEXTS = ("captions", "dates", "numbers", "addition")


@pytest.fixture
def text(tmp_path):
    path = tmp_path / "text.txt"
    path.write_text("to be or not to be, that is the question:\n" * 300)
    return str(path)


@pytest.fixture
def quick(text):
    """A recipe by its name, in a form that takes a second."""

    def course(name, **changes):
        if name == "digits":
            pytest.importorskip("sklearn")
        recipe = RECIPES[name]
        drawn = {"train": 120, "test": 40} if recipe.settings.train else {}
        own = {"data": text} if name == "characters" else {}
        small = {"steps": 6, "hidden_size": 8, "batch_size": 10}
        return Course(recipe, replace(recipe.settings, **{**small, **drawn, **own, **changes}))

    return course


def test_there_is_a_recipe_for_each_shape():
    assert {recipe.shape for recipe in RECIPES.values()} == SHAPES
    assert all(name == recipe.name for name, recipe in RECIPES.items())


@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_trains_measures_and_keeps_what_came_out(name, quick, tmp_path):
    course = quick(name)
    taken = list(course.steps())
    assert [reached.progress.step for reached in taken] == [1, 2, 3, 4, 5, 6]
    assert [step for step, _ in course.curve] == [1, 2, 3, 4, 5, 6]
    assert taken[-1].figures == course.figures == course.task.measure()
    measure = next(iter(course.figures))
    assert all(measure in floor and floor[measure] >= 0 for floor in course.floors.values())
    assert len(course.floors) == 2
    course.save(tmp_path / "kept")
    kept = json.loads((tmp_path / "kept" / "recipe.json").read_text())
    assert kept["figures"] == course.figures
    assert kept["floors"] == course.floors
    assert kept["seconds"].keys() == {"clock", "processor"}
    arrays, _ = load(tmp_path / "kept" / "weights.safetensors", must_have_hash=True)
    assert arrays.keys() == {parameter for parameter, _ in course.task.model.named_parameters()}


@pytest.mark.parametrize("name", RECIPES)
def test_the_same_seed_gives_the_same_course(name, quick):
    curves = []
    for seed in (3, 3, 4):
        course = quick(name, seed=seed)
        list(course.steps())
        curves.append((course.floors, course.curve))
    assert curves[0] == curves[1] != curves[2]


@pytest.mark.parametrize("name", TEXTS)
def test_texts_are_measured_by_what_the_net_writes_alone(name, quick):
    """Its answers do not change with the right ones, and a whole one is right where all of its characters are."""
    task = quick(name).task
    answers = task.answers(task.tested)
    spoilt = task.tested._replace(targets=np.zeros_like(task.tested.targets))
    np.testing.assert_array_equal(answers, task.answers(spoilt))
    right = answers == task.tested.targets
    assert task.measure() == {"exact": right.all(axis=1).mean(), "characters": right.mean()}


@pytest.mark.parametrize("name", ["captions", "sentiment", "dates", "numbers", "addition"])
def test_no_test_example_is_a_training_example(name, quick):
    task = quick(name).task
    learnt = {row.tobytes() for row in task.learnt.ids}
    assert not any(row.tobytes() in learnt for row in task.tested.ids)


def test_no_sum_of_the_test_is_learnt_in_the_other_order(quick):
    pairs = quick("addition", train=3000, test=300).task.pairs
    learnt, tested = ({frozenset(one.source[::-1].split("+")) for one in part} for part in (pairs.train, pairs.test))
    learnt, tested = ({frozenset(int(n) for n in pair) for pair in part} for part in (learnt, tested))
    assert len(tested) == 300
    assert not learnt & tested


@pytest.mark.parametrize("name", TEXTS)
def test_floors_of_texts_are_counted(name, quick):
    course = quick(name)
    learnt, tested = course.task.learnt, course.task.tested
    (blind, similar) = course.floors.values()
    guess = [max(set(column), key=lambda c: (list(column).count(c), -c)) for column in learnt.targets.T.tolist()]
    assert blind["characters"] == pytest.approx(np.mean(tested.targets == guess))
    x, y = (np.eye(99)[a] if a.dtype.kind in "iu" else a for a in (learnt.ids, tested.ids))
    far = ((y.reshape(len(y), 1, -1) - x.reshape(len(x), -1)) ** 2).sum(axis=-1)
    best = [np.flatnonzero(row <= row.min() + 1e-6) for row in far]
    assert all(i in own for i, own in zip(nearest(tested.ids, learnt.ids), best, strict=True))
    copied = learnt.targets[nearest(tested.ids, learnt.ids)] == tested.targets
    assert similar == {"exact": copied.all(axis=1).mean(), "characters": copied.mean()}


def test_a_bag_of_words_is_right_half_of_the_time_by_construction(quick):
    floors = quick("sentiment", train=400, test=200).floors
    assert [floor["right"] for floor in floors.values()] == [0.5, 0.5]


def test_naive_bayes_learns_what_words_tell():
    learnt = [Labelled("good soup", True), Labelled("bad soup", False), Labelled("good tea", True)]
    asked = [Labelled("good bread", True), Labelled("bad soup", False), Labelled("new words", True)]
    assert naive_bayes(learnt, asked).tolist() == [1, 0, 1]
    # a word counts as often as it is said
    assert naive_bayes(learnt, [Labelled("bad bad tea", False), Labelled("bad tea", True)]).tolist() == [0, 1]
    # P(positive) = 2/3; of bad: (0 + 1) / (4 + 4) against (1 + 1) / (2 + 4)
    assert naive_bayes(learnt, [Labelled("bad", False)]).tolist() == [int(2 / 3 * 1 / 8 > 1 / 3 * 2 / 6)]


def test_the_floors_of_digits_are_the_commonest_and_the_nearest_mean(quick):
    course = quick("digits")
    x, y = course.task.learnt.ids, course.task.learnt.targets
    means = [x[y == digit].mean(axis=0) for digit in range(10)]
    said = [np.argmin([((picture - mean) ** 2).sum() for mean in means]) for picture in course.task.tested.ids]
    common, mean = (floor["right"] for floor in course.floors.values())
    assert mean == pytest.approx(np.mean(said == course.task.tested.targets))
    assert common == np.mean(course.task.tested.targets == np.bincount(y).argmax())


def test_every_example_comes_once_before_one_comes_again(quick):
    task = quick("dates", train=30, batch_size=7).task
    drawn = [{row.tobytes() for row in batch.ids} for batch in task.batches(8)]
    assert len(set().union(*drawn[:4])) == len(set().union(*drawn[4:])) == 28
    assert drawn[:4] != drawn[4:]


def test_a_net_that_is_trained_longer_beats_its_floors(quick):
    course = quick("sentiment", train=600, test=100, steps=120, hidden_size=16, batch_size=32)
    list(course.steps())
    assert course.figures["right"] > 0.9
    assert course.beats_the_floors()


def test_to_beat_is_to_be_better_than_all_floors_and_less_of_a_loss_is_better():
    shares, losses = RECIPES["digits"], RECIPES["characters"]
    floors = {"a": {"right": 0.5}, "b": {"right": 0.6}}
    assert shares.beats({"right": 0.61}, floors)
    assert not shares.beats({"right": 0.6}, floors)
    assert losses.beats({"nats": 0.4}, {"a": {"nats": 0.5}})
    assert not losses.beats({"nats": 0.55}, {"a": {"nats": 0.5}, "b": {"nats": 0.6}})


def test_the_treebank_is_read_and_a_word_that_was_never_learnt_is_unknown(tmp_path, quick):
    for part, rows in {"train": ["1,good film", "0,bad film"], "dev": ["1,good good film", "1,dull"]}.items():
        (tmp_path / f"{part}_binary_sent.csv").write_text("\n".join(["label,sentence", *rows]) + "\n")
    task = quick("sentiment", data=str(tmp_path), batch_size=2).task
    assert isinstance(task, Sentiment)
    assert task.tested.ids.tolist() == [[4, 4, 3], [1, 0, 0]]
    assert task.tested.lengths.tolist() == [3, 1]
    assert task.floors()["a bag of words (naive Bayes)"] == {"right": 0.5}


def test_an_alignment_is_drawn_of_what_is_read_and_written(quick):
    task = quick("dates", attention=True).task
    assert "Where the net looked" in task.alignment(1).svg
    assert task.model.encoder.bidirectional
    plain = quick("dates", attention=False).task
    assert not plain.model.encoder.bidirectional
    with pytest.raises(ConfigError, match="no attention"):
        plain.alignment()


def test_the_answers_of_sums_are_shown_as_they_were_asked(quick):
    task = quick("addition").task
    assert all(sum(map(int, one.given.split("+"))) == int(one.wanted) for one in task.examples())


def test_what_a_recipe_has_not_cannot_be_changed():
    assert RECIPES["addition"].changed(cell="gru", attention=True).attention is True
    for name, given in (("digits", {"cell": "gru"}), ("captions", {"attention": True}), ("dates", {"data": "x"})):
        with pytest.raises(ConfigError, match=f"{name} has no {next(iter(given))}"):
            RECIPES[name].changed(**given)
    with pytest.raises(ConfigError, match="steps=0"):
        RECIPES["digits"].changed(steps=0)


def test_a_folder_that_cannot_be_made_is_a_checkpoint_error(tmp_path, quick):
    course = quick("dates")
    course.measure(0)
    (tmp_path / "file").write_text("")
    with pytest.raises(CheckpointError, match="--out"):
        course.save(tmp_path / "file" / "folder")
