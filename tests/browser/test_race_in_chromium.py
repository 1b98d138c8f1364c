"""The page of the optimizer race as a reader has it: scrubbed, an optimizer chosen, its formula with numbers."""

from __future__ import annotations

import pytest

from tinygrad_seq.analysis.race import race
from tinygrad_seq.analysis.race.run import save

LEFT, RIGHT, HOME, ENTER = "\ue012", "\ue014", "\ue011", "\ue007"


@pytest.fixture(scope="module")
def races():
    return [race("beale", steps=8, lr=0.01), race("valley", steps=5, lr=0.01)]


@pytest.fixture
def page(quiet, races, tmp_path):
    quiet.open(save(tmp_path / "race.html", races))
    return quiet


def choose(page, name):
    next(button for button in page.all("#lanes button") if button.text.startswith(name)).send_keys(ENTER)


def test_it_opens_at_the_end_with_every_optimizer_and_its_loss(page, races):
    assert page.text("#when") == "step 8 of 8"
    losses = {b.text.split("\n")[0]: b.text.split("\n")[-1] for b in page.all("#lanes button")}
    assert len(losses) == 10
    for path in races[0].paths:
        assert float(losses[path.contender.name]) == pytest.approx(path.losses[-1], rel=1e-3)


def test_paths_grow_with_the_slider(page):
    def length():
        return len(page.find("#paths .lane").get_attribute("points").split())

    assert length() == 9
    page.keys("#step", HOME)
    assert page.text("#when") == "step 0 of 8"
    assert length() == 1
    page.keys("#step", RIGHT, RIGHT)
    page.click("#back")
    assert length() == 2


def test_a_chosen_optimizer_shows_its_formula_with_the_numbers_of_the_step(page, races):
    path = next(path for path in races[0].paths if path.contender.name == "Adam")
    choose(page, "Adam\n")
    page.keys("#step", LEFT)
    assert page.text("#chosen").startswith("Adam, learning rate 0.01")
    assert page.text("#point").startswith("Step 7: p = (")
    rows = [row.text for row in page.all("#formula tr")]
    assert rows[1] == "m = b1 × m + (1 - b1) × g"
    numbers = rows[2].replace("−", "-")
    before, g = path.state["m"][5][0], path.gradients[6][0]
    for number in (before, g):
        assert f"{number:.4g}" in numbers
    assert len(page.all(".lane.chosen")) == 1


def test_a_click_on_a_path_chooses_it_and_the_step_that_is_nearest(page):
    page.run("document.querySelectorAll('.grip')[3].dispatchEvent(new MouseEvent('click', {clientX: 0, clientY: 0}))")
    assert page.text("#chosen") != "Choose an optimizer"
    assert page.all("#lanes button")[3].get_attribute("aria-pressed") == "true"


def test_another_surface_is_a_race_of_its_own(page):
    page.run("const s = document.querySelector('#track'); s.value = 1; s.dispatchEvent(new Event('change'))")
    assert page.text("#when") == "step 5 of 5"
    assert page.text("#says").startswith("A hundred times steeper")


def test_playing_goes_from_the_start_to_the_end_and_stops(page):
    page.click("#play")
    assert page.text("#play") == "Pause"
    page.click("#play")
    assert page.text("#play") == "Play"
