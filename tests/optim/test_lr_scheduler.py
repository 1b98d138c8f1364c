"""Learning rates: those of PyTorch's closed forms to the last bit, those of its step-by-step products to rounding."""

from __future__ import annotations

import json
import math

import pytest

import tinygrad_seq as tg
from tinygrad_seq.errors import CheckpointError, ConfigError
from tinygrad_seq.optim import SGD, Adam
from tinygrad_seq.optim.lr_scheduler import (
    ClosedFormLR,
    CosineAnnealingLR,
    ExponentialLR,
    LinearLR,
    ReduceLROnPlateau,
    StepLR,
)

METRICS = [5.0, 4.0, 4.1, 4.0, 3.9999, 4.2, math.nan, 3.0, 3.0, 3.0, 3.0, 2.9, 2.9, 2.9, 2.9, 2.9, 2.9, 1.0, 1.0, 1.0]


def two_groups(lr=(0.1, 0.037)):
    return SGD([{"params": [tg.ones(1, requires_grad=True)], "lr": x} for x in lr])


def rates(make, steps=40, metrics=None):
    optimizer = two_groups()
    scheduler = make(optimizer)
    seen = [scheduler.get_last_lr()]
    for i in range(steps):
        scheduler.step(*([metrics[i]] if metrics else []))
        seen.append(scheduler.get_last_lr())
    assert seen[-1] == [group["lr"] for group in optimizer.param_groups]
    return seen


def first(make, steps=40):
    """The rates of the first group, that began at 0.1, over 0.1."""
    return [lr / 0.1 for lr, _ in rates(make, steps)]


SAME_AS_TORCH = [
    ("StepLR", {"step_size": 7}),
    ("StepLR", {"step_size": 1, "gamma": 0.93}),
    ("ExponentialLR", {"gamma": 0.97}),
    ("CosineAnnealingLR", {"T_max": 30}),
    ("CosineAnnealingLR", {"T_max": 15, "eta_min": 0.003}),
    ("LinearLR", {}),
    ("LinearLR", {"start_factor": 0.01, "total_iters": 17}),
    ("LinearLR", {"start_factor": 1.0, "end_factor": 0.0, "total_iters": 30}),
]
OURS = {c.__name__: c for c in (StepLR, ExponentialLR, CosineAnnealingLR, LinearLR)}


def torch_rates(make, steps=40, metrics=None):
    torch = pytest.importorskip("torch")
    groups = [{"params": [torch.zeros(1, requires_grad=True)], "lr": lr} for lr in (0.1, 0.037)]
    optimizer = torch.optim.SGD(groups)
    scheduler = make(torch.optim.lr_scheduler, optimizer)
    optimizer.step()
    recursion = [[group["lr"] for group in optimizer.param_groups]]
    closed_form = [scheduler._get_closed_form_lr()] if hasattr(scheduler, "_get_closed_form_lr") else []
    for i in range(steps):
        scheduler.step(*([metrics[i]] if metrics else []))
        recursion.append([group["lr"] for group in optimizer.param_groups])
        if closed_form:
            closed_form.append(scheduler._get_closed_form_lr())
    return recursion, closed_form


@pytest.mark.oracle
@pytest.mark.parametrize(("name", "settings"), SAME_AS_TORCH)
def test_rates_are_pytorchs(name, settings):
    ours = rates(lambda optimizer: OURS[name](optimizer, **settings))
    recursion, closed_form = torch_rates(lambda library, optimizer: getattr(library, name)(optimizer, **settings))
    assert ours == closed_form
    for a, b in zip(ours, recursion, strict=True):
        assert a == pytest.approx(b, rel=1e-12, abs=1e-16)


@pytest.mark.oracle
def test_warm_up_then_cosine_is_pytorchs_sequential():
    ours = rates(lambda o: LinearLR(o, 0.1, total_iters=8, then=CosineAnnealingLR(o, T_max=30)))

    def sequential(library, optimizer):
        schedulers = [
            library.LinearLR(optimizer, 0.1, total_iters=8),
            library.CosineAnnealingLR(optimizer, T_max=30),
        ]
        return library.SequentialLR(optimizer, schedulers, milestones=[8])

    recursion, _ = torch_rates(sequential)
    for a, b in zip(ours, recursion, strict=True):
        assert a == pytest.approx(b, rel=1e-12)


@pytest.mark.oracle
@pytest.mark.parametrize(
    "settings",
    [
        {"patience": 2},
        {"patience": 1, "factor": 0.5, "cooldown": 2},
        {"patience": 0, "min_lr": 0.02},
        {"patience": 0, "mode": "max", "threshold": 0.5},
        {"patience": 1, "threshold_mode": "abs", "threshold": 0.2},
        {"patience": 1, "mode": "max", "threshold_mode": "abs", "threshold": 0.2},
        {"patience": 0, "eps": 0.01},
    ],
)
def test_plateau_is_pytorchs_to_the_last_bit(settings):
    ours = rates(lambda o: ReduceLROnPlateau(o, **settings), len(METRICS), METRICS)
    theirs, _ = torch_rates(lambda lib, o: lib.ReduceLROnPlateau(o, **settings), len(METRICS), METRICS)
    assert ours == theirs
    assert ours[0] != ours[-1]


