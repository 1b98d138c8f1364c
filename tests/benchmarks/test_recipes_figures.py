"""The figures of docs/recipes.md are those of the results that are kept, and they beat their floors."""

from __future__ import annotations

import re

import pytest

from benchmarks.readme import replaced
from benchmarks.recipes import BEGIN, DOC, block, measured, results
from tinygrad_seq.recipes import RECIPES, Course

TEXT = DOC.read_text("utf-8")
KEPT = results()
TARGETS = {"addition": 0.99, "dates": 0.99, "captions": 0.98, "sentiment": 0.99, "digits": 0.95, "numbers": 0.99}


def test_the_page_shows_the_kept_results():
    assert replaced(TEXT, block(KEPT), BEGIN) == TEXT, "differs: python -m benchmarks.recipes --doc"


def test_a_figure_edited_by_hand_is_noticed():
    edited = re.sub(r"\d\d\.\d %", "99.9 %", TEXT[TEXT.index(BEGIN) :], count=1)
    assert replaced(edited, block(KEPT), BEGIN) != edited


@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_was_measured_with_its_own_settings_and_beats_its_floors(name):
    kept = KEPT[name]
    assert RECIPES[name].beats(kept["figures"], kept["floors"])
    assert kept["settings"]["steps"] == kept["curve"][-1][0] == RECIPES[name].settings.steps
    assert RECIPES[name].changed(steps=kept["settings"]["steps"]) == RECIPES[name].settings
    assert kept["figures"] == kept["curve"][-1][1]


@pytest.mark.parametrize(("name", "target"), TARGETS.items())
def test_the_figures_asked_for_are_reached(name, target):
    assert next(iter(KEPT[name]["figures"].values())) >= target


def test_a_measurement_holds_what_the_page_needs(capsys):
    recipe = RECIPES["sentiment"]
    changed = {"steps": 2, "train": 40, "test": 20, "hidden_size": 4}
    course = Course(recipe, type(recipe.settings)(**{**vars(recipe.settings), **changed}))
    kept = measured(course)
    assert "step 2, " in capsys.readouterr().out
    assert kept["figures"] == course.figures
    assert all(said != wanted for _, wanted, said in kept["wrong"])
    environment = {"date": "2026-11-25", "cpu": "a", "python": "3", "numpy": "2", "cores": 2, "kernels": "numba"}
    assert "| sentiment |" in block({"sentiment": {**kept, "environment": environment}})
