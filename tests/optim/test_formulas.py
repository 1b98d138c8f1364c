"""The table in `tinygrad_seq.optim`, where lectures and libraries differ, against the formulas written out."""

from __future__ import annotations

import math

import numpy as np
import pytest

import tinygrad_seq as tg
from tinygrad_seq import optim
from tinygrad_seq.optim import SGD, Adadelta, Adagrad, Adam, AdamW, RMSprop

GRADIENTS = np.random.default_rng(0).standard_normal((20, 3))


def path(make, gradients=GRADIENTS, before_step=None):
    """Where an optimizer goes from (1, 1, 1) if these are the gradients."""
    p = tg.tensor(np.ones(3), requires_grad=True)
    optimizer = make([p])
    points = []
    for t, g in enumerate(gradients, start=1):
        p.grad = tg.tensor(g)
        if before_step is not None:
            before_step(optimizer.param_groups[0], t)
        optimizer.step()
        points.append(p.detach().numpy().copy())
    return np.array(points)


def assert_same_path(ours, expected):
    np.testing.assert_allclose(ours, expected, rtol=1e-13, atol=1e-13)


def velocities(b, share):
    """z = b z + share g, from 0."""
    z, all_z = 0.0, []
    for g in GRADIENTS:
        z = b * z + share * g
        all_z.append(z)
    return np.array(all_z)


@pytest.mark.parametrize("b", [0.5, 0.9, 1.0])
def test_finding_24_classical_momentum_adds_gradients_up(b):
    assert_same_path(path(lambda p: SGD(p, lr=0.1, momentum=b)), 1 - 0.1 * np.cumsum(velocities(b, 1.0), axis=0))


@pytest.mark.parametrize("b", [0.5, 0.9])
def test_finding_24_ema_momentum_is_the_lectures_average_of_gradients(b):
    ours = path(lambda p: SGD(p, lr=0.1, momentum=b, ema=True))
    assert_same_path(ours, 1 - 0.1 * np.cumsum(velocities(b, 1 - b), axis=0))


@pytest.mark.parametrize("form", [{}, {"nesterov": True}])
def test_finding_24_ema_momentum_is_classical_momentum_with_lr_times_one_minus_momentum(form):
    ema = path(lambda p: SGD(p, lr=0.1, momentum=0.9, ema=True, **form))
    assert_same_path(ema, path(lambda p: SGD(p, lr=0.1 * (1 - 0.9), momentum=0.9, **form)))


def test_finding_24_a_steady_gradient_is_followed_at_lr_by_ema_and_ten_times_as_fast_by_classical_momentum():
    steady = np.ones((300, 3))
    speed = {
        ema: -np.diff(path(lambda p, e=ema: SGD(p, lr=0.1, momentum=0.9, ema=e), steady), axis=0)[-1] for ema in (0, 1)
    }
    np.testing.assert_allclose(speed[1], 0.1)
    np.testing.assert_allclose(speed[0], 1.0)


def test_finding_24_keras_momentum_makes_the_same_steps_while_lr_is_constant():
    velocity, p, expected = 0.0, np.ones(3), []
    for g in GRADIENTS:
        velocity = 0.9 * velocity - 0.1 * g
        p = p + velocity
        expected.append(p)
    assert_same_path(path(lambda p: SGD(p, lr=0.1, momentum=0.9)), expected)


def test_finding_24_nesterov_takes_the_gradient_at_the_look_ahead_point():
    """In Nesterov's own variables on f = |x|^2 / 2: z = b z + f'(x - lr b z), x = x - lr z. Ours shows x - lr b z."""
    lr, b = 0.1, 0.9
    x, z, expected = np.ones(3), np.zeros(3), []
    for _ in range(20):
        z = b * z + (x - lr * b * z)
        x = x - lr * z
        expected.append(x - lr * b * z)
    p = tg.tensor(np.ones(3), requires_grad=True)
    optimizer = SGD([p], lr=lr, momentum=b, nesterov=True)
    ours = []
    for _ in range(20):
        p.grad = p.detach()
        optimizer.step()
        ours.append(p.detach().numpy().copy())
    assert_same_path(ours, expected)


@pytest.mark.parametrize("centered", [False, True])
@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_finding_24_rmsprop_eps_inside_the_root_is_keras_formula(centered, momentum):
    v = m = z = 0.0
    p, expected = np.ones(3), []
    for g in GRADIENTS:
        v = 0.9 * v + 0.1 * g**2
        m = 0.9 * m + 0.1 * g
        z = momentum * z + 0.01 * g / np.sqrt(v - centered * m**2 + 1e-3)
        p = p - z
        expected.append(p)
    settings = {"lr": 0.01, "alpha": 0.9, "eps": 1e-3, "momentum": momentum, "centered": centered}
    assert_same_path(path(lambda p: RMSprop(p, eps_inside_sqrt=True, **settings)), expected)
    assert np.abs(path(lambda p: RMSprop(p, **settings)) - expected).max() > 1e-4


