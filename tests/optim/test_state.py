"""A state dict holds all that the next step depends on, by name; loading it goes on bit for bit."""

from __future__ import annotations

import json

import numpy as np
import pytest

import tinygrad_seq as tg
from tinygrad_seq.errors import CheckpointError
from tinygrad_seq.optim import SGD, Adadelta, Adagrad, Adam, AdamW, RMSprop

OPTIMIZERS = [
    (SGD, {}),
    (SGD, {"lr": 0.01, "momentum": 0.9, "nesterov": True}),
    (SGD, {"lr": 0.01, "momentum": 0.9, "ema": True}),
    (Adagrad, {"lr_decay": 0.1, "initial_accumulator_value": 0.1}),
    (Adadelta, {}),
    (RMSprop, {"momentum": 0.9, "centered": True}),
    (RMSprop, {"eps_inside_sqrt": True}),
    (Adam, {}),
    (Adam, {"amsgrad": True}),
    (AdamW, {}),
]


def through_files(saved):
    """What a checkpoint does: arrays by themselves, everything else as JSON."""
    arrays = {name: {slot: array.copy() for slot, array in slots.items()} for name, slots in saved["state"].items()}
    rest = json.loads(json.dumps({key: value for key, value in saved.items() if key != "state"}, allow_nan=False))
    return rest | {"state": arrays}


def assert_equal(a, b):
    for name, value in a.items():
        np.testing.assert_array_equal(value, b[name], err_msg=name)


@pytest.mark.parametrize(("make", "settings"), OPTIMIZERS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_saved_and_loaded_goes_on_as_if_nothing_had_happened(problem, backend_name, make, settings, dtype):
    through = problem(dtype, backend_name)
    through.train(make(through, **settings), 9)

    first = problem(dtype, backend_name)
    optimizer = make(first, **settings)
    first.train(optimizer, 4)
    saved = through_files(optimizer.state_dict())

    second = problem(dtype, backend_name)
    for name, parameter in second.parameters.items():
        parameter.assign_(first.parameters[name].data)
    resumed = make(second, lr=0.123)
    resumed.load_state_dict(saved)
    first.train(optimizer, 2)  # what was saved is a copy
    second.train(resumed, 5)
    assert_equal(second.values(), through.values())


def test_the_layout_is_the_documented_one(problem):
    p = problem()
    optimizer = Adam(
        [{"params": [("s", p.parameters["out.s"])], "lr": 0.5}, {"params": [("v", p.parameters["out.v"])]}]
    )
    p.train(optimizer, 3)
    saved = optimizer.state_dict()
    rest = {"betas": (0.9, 0.999), "eps": 1e-8, "weight_decay": 0.0, "amsgrad": False}
    assert saved["optimizer"] == "Adam"
    assert saved["groups"] == [{"names": ["s"], "lr": 0.5, **rest}, {"names": ["v"], "lr": 0.001, **rest}]
    assert saved["steps"] == {"s": 3, "v": 3}
    assert {name: {slot: a.shape for slot, a in slots.items()} for name, slots in saved["state"].items()} == {
        "s": {"m": (), "v": ()},
        "v": {"m": (4,), "v": (4,)},
    }
    assert all(
        type(a) is np.ndarray and a.flags.c_contiguous for slots in saved["state"].values() for a in slots.values()
    )


def test_state_goes_by_name_whatever_the_order_of_parameters_and_groups(problem):
    def groups(p, turn):
        W, b, v, s = p.parameters.items()
        return [{"params": [W, b][::turn], "lr": 0.1}, {"params": [v, s][::turn]}][::turn]

    through = problem()
    through.train(Adam(groups(through, 1)), 6)
    p = problem()
    optimizer = Adam(groups(p, 1))
    p.train(optimizer, 3)
    turned = Adam(groups(p, -1))
    turned.load_state_dict(optimizer.state_dict())
    assert [group["lr"] for group in turned.param_groups] == [0.001, 0.1]
    p.train(turned, 3)
    assert_equal(p.values(), through.values())


def test_strided_state_is_saved_in_order():
    """A file that takes the bytes as they lie would else hold the transpose."""
    optimizer = SGD([tg.tensor(np.zeros((2, 3)), requires_grad=True)], momentum=0.9)
    optimizer.state["0"] = {"z": np.arange(6.0).reshape(3, 2).T}
    z = optimizer.state_dict()["state"]["0"]["z"]
    assert z.flags.c_contiguous
    np.testing.assert_array_equal(z, [[0, 2, 4], [1, 3, 5]])


def trained(make, params, **settings):
    optimizer = make(params, **settings)
    for group in optimizer.param_groups:
        for parameter in group["params"]:
            parameter.grad = tg.ones(parameter.shape)
    optimizer.step()
    return optimizer


def weights(**shapes):
    return [(name, tg.ones(shape, requires_grad=True)) for name, shape in shapes.items()]


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (lambda: Adam(weights(a=(2,), c=(3,))), "first difference is 'c': it is not in the saved state"),
        (lambda: Adam(weights(a=(2,))), "first difference is 'b': this model has no such parameter"),
        (
            lambda: Adam(weights(a=(2,), b=(4,))),
            r"first difference is 'b': its saved state has shape \(3,\), the parameter \(4,\)",
        ),
        (lambda: Adam([p for _, p in weights(a=(2,), b=(3,))]), r"first difference is '0'.*\n.*else by position"),
        (lambda: SGD(weights(a=(2,), b=(3,))), "not the state of SGD: it says optimizer='Adam'"),
        (lambda: Adam([{"params": weights(a=(2,))}, {"params": weights(b=(3,))}]), "'b' in another parameter group"),
    ],
)
def test_the_state_of_another_model_names_the_first_difference_and_changes_nothing(other, message):
    saved = trained(Adam, weights(a=(2,), b=(3,)), lr=0.5).state_dict()
    optimizer = other()
    before = optimizer.state_dict()
    with pytest.raises(CheckpointError, match=message):
        optimizer.load_state_dict(saved)
    assert optimizer.state_dict() == before


def test_something_else_is_not_a_state():
    with pytest.raises(CheckpointError, match="it says optimizer=None"):
        SGD(weights(a=(2,))).load_state_dict({"state": {}, "param_groups": []})
