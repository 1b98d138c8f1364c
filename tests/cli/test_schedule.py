"""Schedules by name: the learning rate of every step."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import pytest

import tinygrad_seq as tg
from tinygrad_seq import errors
from tinygrad_seq.optim import SGD
from tinygrad_seq.train.schedule import Schedule


def rates(name: str, steps: int = 12, steps_per_epoch: int = 2, **options: Any) -> list[float]:
    """The rates of a run with learning rate 1."""
    optimizer = SGD([tg.tensor(1.0, requires_grad=True)], lr=1.0)
    schedule = Schedule.make(name, optimizer, steps=steps, steps_per_epoch=steps_per_epoch, **options)
    found = []
    for _ in range(steps):
        found.append(optimizer.param_groups[0]["lr"])
        schedule.step()
    return found


def test_none_keeps_the_rate() -> None:
    assert rates("none") == [1.0] * 12


def test_step_decays_every_so_many_epochs() -> None:
    assert rates("step", decay=0.5, decay_after=2) == [1.0] * 4 + [0.5] * 4 + [0.25] * 4


def test_exponential_is_char_rnns() -> None:
    expected = [1.0] * 6 + [0.9] * 2 + [0.9**2] * 2 + [0.9**3] * 2
    assert rates("exponential", decay=0.9, decay_after=3) == pytest.approx(expected)
    assert rates("exponential", steps=24)[18:] == pytest.approx([1.0, 1.0] + [0.97] * 2 + [0.97**2] * 2)


def test_cosine_falls_to_zero_at_the_last_step() -> None:
    found = rates("cosine", steps=10)
    assert found == pytest.approx([(1 + math.cos(math.pi * t / 10)) / 2 for t in range(10)])
    assert all(a > b for a, b in pairwise(found))


def test_warm_up_rises_in_a_line_and_then_the_cosine_falls() -> None:
    found = rates("cosine", steps=10, warm_up=4)
    assert found[:4] == pytest.approx([0.25, 0.5, 0.75, 1.0])
    assert all(a > b > 0 for a, b in pairwise(found[3:]))
    assert rates("none", steps=6, warm_up=4) == pytest.approx([0.25, 0.5, 0.75, 1.0, 1.0, 1.0])


def test_plateau_decays_when_evaluations_bring_nothing() -> None:
    optimizer = SGD([tg.tensor(1.0, requires_grad=True)], lr=1.0)
    schedule = Schedule.make("plateau", optimizer, decay=0.1, decay_after=1, steps=9, steps_per_epoch=1)
    found = []
    for loss in (2.0, 1.0, 1.0, 1.0, 1.0):
        schedule.evaluated(loss)
        found.append(optimizer.param_groups[0]["lr"])
    assert found == pytest.approx([1.0, 1.0, 1.0, 0.1, 0.1])


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("none", {"decay": 0.5}),
        ("cosine", {"decay_after": 1}),
        ("cosine", {"warm_up": 12}),
        ("step", {"decay": 0.0}),
        ("exponential", {"decay_after": 0}),
        ("plateau", {"decay": 1.5}),
        ("linear", {}),
    ],
)
def test_settings_of_no_use_are_refused(name: str, options: dict[str, Any]) -> None:
    with pytest.raises(errors.ConfigError):
        rates(name, **options)