def test_finding_24_rmsprop_eps_weighs_as_its_root_inside_and_as_itself_outside():
    """After one step on a gradient far below eps only eps is left in the denominator."""
    tiny = np.full((1, 3), 1e-12)
    outside = path(lambda p: RMSprop(p, lr=1.0, eps=1e-8), tiny)
    inside = path(lambda p: RMSprop(p, lr=1.0, eps=1e-8, eps_inside_sqrt=True), tiny)
    np.testing.assert_allclose(1 - outside, 1e-12 / 1e-8, rtol=1e-4)
    np.testing.assert_allclose(1 - inside, 1e-12 / 1e-4, rtol=1e-4)


def test_finding_24_centered_rmsprop_stays_finite_where_the_variance_rounds_below_zero():
    steady = np.full((4000, 3), 0.1)
    v = m = lowest = 0.0
    for _ in steady:
        v, m = 0.99 * v + (1 - 0.99) * 0.1 * 0.1, 0.99 * m + (1 - 0.99) * 0.1
        lowest = min(lowest, v - m * m)
    assert lowest < 0  # it does happen
    assert np.isfinite(path(lambda p: RMSprop(p, alpha=0.99, centered=True), steady)).all()


def test_finding_24_every_optimizer_prints_its_recurrence():
    for optimizer in (SGD, Adagrad, Adadelta, RMSprop, Adam, AdamW):
        assert "p = p - lr" in optimizer.__doc__ or "p = (1 - lr weight_decay) p" in optimizer.__doc__
        assert "PyTorch" in optimizer.__doc__
        assert "Keras" in optimizer.__doc__


def test_finding_24_the_table_has_a_row_for_every_optimizer():
    rows = [line for line in optim.__doc__.splitlines() if line.startswith("| ")]
    for name in ("SGD", "Adagrad", "Adadelta", "RMSprop", "Adam", "AdamW"):
        assert any(f" {name}(" in row for row in rows), name


def test_adagrad_with_eps_inside_the_root_starts_v_at_eps():
    eps = 1e-3
    v = np.cumsum(GRADIENTS**2, axis=0)
    expected = 1 - np.cumsum(0.1 * GRADIENTS / np.sqrt(v + eps), axis=0)
    assert_same_path(path(lambda p: Adagrad(p, lr=0.1, initial_accumulator_value=eps, eps=0)), expected)


def test_adagrad_starts_from_nothing_unless_told_otherwise():
    expected = 1 - np.cumsum(0.1 * GRADIENTS / (np.sqrt(np.cumsum(GRADIENTS**2, axis=0)) + 1e-10), axis=0)
    assert_same_path(path(lambda p: Adagrad(p, lr=0.1)), expected)


def test_adadelta_makes_first_steps_of_the_root_of_eps():
    first = path(lambda p: Adadelta(p, rho=0.9, eps=1e-6))[0]
    g = GRADIENTS[0]
    np.testing.assert_allclose(first, 1 - math.sqrt(1e-6) * g / np.sqrt(0.1 * g**2 + 1e-6))


def test_adams_first_step_is_lr_whatever_the_size_of_the_gradient():
    for size in (1e-3, 1.0, 1e3):
        first = path(lambda p: Adam(p, lr=0.1, eps=0), GRADIENTS[:1] * size)
        np.testing.assert_allclose(first[0], 1 - 0.1 * np.sign(GRADIENTS[0]))


def test_keras_adam_is_ours_with_eps_divided_by_the_correction():
    m = v = 0.0
    p, expected = np.ones(3), []
    for t, g in enumerate(GRADIENTS, start=1):
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
        p = p - 0.01 * math.sqrt(1 - 0.999**t) / (1 - 0.9**t) * m / (np.sqrt(v) + 1e-3)
        expected.append(p)

    def eps_t(group, t):
        group["eps"] = 1e-3 / math.sqrt(1 - 0.999**t)

    assert_same_path(path(lambda p: Adam(p, lr=0.01), before_step=eps_t), expected)


def test_adamw_shrinks_every_weight_alike_and_adam_with_weight_decay_does_not():
    huge = GRADIENTS * np.array([1.0, 1e3, 1e6])
    shrunk = path(lambda p: AdamW(p, lr=0.1, weight_decay=0.1), huge) - path(lambda p: Adam(p, lr=0.1), huge)
    np.testing.assert_allclose(shrunk[0], -0.1 * 0.1)
    l2 = path(lambda p: Adam(p, lr=0.1, weight_decay=0.1), huge) - path(lambda p: Adam(p, lr=0.1), huge)
    assert np.abs(l2[-1, 2]) < 1e-3 < np.abs(l2[-1, 0])


def test_adamws_recurrence_written_out():
    m = v = 0.0
    p, expected = np.ones(3), []
    for t, g in enumerate(GRADIENTS, start=1):
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
        p = (1 - 0.1 * 0.3) * p
        p = p - 0.1 * m / (1 - 0.9**t) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
        expected.append(p)
    assert_same_path(path(lambda p: AdamW(p, lr=0.1, weight_decay=0.3)), expected)


@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_weight_decay_is_the_gradient_of_half_its_squared_norm(momentum):
    decayed = path(lambda p: SGD(p, lr=0.1, momentum=momentum, weight_decay=0.5), np.zeros((1, 3)))
    np.testing.assert_allclose(decayed[0], 1 - 0.1 * 0.5)
