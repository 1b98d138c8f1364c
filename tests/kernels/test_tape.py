"""What is written down of a function is the function, for other inputs, to the bit; or nothing is written down."""

from __future__ import annotations

import numpy as np
import pytest
from tinygrad_seq_numpy.backend import NumpyBackend

import tinygrad_seq as tg
from tinygrad_seq import functional as F
from tinygrad_seq import ops
from tinygrad_seq.backend import get_backend, namespace, owner
from tinygrad_seq.errors import ShapeError
from tinygrad_seq.random import Key

RNG = np.random.default_rng(0)
recorded = get_backend("numpy").capture


def tensors(arrays):
    return [tg.Tensor.handle(a, None) for a in arrays]


def gradients(f):
    """f of weights and inputs as what `capture` takes: its value, and the gradient of each weight."""

    def run(weights, inputs):
        leaves = [w.requires_grad_() for w in tensors(weights)]
        y = f(*leaves, *tensors(inputs))
        return [y.data, *(g.data for g in tg.grad(y, leaves))]

    return run


FUNCTIONS = {
    "arithmetic": lambda w, x: ((1 - w) * x / (2.0 + w**2) + -x @ w.T @ x).sum(),
    "lists": lambda w, x: ops.concat([ops.stack([w, x]), ops.expand_dims(w * x, axis=0)]).mean(),
    "pieces": lambda w, x: (
        (w[1:, ::2] * x[:1, 1::2]).sum() + (w[[2, 0]] * x[0, 1]).sum() + sum(ops.split(w, 2, axis=1)).sum()
    ),
    "masks": lambda w, x: ops.where(x > 0, ops.tanh(w), w * w).sum(),
    "fused": lambda w, x: F.cross_entropy(F.layer_norm(w * x), ops.argmax(x, axis=1)),
    "numbers that are used twice": lambda w, x: (w * w + w).sum() * w.sum(),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_and_its_gradient_are_written_down(name):
    run = gradients(FUNCTIONS[name])
    w, x, other = (RNG.standard_normal((3, 4)) for _ in range(3))
    again = recorded(run, [w], [x])
    for given in (x, other):
        for got, expected in zip(again(1, given), run([w], [given]), strict=True):
            assert type(got) in {np.ndarray, np.float64}
            np.testing.assert_array_equal(got, expected)


def test_weights_are_read_where_they_lie():
    w, x = np.ones(2), np.ones(2)
    again = recorded(lambda weights, inputs: [weights[0] * inputs[0]], [w], [x])
    w[:] = 5
    (y,) = again(1, np.array([2.0, 3.0]))
    assert y.tolist() == [10, 15]


def test_what_is_changed_in_place_is_changed_again():
    def run(weights, inputs):
        total = namespace(inputs[0]).zeros((2,), dtype="float64")
        total += inputs[0]
        total *= 2
        return [total]

    again = recorded(run, [], [np.ones(2)])
    for _ in range(2):
        assert again(1, np.array([1.0, 4.0]))[0].tolist() == [2, 8]


def test_random_numbers_are_those_of_the_step():
    draw = NumpyBackend().uniform
    again = recorded(
        lambda weights, inputs: [owner(inputs[0]).uniform(Key(5, 1, 3), (4,), "float32")], [], [np.ones(1)]
    )
    for step in (1, 7):
        np.testing.assert_array_equal(again(step, np.ones(1))[0], draw(Key(5, step, 3), (4,), "float32"))


def test_numbers_are_checked_each_time():
    def run(weights, inputs):
        F.check_range(inputs[0], 3, "here")
        return [inputs[0] + 1]

    again = recorded(run, [], [np.array([0, 2])])
    again(1, np.array([1, 1]))
    with pytest.raises(ShapeError, match=r"here: id 3 is outside 0 \.\. 2"):
        again(1, np.array([0, 3]))


FOREIGN = np.ones(2)
REFUSED = {
    "the truth": lambda x: [x if (x > 0) is True or bool(x[0] > 0) else -x],
    "a number": lambda x: [x * float(x[0])],
    "a loop": lambda x: [sum(x)],
    "a length": lambda x: [x * len(x)],
    "NumPy": lambda x: [np.tanh(x)],
    "an array from elsewhere": lambda x: [x + FOREIGN],
    "an array from elsewhere, in a list": lambda x: [namespace(x).stack([x, FOREIGN])],
    "the host": lambda x: [x * get_backend("numpy").to_host(x)],
    "its own host": lambda x: [x * owner(x).to_host(x).sum()],
    "bringing over": lambda x: [x * owner(x).from_host(FOREIGN)],
    "a method of NumPy's": lambda x: [x.cumprod()],
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_could_be_another_thing_next_time_is_not_written_down(what):
    assert recorded(lambda weights, inputs: REFUSED[what](inputs[0]), [], [np.ones(2)]) is None


def test_a_value_is_let_go_once_no_later_line_reads_it():
    alive = []

    class Watched(np.ndarray):
        def __array_finalize__(self, of):
            alive.append(1)

        def __del__(self):
            alive.pop()

    def run(weights, inputs):
        y = inputs[0]
        for _ in range(5):
            y = y + 1
        return [y]

    again = recorded(run, [], [np.ones(2)])
    most = 0

    def watched(f):
        def call(*args):
            nonlocal most
            result = f(*args)
            most = max(most, len(alive))
            return result

        return call

    for name, known in list(again.__globals__.items()):
        if callable(known) and name != "__builtins__":
            again.__globals__[name] = watched(known)
    again(1, np.ones(2).view(Watched))
    assert most <= 4


def test_a_backend_made_from_numpys_records_nothing():
    """Its namespace and its kernels would be passed by."""
    kind = type("Another", (NumpyBackend,), {"name": "another"})
    assert kind().capture(lambda weights, inputs: [inputs[0] + 1], [], [np.ones(2)]) is None
    assert NumpyBackend().capture(lambda weights, inputs: [inputs[0] + 1], [], [np.ones(2)]) is not None