def test_plateau_takes_no_step_that_is_not_larger_than_eps():
    optimizer = SGD([tg.ones(2, requires_grad=True)], lr=1.0)
    for eps, then in ((0.5, 1.0), (0.49, 0.5)):
        plateau = ReduceLROnPlateau(optimizer, factor=0.5, patience=0, eps=eps)
        plateau.step(1.0)
        plateau.step(1.0)
        assert plateau.get_last_lr() == [then]


@pytest.mark.parametrize(
    ("settings", "halved_after"),
    [({}, [3, 5, 7, 9, 11]), ({"cooldown": 1}, [3, 6, 9, 12]), ({"cooldown": 2}, [3, 7, 11])],
)
def test_plateau_waits_and_then_rests(settings, halved_after):
    """The first metric is the best; the second bad one in a row is one too many, and none counts while it rests."""
    seen = [lr for lr, _ in rates(lambda o: ReduceLROnPlateau(o, "min", 0.5, 1, **settings), 12, [1.0] * 12)]
    assert [step for step in range(1, 13) if seen[step] < seen[step - 1]] == halved_after


def test_a_line_of_one_step_is_a_line():
    assert first(lambda o: LinearLR(o, 0.5, total_iters=1), 3) == pytest.approx([0.5, 1, 1, 1])


def test_settings_of_a_schedule_that_are_not_given_are_pytorchs():
    assert vars(ReduceLROnPlateau(two_groups())).items() >= {
        "mode": "min", "factor": 0.1, "patience": 10, "threshold": 1e-4, "threshold_mode": "rel",
        "cooldown": 0, "min_lr": 0.0, "eps": 1e-8,
    }.items()  # fmt: skip
    assert first(lambda o: StepLR(o, 1), 1) == pytest.approx([1, 0.1])
    assert first(LinearLR, 5) == pytest.approx([5 / 15, 7 / 15, 9 / 15, 11 / 15, 13 / 15, 1])
    assert first(lambda o: CosineAnnealingLR(o, T_max=1), 1) == pytest.approx([1, 0])
    assert first(lambda o: ExponentialLR(o, 0.5), 2) == pytest.approx([1, 0.5, 0.25])


def test_char_rnns_schedule_is_one_line_of_ten_epochs_and_then_0_97():
    epochs = first(lambda optimizer: ExponentialLR(optimizer, gamma=0.97, start=10), steps=12)
    assert epochs[:10] == [1.0] * 10
    assert epochs[10:] == pytest.approx([0.97, 0.97**2, 0.97**3])


def test_steps_cosine_and_line_have_the_values_one_knows_by_heart():
    assert first(lambda o: StepLR(o, 2, gamma=0.5), 5) == pytest.approx([1, 1, 0.5, 0.5, 0.25, 0.25])
    assert first(lambda o: CosineAnnealingLR(o, T_max=4), 8) == pytest.approx(
        [1, 0.5 + 0.5**1.5, 0.5, 0.5 - 0.5**1.5, 0, 0.5 - 0.5**1.5, 0.5, 0.5 + 0.5**1.5, 1]
    )
    assert first(lambda o: LinearLR(o, 0.25, total_iters=3), 5) == pytest.approx([0.25, 0.5, 0.75, 1, 1, 1])


def test_warm_up_leads_into_any_schedule_even_into_another_line():
    triangle = first(lambda o: LinearLR(o, 0.5, total_iters=2, then=LinearLR(o, 1.0, 0.0, total_iters=4)), 8)
    assert triangle == pytest.approx([0.5, 0.75, 1, 0.75, 0.5, 0.25, 0, 0, 0])
    twice = first(lambda o: LinearLR(o, 0.5, total_iters=2, then=LinearLR(o, 0.25, total_iters=3)), 6)
    assert twice == pytest.approx([0.5, 0.75, 0.25, 0.5, 0.75, 1, 1])


def test_a_warm_up_that_is_over_leaves_plateau_and_hand_alone():
    """One steps with every batch, the other with every epoch."""
    optimizer = two_groups()
    warm_up = LinearLR(optimizer, 0.5, total_iters=3)
    plateau = ReduceLROnPlateau(optimizer, factor=0.5, patience=0)
    for _ in range(3):
        warm_up.step()
    for metric in (1.0, 1.0):
        plateau.step(metric)
        warm_up.step()
    assert plateau.get_last_lr() == [0.05, 0.0185]
    optimizer.param_groups[0]["lr"] = 7.0
    warm_up.step()
    assert optimizer.param_groups[0]["lr"] == 7.0


