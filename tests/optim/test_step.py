"""What `step` does beside the formula: what it touches, what it leaves alone, and what later reads are told."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_seq as tg
from tinygrad_seq import nn
from tinygrad_seq.backend import get_backend, namespace
from tinygrad_seq.errors import BackendError, ConfigError, StaleReadError
from tinygrad_seq.optim import (
    SGD,
    Adadelta,
    Adagrad,
    Adam,
    AdamW,
    Optimizer,
    RMSprop,
    clip_grad_norm_,
    clip_grad_value_,
)

OPTIMIZERS = [
    (SGD, {"lr": 0.01, "momentum": 0.9}),
    (SGD, {"lr": 0.01, "momentum": 0.9, "ema": True, "nesterov": True}),
    (Adagrad, {}),
    (Adadelta, {}),
    (RMSprop, {"lr": 1e-3, "momentum": 0.9, "centered": True}),
    (RMSprop, {"lr": 1e-3, "eps_inside_sqrt": True}),
    (Adam, {"weight_decay": 0.1}),
    (AdamW, {"amsgrad": True}),
]


@pytest.mark.parametrize(("make", "settings"), OPTIMIZERS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_every_backend_makes_the_same_steps_and_keeps_type_and_place(problem, backend_name, make, settings, dtype):
    here, there = problem(dtype), problem(dtype, backend_name)
    here.train(make(here, **settings), 5)
    optimizer = make(there, **{name: np.float64(x) if isinstance(x, float) else x for name, x in settings.items()})
    there.train(optimizer, 4)
    clip_grad_norm_(there, max_norm=1e9)
    clip_grad_value_(there, clip_value=1e9)
    there.train(optimizer, 1)
    for name, parameter in there.parameters.items():
        np.testing.assert_allclose(there.values()[name], here.values()[name], rtol=1e-6)
        assert parameter.backend == backend_name
        assert parameter.dtype == dtype
        for array in optimizer.state[name].values():
            assert type(array) in get_backend(backend_name).array_types
            assert array.dtype == dtype
            assert array.shape == parameter.shape


@pytest.mark.parametrize(("make", "settings"), OPTIMIZERS)
def test_update_is_pure(make, settings):
    optimizer = make([tg.tensor(np.ones(3), requires_grad=True)], **settings)
    group = optimizer.settings(optimizer.param_groups[0])
    arrays = {slot: np.full(3, 0.5) for slot in optimizer.slots(group)} | {"p": np.ones(3), "g": np.full(3, 2.0)}
    for array in arrays.values():
        array.flags.writeable = False
    xp = namespace(np.ones(3))
    results = [optimizer.update(xp, 2, **arrays, **group) for _ in range(2)]
    np.testing.assert_array_equal(results[0][0], results[1][0])
    assert results[0][1].keys() == optimizer.slots(group).keys()


@pytest.mark.parametrize("make", [SGD, Adam])
def test_a_step_between_forward_and_backward_is_a_stale_read_that_names_both(problem, make):
    p = problem()
    optimizer = make(p, lr=0.1)
    p.train(optimizer, 1)
    loss = p.loss()
    optimizer.step()
    with pytest.raises(StaleReadError, match=rf"'v'.*{make.__name__}\.step\(\)"):
        loss.backward()


def test_a_step_of_a_layer_between_forward_and_backward_names_the_weight():
    layer = nn.Linear(3, 2)
    optimizer = Adam(layer)
    x = tg.tensor(np.ones((4, 3), "float32"), requires_grad=True)
    layer(x).sum().backward()
    loss = layer(x).sum()
    optimizer.step()
    with pytest.raises(StaleReadError, match=r"'weight'.*Adam\.step\(\)"):
        loss.backward()


def test_tied_parameters_are_updated_once():
    for tied in (lambda w: [w, w], lambda w: [("encoder", w), ("decoder", w)], lambda w: [{"params": [w, w]}]):
        w = tg.tensor([1.0, 1.0], requires_grad=True)
        optimizer = SGD(tied(w), lr=0.1)
        (w.sum() + w.sum()).backward()
        optimizer.step()
        np.testing.assert_allclose(w.detach().numpy(), 0.8, rtol=1e-6)
        assert optimizer.steps == {optimizer.param_groups[0]["names"][0]: 1}


def test_a_module_with_tied_weights_is_trained_as_its_one_weight():
    class Tied(nn.Module):
        def __init__(self):
            self.there = nn.Linear(2, 2)
            self.back = nn.Linear(2, 2)
            self.back.weight = self.there.weight

    assert SGD(Tied()).param_groups[0]["names"] == ["there.weight", "there.bias", "back.bias"]


def test_zero_grad_forgets_and_without_gradients_a_step_changes_nothing(problem):
    p = problem()
    optimizer = Adam(p, weight_decay=0.5)
    p.train(optimizer, 2)
    optimizer.zero_grad()
    assert all(parameter.grad is None for parameter in p.parameters.values())
    before, state = p.values(), optimizer.state_dict()
    optimizer.step()
    assert optimizer.steps == state["steps"] == dict.fromkeys(p.parameters, 2)
    for name, value in p.values().items():
        np.testing.assert_array_equal(value, before[name])


def test_a_frozen_parameter_of_a_module_waits_until_it_is_thawed():
    layer = nn.Linear(2, 2)
    layer.weight.requires_grad_(False)
    optimizer = Adam(layer, lr=0.1)
    x = tg.tensor([[1.0, 2.0]])
    before = layer.weight.detach().numpy().copy()
    layer(x).sum().backward()
    optimizer.step()
    np.testing.assert_array_equal(layer.weight.detach().numpy(), before)
    layer.weight.requires_grad_()
    layer(x).sum().backward()
    optimizer.step()
    np.testing.assert_allclose(layer.weight.detach().numpy(), before - 0.1, rtol=1e-4)
    assert optimizer.steps == {"weight": 1, "bias": 2}


def test_settings_of_a_group_may_change_between_steps(problem):
    """A slot that comes into use starts from zero, one that goes out of use is forgotten."""
    p = problem()
    optimizer = SGD(p, lr=0.01)
    group = optimizer.param_groups[0]
    p.train(optimizer, 1)
    assert optimizer.state["out.v"] == {}
    group["momentum"] = 0.9
    p.train(optimizer, 1)
    np.testing.assert_array_equal(optimizer.state["out.v"]["z"], p.parameters["out.v"].grad.numpy())
    group["momentum"] = 0.0
    p.train(optimizer, 1)
    assert optimizer.state["out.v"] == {}
    group["lr"] = -1.0
    with pytest.raises(ConfigError, match=r"SGD: lr must be 0 or more, and finite, got -1\.0"):
        optimizer.step()


def test_a_numpy_float64_learning_rate_does_not_widen_float32(problem):
    p = problem("float32")
    optimizer = SGD(p, lr=np.float64(0.1), momentum=np.float64(0.9))
    optimizer.param_groups[0]["lr"] = np.float64(0.05)
    p.train(optimizer, 2)
    assert {array["z"].dtype for array in optimizer.state.values()} == {np.dtype("float32")}


@pytest.mark.host("moves from NumPy to the device")
def test_a_model_moved_after_the_first_step_is_told_how_to_move_the_state():
    layer = nn.Linear(2, 2)
    optimizer = Adam(layer)
    x = tg.tensor([[1.0, 2.0]])
    layer(x).sum().backward()
    optimizer.step()
    layer.to("fake")
    layer(x.to("fake")).sum().backward()
    with pytest.raises(BackendError, match=r"'weight' is on 'fake'.*on 'numpy'"):
        optimizer.step()
    optimizer.load_state_dict(optimizer.state_dict())
    optimizer.step()
    assert optimizer.steps == {"weight": 2, "bias": 2}


def test_a_gradient_on_another_backend_is_refused():
    w = tg.tensor([1.0, 1.0], requires_grad=True, backend="numpy")
    w.grad = tg.ones(2).to("fake")
    with pytest.raises(BackendError, match=r"'0' is on 'numpy', its gradient or state on 'fake'"):
        SGD([w]).step()


def test_an_optimizer_of_ones_own_is_one_function():
    class Signs(Optimizer):
        def __init__(self, params, lr=0.5):
            super().__init__(params, lr=lr)

        def slots(self, settings):
            return {"count": 7.0}

        @staticmethod
        def update(xp, t, p, g, count, *, lr):
            return p - lr * t * xp.sign(g), {"count": count + 1}

    w = tg.tensor([1.0, 1.0], requires_grad=True)
    optimizer = Signs([w])
    for _ in range(2):
        w.grad = tg.tensor([3.0, -3.0])
        optimizer.step()
    assert w.tolist() == [-0.5, 2.5]
    assert tg.tensor(optimizer.state["0"]["count"]).tolist() == [9.0, 9.0]
