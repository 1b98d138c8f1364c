"""Where the formulas agree, a hundred steps on a nonconvex problem end where PyTorch's do."""

from __future__ import annotations

import inspect
from itertools import product

import numpy as np
import pytest

from tinygrad_seq import optim

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.oracle


def options(**choices):
    """Every combination of the choices, as keyword arguments."""
    return [dict(zip(choices, values, strict=True)) for values in product(*choices.values())]


CASES = [
    *[("SGD", o) for o in options(lr=[0.05], momentum=[0.0, 0.9], weight_decay=[0.0, 0.01])],
    *[("SGD", o) for o in options(lr=[0.05], momentum=[0.9], weight_decay=[0.0, 0.01], nesterov=[True])],
    *[
        ("Adagrad", o)
        for o in options(lr=[0.1], lr_decay=[0.0, 0.02], weight_decay=[0.0, 0.01], initial_accumulator_value=[0.0, 0.1])
    ],
    *[("Adadelta", o) for o in options(lr=[0.3], rho=[0.95], eps=[1e-6, 1e-3], weight_decay=[0.0, 0.01])],
    *[
        ("RMSprop", o)
        for o in options(lr=[2e-3], alpha=[0.95], weight_decay=[0.0, 0.01], momentum=[0.0, 0.9], centered=[False, True])
    ],
    *[("Adam", o) for o in options(lr=[0.02], weight_decay=[0.0, 0.01], amsgrad=[False, True])],
    ("Adam", {"lr": 0.005, "betas": (0.0, 0.9), "eps": 1e-3}),
    *[("AdamW", o) for o in options(lr=[0.02], weight_decay=[0.0, 0.1], amsgrad=[False, True])],
    *[(name, {}) for name in ("SGD", "Adagrad", "Adadelta", "RMSprop", "Adam", "AdamW")],
]


class Twin:
    """The problem of conftest.py in PyTorch."""

    def __init__(self, problem):
        self.parameters = {
            name: torch.tensor(p.detach().numpy(), requires_grad=True) for name, p in problem.parameters.items()
        }
        self.x, self.y = torch.tensor(problem.x.numpy()), torch.tensor(problem.y.numpy())

    def train(self, optimizer, steps):
        W, b, v, s = self.parameters.values()
        for _ in range(steps):
            optimizer.zero_grad()
            ((torch.tanh(self.x @ W + b) @ v + s - self.y) ** 2).mean().backward()
            optimizer.step()

    def values(self):
        return {name: p.detach().numpy() for name, p in self.parameters.items()}


def assert_same(ours, theirs, tolerance):
    for name, value in theirs.items():
        np.testing.assert_allclose(ours[name], value, rtol=tolerance, atol=tolerance, err_msg=name)


@pytest.mark.parametrize(("name", "settings"), CASES, ids=str)
def test_a_hundred_steps_end_where_pytorch_does(problem, name, settings):
    ours = problem()
    theirs = Twin(ours)
    start = ours.values()
    ours.train(getattr(optim, name)(ours, **settings), 100)
    theirs.train(getattr(torch.optim, name)(theirs.parameters.values(), foreach=False, **settings), 100)
    assert_same(ours.values(), theirs.values(), 1e-12)
    assert any(np.abs(ours.values()[n] - start[n]).max() > 1e-3 for n in start)


@pytest.mark.parametrize("name", ["SGD", "Adagrad", "Adadelta", "RMSprop", "Adam", "AdamW"])
def test_float32_parameters_go_pytorchs_way_to_single_precision(problem, name):
    ours = problem("float32")
    theirs = Twin(ours)
    ours.train(getattr(optim, name)(ours), 30)
    theirs.train(getattr(torch.optim, name)(theirs.parameters.values()), 30)
    assert_same(ours.values(), theirs.values(), 1e-4)


def test_groups_with_their_own_settings_go_pytorchs_way(problem):
    ours = problem()
    theirs = Twin(ours)
    W, b, v, s = ours.parameters.values()
    ours_groups = [{"params": [W, b], "lr": 0.1, "betas": (0.8, 0.99)}, {"params": [v, s], "weight_decay": 0.2}]
    ours.train(optim.Adam(ours_groups, lr=0.01), 100)
    W, b, v, s = theirs.parameters.values()
    their_groups = [{"params": [W, b], "lr": 0.1, "betas": (0.8, 0.99)}, {"params": [v, s], "weight_decay": 0.2}]
    theirs.train(torch.optim.Adam(their_groups, lr=0.01), 100)
    assert_same(ours.values(), theirs.values(), 1e-12)


@pytest.mark.parametrize("name", ["SGD", "Adagrad", "Adam"])
def test_a_parameter_without_a_gradient_is_passed_over_as_in_pytorch(problem, name):
    """Its step count stands still too, so Adam's correction starts with its own first gradient."""
    ours = problem()
    theirs = Twin(ours)
    for side, library in ((ours, optim), (theirs, torch.optim)):
        settings = {"momentum": 0.9} if name == "SGD" else {"lr_decay": 0.1} if name == "Adagrad" else {}
        optimizer = getattr(library, name)(list(side.parameters.values()), lr=0.05, **settings)
        side.train(optimizer, 3)
        v = side.parameters["out.v"]
        gradients = {n: p.grad for n, p in side.parameters.items()}
        for _ in range(4):
            for n, p in side.parameters.items():
                p.grad = gradients[n] if n != "out.v" else None
            before = np.array(v.detach().numpy())
            optimizer.step()
            np.testing.assert_array_equal(v.detach().numpy(), before)
        side.train(optimizer, 3)
    assert_same(ours.values(), theirs.values(), 1e-12)


def test_finding_24_pytorchs_dampening_is_not_ema_since_its_first_step_is_undamped(problem):
    ours = problem()
    theirs = Twin(ours)
    start = ours.values()
    ours.train(optim.SGD(ours, lr=0.1, momentum=0.9, ema=True), 1)
    theirs.train(torch.optim.SGD(theirs.parameters.values(), lr=0.1, momentum=0.9, dampening=0.9), 1)
    for name, before in start.items():
        np.testing.assert_allclose(theirs.values()[name] - before, 10 * (ours.values()[name] - before))


@pytest.mark.parametrize("name", ["SGD", "Adagrad", "Adadelta", "RMSprop", "Adam", "AdamW"])
def test_settings_that_pytorch_has_bear_its_names_and_defaults(name):
    theirs = inspect.signature(getattr(torch.optim, name)).parameters
    ours = inspect.signature(getattr(optim, name)).parameters
    extra = {"SGD": {"ema"}, "RMSprop": {"eps_inside_sqrt"}}.get(name, set())
    assert ours.keys() - theirs.keys() == extra
    for setting in ours.keys() - extra - {"params"}:
        assert ours[setting].default == theirs[setting].default, setting
    positional = [n for n, p in ours.items() if p.kind is p.POSITIONAL_OR_KEYWORD and n not in extra]
    assert positional == list(theirs)[: len(positional)]
