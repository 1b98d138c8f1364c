"""An update that is run in place gives what the pure function gives, bit for bit; what cannot be, is run as written."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_seq as tg
from tinygrad_seq.backend import get_backend, namespace
from tinygrad_seq.errors import StaleReadError
from tinygrad_seq.optim import SGD, Adadelta, Adagrad, Adam, AdamW, Optimizer, RMSprop
from tinygrad_seq.optim.in_place import traced

OPTIMIZERS = [
    (SGD, {"lr": 0.1}),
    (SGD, {"lr": 0.1, "weight_decay": 0.1}),
    (SGD, {"lr": 0.1, "momentum": 0.9}),
    (SGD, {"lr": 0.1, "momentum": 0.9, "nesterov": True, "ema": True, "weight_decay": 0.1}),
    (Adagrad, {"lr": 0.1, "lr_decay": 0.1, "initial_accumulator_value": 0.1, "weight_decay": 0.1}),
    (Adadelta, {"weight_decay": 0.1}),
    (RMSprop, {}),
    (RMSprop, {"eps_inside_sqrt": True}),
    (RMSprop, {"momentum": 0.9, "centered": True, "weight_decay": 0.1}),
    (Adam, {}),
    (Adam, {"amsgrad": True, "weight_decay": 0.1}),
    (AdamW, {"amsgrad": True}),
]


pytestmark = pytest.mark.usefixtures("by")

SHAPES = [(), (1,), (0, 3), (5, 7), (3, 50_000)]  # the last is longer than a block in every type


def pure(optimizer, values, gradients):
    """Return parameters and slots after steps of `update` alone, on copies."""
    settings = optimizer.settings(optimizer.param_groups[0])
    ends, states = [], []
    for i, p in enumerate(values):
        slots = {s: np.full_like(p, x) for s, x in optimizer.slots(settings).items()}
        for t, step in enumerate(gradients, start=1):
            p, slots = optimizer.update(namespace(p), t, p, step[i], **slots, **settings)
        ends.append(p)
        states.append(slots)
    return ends, states


@pytest.mark.parametrize(("make", "settings"), OPTIMIZERS)
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@np.errstate(all="ignore")  # in float16 the default eps is 0
def test_in_place_is_the_pure_update_bit_for_bit(make, settings, dtype):
    rng = np.random.default_rng(0)
    values, *gradients = ([np.array(rng.standard_normal(s), dtype=dtype) for s in SHAPES] for _ in range(4))
    parameters = [tg.tensor(p, requires_grad=True) for p in values]
    arrays = [p.data for p in parameters]
    optimizer = make(parameters, **settings)
    for step in gradients:
        for p, g in zip(parameters, step, strict=True):
            p.grad = tg.tensor(g)
        optimizer.step()
    ends, states = pure(optimizer, values, gradients)
    for i, (p, array, end) in enumerate(zip(parameters, arrays, ends, strict=True)):
        assert p.data is array
        np.testing.assert_array_equal(p.data, end)
        for slot, expected in states[i].items():
            np.testing.assert_array_equal(optimizer.state[str(i)][slot], expected)
            assert optimizer.state[str(i)][slot].dtype == dtype
        np.testing.assert_array_equal(p.grad.numpy(), gradients[-1][i])  # only read


@pytest.mark.parametrize(("make", "settings"), OPTIMIZERS)
def test_every_optimizer_of_ours_can_be_traced(make, settings):
    optimizer = make([tg.tensor([1.0], requires_grad=True)], **settings)
    own = optimizer.settings(optimizer.param_groups[0])
    assert traced(optimizer.update, 1, list(optimizer.slots(own)), own) is not None


def test_adam_needs_two_scratch_arrays_and_twelve_calls():
    optimizer = Adam([tg.tensor([1.0], requires_grad=True)])
    program = traced(optimizer.update, 3, ["m", "v"], optimizer.settings(optimizer.param_groups[0]))
    assert (len(program.calls), program.scratch) == (12, 2)
    assert [call.writes for call in program.calls if call.writes < program.arrays] == [2, 3, 0]  # m, v, p


def step_of(update, p, g, **slots):
    """Return p and the slots after one step of an update, run by an optimizer, and as it stands."""

    class Own(Optimizer):
        def slots(self, settings):
            return slots

    Own.update = staticmethod(update)
    parameter = tg.tensor(p, requires_grad=True)
    parameter.grad = tg.tensor(g)
    optimizer = Own([parameter])
    optimizer.step()
    starts = {s: np.full_like(p, x) for s, x in slots.items()}
    expected, kept = update(namespace(p), 1, p, g, **starts)
    np.testing.assert_array_equal(parameter.data, expected)
    for slot, array in kept.items():
        np.testing.assert_array_equal(optimizer.state["0"][slot], array)
    return traced(update, 1, list(slots), {})


P, G = np.array([1.0, -2.0, 3.0]), np.array([0.5, 4.0, -1.0])


def parameter_is_read_after_the_new_one(xp, t, p, g, m):
    new = p - g
    return new, {"m": (new * g + p * m) * p}


IN_PLACE = {
    "the new parameter waits until the old one has been read": parameter_is_read_after_the_new_one,
    "reads the old slot after the new one is made": lambda xp, t, p, g, m: (p - m, {"m": m + g}),
    "reads the old parameter last": lambda xp, t, p, g, m: (p - g, {"m": p * m}),
    "one value in two places": lambda xp, t, p, g, m: ((p - g + m) * 2, {"m": (p - g + m) * 2}),
    "a value that nobody reads": lambda xp, t, p, g, m: (p - g if xp.exp(g * m) is not None else p, {"m": -m}),
    "the same operand twice": lambda xp, t, p, g, m: (g * g / (1 + xp.abs(g)), {"m": xp.sign(g) + xp.minimum(m, 0.5)}),
    "nothing new": lambda xp, t, p, g, m: (p, {"m": m}),
    "reflected operators": lambda xp, t, p, g, m: (3 - (2 / (1 + 2 * g)), {"m": xp.sqrt(xp.maximum(g, 0)) + m}),
}


@pytest.mark.parametrize("update", IN_PLACE.values(), ids=IN_PLACE)
def test_places_are_not_written_before_they_are_read(update):
    assert step_of(update, P, G, m=0.25) is not None


def shared(xp, t, p, g, m, n):
    new = 0.9 * m + g
    return p - new, {"m": new, "n": new}


def swapped(xp, t, p, g, m, n):
    return p - g, {"m": n, "n": m}


def remembers(xp, t, p, g, m):
    return p - g, {"m": g}


AS_WRITTEN = {
    "a sum": lambda xp, t, p, g, m: (p - g / xp.sum(g * g), {"m": m}),
    "a shape": lambda xp, t, p, g, m: (p - g / p.shape[0], {"m": m}),
    "a comparison": lambda xp, t, p, g, m: (xp.where(g > 0, p - g, p), {"m": m}),
    "NumPy itself": lambda xp, t, p, g, m: (p - np.tanh(g), {"m": m}),
    "a slot of its own size": lambda xp, t, p, g, m: (p - g, {"m": xp.mean(g)}),
    "another input as result": remembers,
    "an array from outside": lambda xp, t, p, g, m: (p - G, {"m": m}),
}


@pytest.mark.parametrize("update", AS_WRITTEN.values(), ids=AS_WRITTEN)
def test_what_cannot_be_traced_is_run_as_written(update):
    assert step_of(update, P, G, m=0.25) is None


def test_one_value_in_two_slots_and_two_slots_that_change_places():
    assert step_of(shared, P, G, m=0.25, n=0.5) is not None
    assert step_of(swapped, P, G, m=0.25, n=0.5) is None


SPECIAL = np.array([0.0, -0.0, 1.0, -1.0, np.inf, -np.inf, np.nan, 1e-40, -1e38])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@np.errstate(all="ignore")
def test_what_is_no_ordinary_number_comes_out_as_numpys(dtype):
    def update(xp, t, p, g, a, b, c, d):
        signs, roots = xp.sign(g) * 3 - (-p), xp.sqrt(g) / p
        return xp.maximum(p, g), {"a": xp.minimum(p, g), "b": signs, "c": xp.abs(g) + 0 * p, "d": roots}

    p, g = (x.ravel().astype(dtype) for x in np.meshgrid(SPECIAL, SPECIAL))
    assert step_of(update, p, g, a=0.0, b=0.0, c=0.0, d=0.0) is not None


def test_a_loop_is_compiled_where_it_can_be(by):
    from tinygrad_seq_numpy.in_place import compiled_runner

    def loop(update, dtype="float32"):
        program = traced(update, 1, [], {})
        assert program is not None
        return compiled_runner(program, np.dtype(dtype))

    assert (loop(lambda xp, t, p, g: (p - g, {})) is not None) == (by == "LLVM")
    assert loop(lambda xp, t, p, g: (p - g, {}), "float16") is None
    assert loop(lambda xp, t, p, g: (p - xp.exp(g), {})) is None  # LLVM has no exponential of many numbers at once


def test_the_steps_of_a_training_share_one_loop(by):
    if by == "NumPy":
        return
    from tinygrad_seq_numpy.compiled import program

    optimizer = Adam([w := tg.tensor(P, requires_grad=True)])
    w.grad = tg.tensor(G)
    optimizer.step()
    before = program.compiled.cache_info().misses
    for lr in (1e-3, 1e-2, 1e-1):
        optimizer.param_groups[0]["lr"] = lr
        optimizer.step()
    assert program.compiled.cache_info().misses == before


def test_the_truth_of_a_value_is_not_taken_for_granted():
    assert traced(lambda xp, t, p, g: (p - g if g else p, {}), 1, [], {}) is None


def test_gradients_and_parameters_in_any_memory_layout():
    rng = np.random.default_rng(0)
    w, g = rng.standard_normal((4, 6)), rng.standard_normal((6, 4)).T
    ends = []
    for array in (w, np.asfortranarray(w)):
        p = tg.tensor(array, requires_grad=True)
        p.grad = tg.tensor(0.0 * w)
        p.grad.data = g  # as it comes from x @ W.mT
        Adam([p]).step()
        ends.append(p.detach().numpy())
    np.testing.assert_array_equal(ends[0], ends[1])
    np.testing.assert_allclose(ends[0], w - 1e-3 * np.sign(g), rtol=1e-6)


def test_a_step_writes_into_the_arrays_that_are_there():
    w = tg.tensor(P, requires_grad=True)
    optimizer = Adam([w])
    places = []
    for _ in range(3):
        w.grad = tg.tensor(G)
        optimizer.step()
        places.append([id(array) for array in (w.data, *optimizer.state["0"].values())])
    assert places[0] == places[1] == places[2]


def test_a_step_in_place_is_a_write_that_a_stale_read_is_told_of():
    w = tg.tensor([2.0], requires_grad=True)
    loss = (w * w).sum()
    w.grad = tg.tensor([1.0])
    SGD([w], lr=0.1).step()
    with pytest.raises(StaleReadError, match=r"SGD.step\(\)"):
        loss.backward()


def test_a_runner_refuses_arrays_that_it_cannot_take_and_writes_nothing():
    program = traced(lambda xp, t, p, g: (p - g, {}), 1, [], {})
    run = get_backend("numpy").in_place(program, np.dtype("float64"))
    p = np.ones(3)
    read_only = np.ones(3)
    read_only.flags.writeable = False
    refused = [
        [p, np.ones(2)],
        [p, np.ones(3, dtype="float32")],
        [p, np.float64(1)],
        [np.ones(6)[::2], np.ones(3)],
        [read_only, np.ones(3)],
    ]
    assert run(refused) == [False] * 5
    assert np.array_equal(p, np.ones(3))
    assert run([]) == []
    q = np.ones((2, 2))
    assert run([refused[0], [p, np.ones(6)[::2]], [q, np.full((2, 2), 3.0)]]) == [False, True, True]
    assert not p.any()
    assert (q == -2).all()