def test_plateau_takes_a_tensor_and_the_second_nan_counts_too():
    optimizer = two_groups()
    plateau = ReduceLROnPlateau(optimizer, patience=1, factor=0.5)
    for metric in (math.nan, tg.tensor(math.nan)):
        plateau.step(metric)
    assert plateau.get_last_lr() == [0.05, 0.0185]
    assert plateau.best is None


def test_a_schedule_of_ones_own_is_one_function():
    class Noam(ClosedFormLR):
        def lr_at(self, t, base):
            return base * min((t + 1) / 4, 2 / math.sqrt(t + 1))

    assert first(Noam, 8) == pytest.approx([0.25, 0.5, 0.75, 1, 2 / 5**0.5, 2 / 6**0.5, 2 / 7**0.5, 2 / 8**0.5, 2 / 3])


SCHEDULES = [
    lambda o: StepLR(o, 3),
    lambda o: ExponentialLR(o, 0.9, start=4),
    lambda o: CosineAnnealingLR(o, T_max=9, eta_min=1e-3),
    lambda o: LinearLR(o, 0.1, total_iters=8),
    lambda o: LinearLR(o, 0.1, total_iters=3, then=CosineAnnealingLR(o, T_max=9)),
    lambda o: ReduceLROnPlateau(o, factor=0.7, patience=1, cooldown=1, threshold=0.1),
]


@pytest.mark.parametrize("make", SCHEDULES)
@pytest.mark.parametrize("scheduler_first", [False, True])
def test_saved_and_loaded_goes_on_bit_for_bit(problem, make, scheduler_first):
    """Whichever of optimizer and schedule is loaded first, and whatever rate the new optimizer was made with."""

    def run(p, optimizer, scheduler, steps):
        seen = []

        def after_step(loss):
            scheduler.step(*([loss] if isinstance(scheduler, ReduceLROnPlateau) else []))
            seen.append(scheduler.get_last_lr())

        p.train(optimizer, steps, after_step)
        return seen

    through = problem()
    optimizer = Adam(through, lr=0.02)
    expected = run(through, optimizer, make(optimizer), 16)

    p = problem()
    optimizer = Adam(p, lr=0.02)
    scheduler = make(optimizer)
    run(p, optimizer, scheduler, 7)
    saved = optimizer.state_dict()
    saved_schedule = json.loads(json.dumps(scheduler.state_dict(), allow_nan=False))

    optimizer = Adam(p, lr=0.5)
    if scheduler_first:
        scheduler = make(optimizer)
        scheduler.load_state_dict(saved_schedule)
        optimizer.load_state_dict(saved)
    else:
        optimizer.load_state_dict(saved)
        scheduler = make(optimizer)
        scheduler.load_state_dict(saved_schedule)
    assert run(p, optimizer, scheduler, 9) == expected[7:]
    for name, value in p.values().items():
        assert (value == through.values()[name]).all(), name


def test_the_state_of_another_schedule_or_of_more_groups_is_refused():
    saved = StepLR(two_groups(), 3).state_dict()
    with pytest.raises(CheckpointError, match="not the state of ExponentialLR: it says scheduler='StepLR'"):
        ExponentialLR(two_groups(), 0.9).load_state_dict(saved)
    with pytest.raises(CheckpointError, match="is for 2 parameter groups, not 1"):
        StepLR(two_groups(lr=(0.1,)), 3).load_state_dict(saved)


def test_a_saved_state_does_not_change_with_the_schedule_it_was_taken_from():
    scheduler = StepLR(two_groups(), 1)
    saved = scheduler.state_dict()
    before = json.dumps(saved)
    scheduler.step()
    assert json.dumps(saved) == before


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda o: StepLR(o, 0), "step_size must be 1 or more"),
        (lambda o: StepLR(o, 1, gamma=0), "gamma above 0"),
        (lambda o: ExponentialLR(o, -0.5), "gamma must be above 0"),
        (lambda o: ExponentialLR(o, 0.0), "gamma must be above 0"),
        (lambda o: ExponentialLR(o, 0.9, start=0), "start 1 or more"),
        (lambda o: CosineAnnealingLR(o, 0), "T_max must be 1 or more"),
        (lambda o: CosineAnnealingLR(o, 5, eta_min=-1), "eta_min 0 or more"),
        (lambda o: LinearLR(o, 0.0), "start_factor must be above 0"),
        (lambda o: LinearLR(o, total_iters=0), "total_iters 1 or more"),
        (lambda o: LinearLR(o, then=StepLR(two_groups(), 1)), "`then` belongs to another optimizer"),
        (lambda o: ReduceLROnPlateau(o, mode="low"), "^ReduceLROnPlateau: mode is 'min' or 'max'"),
        (lambda o: ReduceLROnPlateau(o, threshold_mode="both"), "threshold_mode 'rel' or 'abs'"),
        (lambda o: ReduceLROnPlateau(o, factor=1.0), "factor must be above 0 and below 1"),
    ],
)
def test_settings_out_of_range_are_refused(make, message):
    with pytest.raises(ConfigError, match=message):
        make(two_groups())
