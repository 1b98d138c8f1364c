"""`recipe`: the list, and from floors to a folder that holds what came out."""

from __future__ import annotations

import json
import re
import signal
from dataclasses import replace
from pathlib import Path

import pytest

from tinygrad_seq.cli.progress import Lines
from tinygrad_seq.recipes import RECIPES, Recipe

QUICK = ("--steps", "3", "--hidden", "8", "--batch-size", "20")


@pytest.fixture(autouse=True)
def _few_examples(monkeypatch):
    """A hundred training examples in the place of thousands."""
    changed = Recipe.changed

    def few(self, **given):
        settings = changed(self, **given)
        return replace(settings, train=100, test=40) if settings.train else settings

    monkeypatch.setattr(Recipe, "changed", few)


def test_the_list_names_every_recipe_its_shape_and_its_task(call):
    done = call("recipe", "list")
    assert done.code == 0, done
    for recipe in RECIPES.values():
        assert re.search(rf"^{recipe.name} +{recipe.shape} +{re.escape(recipe.about)}$", done.out, re.MULTILINE)
    assert "Next:  tinygrad-seq recipe " in done.out


def test_a_recipe_shows_floors_figures_answers_and_writes_a_folder(call):
    done = call("recipe", "dates", *QUICK, "--attention")
    assert done.code == 0, done
    assert "Task:    dates into ISO form" in done.out
    assert "Data:    100 examples to learn from, 40 others to be tested on" in done.out
    assert len(re.findall(r"exact \d+\.\d %, characters \d+\.\d %: the ", done.out)) == 2
    assert re.search(r"^step 3: exact \d+\.\d %, characters \d+\.\d %$", done.out, re.MULTILINE)
    assert re.search(r"^Reached: exact .* min of training$", done.out, re.MULTILINE)
    assert "NOT better than every floor" in done.out
    assert re.search(r"^Wrong:   '.*': '.*', and is '\d{4}-\d\d-\d\d'$", done.out, re.MULTILINE)
    assert "Wrote:   runs/dates: alignment.svg, recipe.json, weights.safetensors" in done.out
    kept = json.loads(Path("runs/dates/recipe.json").read_text())
    assert (kept["settings"]["steps"], kept["settings"]["hidden_size"]) == (3, 8)
    assert kept["environment"]["numpy"]
    assert Path("runs/dates/alignment.svg").read_text().startswith("<svg")


def test_what_was_written_is_not_written_over(call):
    for _ in range(2):
        assert call("recipe", "numbers", *QUICK, "--no-attention").code == 0
    assert sorted(path.name for path in Path("runs").iterdir()) == ["numbers", "numbers-2"]
    assert not Path("runs/numbers/alignment.svg").exists()


def test_options_decide(call):
    done = call(
        "recipe", "addition", *QUICK, "--cell", "gru", "--lr", "0.1", "--seed", "5", "--out", "here", "--attention"
    )
    assert done.code == 0, done
    settings = json.loads(Path("here/recipe.json").read_text())["settings"]
    assert {"cell": "gru", "lr": 0.1, "seed": 5, "attention": True, "batch_size": 20}.items() <= settings.items()
    assert "tinygrad-seq recipe addition --seed 6" in done.out


def test_a_language_model_reads_a_text_of_yours_and_writes(call, text):
    text.write_text("to be or not to be, that is the question:\n" * 300)
    done = call("recipe", "characters", *QUICK, "--data", text)
    assert done.code == 0, done
    assert re.search(
        r"^Floors:  \d\.\d{3} nats per character: how often each occurs \(unigram\)$", done.out, re.MULTILINE
    )
    assert "Writes:  '' goes on '" in done.out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("digits", "--cell", "gru"), "the recipe digits has no cell"),
        (("sentiment", "--data", "nowhere"), "There is no train_binary_sent.csv in nowhere"),
    ],
)
def test_a_wrong_call_says_what_is_right(call, arguments, said):
    done = call("recipe", *arguments)
    assert done.code == 1
    assert said in done.err


@pytest.mark.parametrize("name", RECIPES)
def test_help_shows_the_task_the_settings_and_an_example(call, name):
    done = call("recipe", name, "--help")
    assert done.code == 0
    shown = " ".join(done.out.split())
    assert f"Learn {RECIPES[name].about[:30]}" in shown
    assert f"steps {RECIPES[name].settings.steps}" in shown
    assert f"• tinygrad-seq recipe {name}" in shown


def test_ctrl_c_ends_it_after_the_step_in_hand_measured_and_written(call, monkeypatch):
    said = Lines.show

    def pressed(self, progress):
        said(self, progress)
        if progress.step == 2:
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(Lines, "show", pressed)
    done = call("recipe", "dates", "--hidden", "8", "--steps", "500")
    assert done.code == 130
    assert "Stopped after step 2." in done.out
    assert json.loads(Path("runs/dates/recipe.json").read_text())["curve"][-1][0] == 2
