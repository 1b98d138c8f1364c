"""What an optimizer can be given, how it is grouped and named, and what it refuses."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_seq as tg
from tinygrad_seq.errors import ConfigError
from tinygrad_seq.optim import SGD, Adadelta, Adagrad, Adam, AdamW, RMSprop


def weight(*shape):
    return tg.ones(shape, requires_grad=True)


def test_a_module_gives_names(problem):
    assert SGD(problem()).param_groups[0]["names"] == ["hidden.W", "hidden.b", "out.v", "out.s"]


def test_pairs_give_names_from_any_iterable(problem):
    for pairs in (problem().named_parameters(), list(problem().named_parameters()), problem().parameters.items()):
        assert SGD(pairs).param_groups[0]["names"] == ["hidden.W", "hidden.b", "out.v", "out.s"]


def test_plain_parameters_are_called_by_their_position():
    parameters = [weight(2), weight(3)]
    for given in (parameters, tuple(parameters), iter(parameters)):
        group = SGD(given).param_groups[0]
        assert group["names"] == ["0", "1"]
        assert group["params"][1] is parameters[1]


def test_a_module_that_is_iterable_is_still_a_module(problem):
    class Chain(problem):
        def __iter__(self):
            return iter("abc")

    assert SGD(Chain()).param_groups[0]["names"][0] == "hidden.W"


def test_groups_take_every_form_and_the_defaults_where_they_say_nothing(problem):
    optimizer = Adam(
        [
            {"params": problem(), "lr": 0.1},
            {"params": [("extra", weight(2))], "betas": (0.5, 0.5)},
            {"params": (weight(3) for _ in range(2))},
        ],
        lr=0.01,
    )
    assert [group["lr"] for group in optimizer.param_groups] == [0.1, 0.01, 0.01]
    assert [group["betas"] for group in optimizer.param_groups] == [(0.9, 0.999), (0.5, 0.5), (0.9, 0.999)]
    assert [group["names"] for group in optimizer.param_groups][1:] == [["extra"], ["5", "6"]]


@pytest.mark.parametrize(
    ("optimizer", "settings"),
    [
        (SGD, {"lr": 1e-3, "momentum": 0.0, "weight_decay": 0.0, "nesterov": False, "ema": False}),
        (Adadelta, {"lr": 1.0, "rho": 0.9, "eps": 1e-6, "weight_decay": 0.0}),
        (
            Adagrad,
            {"lr": 1e-2, "lr_decay": 0.0, "weight_decay": 0.0, "initial_accumulator_value": 0.0, "eps": 1e-10},
        ),
        (Adam, {"lr": 1e-3, "betas": (0.9, 0.999), "eps": 1e-8, "weight_decay": 0.0, "amsgrad": False}),
        (AdamW, {"lr": 1e-3, "betas": (0.9, 0.999), "eps": 1e-8, "weight_decay": 1e-2, "amsgrad": False}),
        (
            RMSprop,
            {"lr": 1e-2, "alpha": 0.99, "eps": 1e-8, "weight_decay": 0.0, "momentum": 0.0, "centered": False}
            | {"eps_inside_sqrt": False},
        ),
    ],
)
def test_settings_that_are_not_given_are_pytorchs(optimizer, settings):
    (group,) = optimizer([weight(2)]).param_groups
    assert {name: value for name, value in group.items() if name not in {"params", "names"}} == settings


def test_repr_shows_groups_and_settings():
    optimizer = SGD([{"params": [weight(2)]}, {"params": [weight(2), weight(2)], "lr": 0.5}])
    rest = "momentum=0.0, weight_decay=0.0, nesterov=False, ema=False"
    assert repr(optimizer) == f"SGD(1 parameters: lr=0.001, {rest}; 2 parameters: lr=0.5, {rest})"


W = weight(2)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        (list, "got no parameters"),
        (lambda: iter([]), "can be read only once"),
        (lambda: [{"params": []}], "got no parameters"),
        (lambda: W, r"got one Tensor.\n.*\[w\]"),
        (lambda: None, "got one NoneType"),
        (lambda: {"w": W}, r"got one dict.\n.*\.items\(\)"),
        (lambda: {"params": [W]}, "put a group in a list"),
        (lambda: [{"params": {"w": W}}], r"found str among them.\n.*\.items\(\)"),
        (lambda: [W, {"params": [W]}], "found dict among them"),
        (lambda: [np.ones(2)], "found ndarray among them"),
        (
            lambda: [{"params": [W], "learning_rate": 1.0}],
            "group 0: there is no setting 'learning_rate'. There are lr,",
        ),
        (lambda: [{"lr": 1.0}], "group 0 has no 'params'"),
        (lambda: [W * 0.1], r"shape \(2,\) is the result of multiply, and only leaves.*\n.*requires_grad_\(\)"),
        (
            lambda: [("w", tg.ones(2))],
            r"'w' has requires_grad=False, .*\n    Make it with requires_grad=True, or leave it out\.$",
        ),
        (lambda: [{"params": [W]}, {"params": [("w", W)]}], "'w' is in group 0 and again in group 1"),
        (lambda: [("w", W), ("w", weight(2))], "two parameters are called 'w'"),
    ],
)
def test_what_cannot_be_trained_is_refused_with_the_cure(params, message):
    with pytest.raises(ConfigError, match=message) as caught:
        SGD(params())
    assert str(caught.value).startswith("SGD")


@pytest.mark.parametrize(
    ("make", "settings", "message"),
    [
        (SGD, {"lr": -0.1}, "SGD: lr must be 0 or more, and finite, got -0.1"),
        (SGD, {"lr": float("nan")}, "lr must be"),
        (SGD, {"lr": float("inf")}, "lr must be"),
        (SGD, {"lr": 10**400}, "lr must be"),
        (SGD, {"lr": "fast"}, "lr must be .* got 'fast'"),
        (SGD, {"lr": None}, "lr must be"),
        (SGD, {"momentum": 1.1}, "momentum must be from 0 to 1, got 1.1"),
        (SGD, {"weight_decay": -1}, "weight_decay must be"),
        (SGD, {"nesterov": True}, "nesterov=True is a form of momentum, and momentum is 0"),
        (SGD, {"ema": True}, "ema=True is a form of momentum, and momentum is 0"),
        (RMSprop, {"alpha": 1.0}, "RMSprop: alpha must be at least 0 and below 1, got 1.0"),
        (RMSprop, {"eps": -1e-8}, "eps must be"),
        (Adam, {"betas": (0.9, 1.0)}, r"betas must be at least 0 and below 1, got \(0.9, 1.0\)"),
        (Adam, {"betas": (-0.1, 0.9)}, "betas must be"),
        (Adam, {"betas": 0.9}, "betas is a pair"),
        (Adam, {"betas": (0.9,)}, "betas is a pair"),
    ],
)
def test_settings_out_of_range_are_refused_for_all_and_for_one_group(make, settings, message):
    with pytest.raises(ConfigError, match=message):
        make([W], **settings)
    with pytest.raises(ConfigError, match=message):
        make([{"params": [W], **settings}])
