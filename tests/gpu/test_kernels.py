"""The kernels for GPUs, from their own text on the CPU; that they give what the loop gives is in tests/nn/test_kernels.

Here: what they cost in launches, that nothing crosses to the host, and the kernels that are not of sequences.
"""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from tinygrad_seq_cupy.kernels import kernels_on
from tinygrad_seq_cupy.kernels.program import runner
from tinygrad_seq_fake import DeviceArray, FakeBackend

import tinygrad_seq as tg
from tinygrad_seq import functional as F
from tinygrad_seq import nn
from tinygrad_seq.backend import get_backend
from tinygrad_seq.ops.cross_entropy import CrossEntropy
from tinygrad_seq.optim import SGD, Adadelta, Adagrad, Adam, AdamW, RMSprop
from tinygrad_seq.optim.in_place import traced

from .on_cpu import OnCpu, needs_compiler

pytestmark = needs_compiler

T, B, I, H = 5, 3, 4, 6
NETS = {
    "rnn": (nn.RNN, {}, 1, 1, 1, 1),  # products and launches of a step forward, and of a step back
    "lstm": (nn.LSTM, {}, 1, 1, 1, 1),
    "gru": (nn.GRU, {}, 1, 1, 1, 1),
    "gru-reset-before": (nn.GRU, {"reset_after": False}, 2, 2, 2, 2),
    "mlstm": (nn.MLSTM, {}, 2, 2, 2, 2),
}


@pytest.fixture
def on(monkeypatch: pytest.MonkeyPatch) -> OnCpu:
    """The fake device, with the kernels for GPUs."""
    on, fake = OnCpu("fake"), get_backend("fake")
    monkeypatch.setattr(fake, "kernels", kernels_on(on))
    monkeypatch.setattr(fake, "in_place", lambda program, dtype: runner(on, DeviceArray, program, dtype))
    return on


@pytest.fixture(autouse=True)
def _seed() -> None:
    tg.manual_seed(0)


def nets(kind, **options):
    make, settings, *_ = NETS[kind]
    host = make(I, H, **settings, **options)
    device = make(I, H, path="fused", **settings, **options)
    device.load_state_dict(host.state_dict())
    return host, device.to("fake")


@pytest.mark.parametrize("options", [{}, {"mask": 0.6}, {"reset": 0.4}], ids=str)
@pytest.mark.parametrize("kind", NETS)
def test_a_step_is_as_few_products_and_launches_as_can_be(on, kind, options):
    forward, forward_launches, back, back_launches = NETS[kind][2:]
    _, net = nets(kind)
    rng = np.random.default_rng(0)
    call = {name: rng.random((T, B)) < p for name, p in options.items()}
    before = (on.products, sum(on.launched.values()))
    output, _ = net(rng.standard_normal((T, B, I)).astype(np.float32), **call)
    projections = 2 if kind == "mlstm" else 1
    assert on.products - before[0] == projections + T * forward
    assert sum(on.launched.values()) - before[1] == T * forward_launches
    before = (on.products, sum(on.launched.values()))
    output.sum().backward()
    weights = sum(p.ndim == 2 for p in net.parameters()) + (kind == "gru-reset-before")  # of its W_hh two products
    biases = {"mlstm": 1, "gru": 2}.get(kind, 1)
    assert on.products - before[0] == T * back + weights + biases
    assert sum(on.launched.values()) - before[1] == T * back_launches


@pytest.mark.parametrize("symbols", [True, False], ids=["symbols", "vectors"])
@pytest.mark.parametrize("make", [partial(Adam, eps=1e-2), SGD], ids=["adam", "sgd"])
@pytest.mark.parametrize("kind", NETS)
def test_a_training_step_never_waits_for_the_device_and_gives_what_the_host_gives(on, kind, make, symbols):
    rng = np.random.default_rng(0)
    x = rng.integers(0, I, (T, B)) if symbols else rng.standard_normal((T, B, I)).astype(np.float32)
    y = rng.integers(0, H, (T, B))
    mask, reset = rng.random((T, B)) < 0.7, rng.random((T, B)) < 0.2
    ends = []
    for net, backend in zip(nets(kind, bidirectional=True), ("numpy", "fake"), strict=True):
        optimizer = make(net, lr=0.1)
        batch = [tg.tensor(a, backend=backend) for a in (x, y, mask, reset)]
        FakeBackend.transfers.clear()
        for _ in range(3):
            optimizer.zero_grad()
            output, _ = net(batch[0], mask=batch[2], reset=batch[3])
            loss = F.cross_entropy(output[:, :, :H] + output[:, :, H:], batch[1], mask=batch[2])
            loss.backward()
            optimizer.step()
        assert not FakeBackend.transfers
        ends.append([p.detach().numpy() for p in net.parameters()])
    assert {"loss_forward", "loss_backward", "program"} <= set(on.launched)
    for a, b in zip(*ends, strict=True):
        np.testing.assert_allclose(a, b, rtol=2e-4, atol=2e-5)


@pytest.mark.parametrize("backend", ["numpy", "fake"])
@pytest.mark.parametrize("V", [1, 2, 7, 8, 9, 41])
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_cross_entropy_is_the_reference(dtype, V, backend):
    """Scores of any size, with rows that do not count."""
    rng = np.random.default_rng(V)
    place, on = get_backend(backend), OnCpu(backend)
    kernel = kernels_on(on)["CrossEntropy"]
    scale = {"float16": 3, "float32": 60, "float64": 500}[dtype]
    z, y = (scale * rng.standard_normal((2, 3, V))).astype(dtype), rng.integers(0, V, (2, 3))
    counts, dL = rng.random((2, 3)) < 0.7, rng.standard_normal((2, 3)).astype(dtype)
    there = [place.from_host(a) for a in (z, y, counts)]
    outputs, buffers = kernel.forward(*there, training=True)
    dz, *others = kernel.backward((place.from_host(dL),), there, outputs, buffers, [True, False, False])
    assert others == [None, None]

    score = tg.Tensor(z.astype("float64"), requires_grad=True)
    (expected,) = CrossEntropy.reference(score, tg.Tensor(y), tg.Tensor(counts))
    (expected_dz,) = tg.grad([expected], [score], [tg.Tensor(dL.astype("float64"))])
    tolerance = {"float16": 2e-3, "float32": 2e-5, "float64": 1e-12}[dtype]
    for got, wanted in ((outputs[0], expected), (dz, expected_dz)):
        host, wanted = place.to_host(got), wanted.detach().numpy()
        assert host.dtype == dtype
        np.testing.assert_allclose(host, wanted, rtol=tolerance, atol=tolerance * max(1, np.abs(wanted).max()))


def test_an_unknown_class_or_symbol_gives_nan_and_reads_no_foreign_memory():
    """On a device nobody can look before the launch, but training stops at the first NaN."""
    kernels = kernels_on(OnCpu("numpy"))
    z, y = np.zeros((3, 4), np.float32), np.array([0, 4, -1])
    (L,), _ = kernels["CrossEntropy"].forward(z, y, np.ones(3, bool), training=False)
    assert np.isnan(L).tolist() == [False, True, True]
    W = [np.ones((2, 3), np.float32), np.ones((2, 2), np.float32), None, None]
    static = {"reverse": False, "nonlinearity": "tanh"}
    x, h = np.array([[0], [3]]), np.zeros((1, 2), np.float32)
    (output, _), _ = kernels["RNNSequence"].forward(x, None, None, h, *W, training=False, **static)
    assert np.isnan(output[:, 0, 0]).tolist() == [False, True]


def test_scores_that_are_not_finite_are_not_hidden():
    kernel = kernels_on(OnCpu("numpy"))["CrossEntropy"]
    for bad in (np.nan, np.inf):
        for place in (0, 3, 8):
            z = np.zeros((1, 9), np.float32)
            z[0, place] = bad
            with np.errstate(all="ignore"):
                (L,), _ = kernel.forward(z, np.array([1]), np.array([True]), training=False)
            assert np.isnan(L).all()
    z = np.array([[-np.inf, 0.0]], np.float32)
    (L,), _ = kernel.forward(z, np.array([1]), np.array([True]), training=False)
    assert L == 0


OPTIMIZERS = [
    (SGD, {"lr": 0.1, "momentum": 0.9, "nesterov": True, "ema": True, "weight_decay": 0.1}),
    (Adagrad, {"lr": 0.1, "lr_decay": 0.1, "initial_accumulator_value": 0.1}),
    (Adadelta, {}),
    (RMSprop, {"momentum": 0.9, "centered": True}),
    (Adam, {"amsgrad": True, "weight_decay": 0.1}),
    (AdamW, {}),
]


@pytest.mark.parametrize(("make", "settings"), OPTIMIZERS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_an_update_is_one_launch_and_the_pure_function_bit_for_bit(on, make, settings, dtype):
    rng = np.random.default_rng(0)
    shapes = [(), (0, 3), (5, 7)]
    values, *gradients = ([np.array(rng.standard_normal(s), dtype) for s in shapes] for _ in range(4))
    ends = []
    for backend in ("numpy", "fake"):
        parameters = [tg.tensor(p, requires_grad=True, backend=backend) for p in values]
        optimizer = make(parameters, **settings)
        for step in gradients:
            for p, g in zip(parameters, step, strict=True):
                p.grad = tg.tensor(g, backend=backend)
            optimizer.step()
        ends.append([*(p.detach().numpy() for p in parameters), *flat_state(optimizer)])
    assert on.launched == {"program": len(gradients)}
    for a, b in zip(*ends, strict=True):
        np.testing.assert_array_equal(a, b)


def flat_state(optimizer):
    return [array for slots in optimizer.state_dict()["state"].values() for array in slots.values()]


def test_a_new_learning_rate_is_no_new_kernel():
    def of(lr, t):
        optimizer = Adam([tg.tensor([1.0], requires_grad=True)], lr=lr)
        seen = []

        class Watching(OnCpu):
            def launch(self, kernel, dtype, n, *arguments, rows=False):
                seen.append(kernel)

        program = traced(optimizer.update, t, ["m", "v"], optimizer.settings(optimizer.param_groups[0]))
        runner(Watching("numpy"), np.ndarray, program, "float32")([[np.ones(2, np.float32)] * 4])
        return seen[0]

    assert of(0.1, 1) is of(0.2, 7)


def test_every_function_of_a_program_is_numpys():
    """Signs, zeros, and what is not a number."""
    functions = {
        "abs": lambda xp, p, g: xp.abs(p),
        "sign": lambda xp, p, g: xp.sign(p),
        "exp": lambda xp, p, g: xp.exp(p),
        "maximum": lambda xp, p, g: xp.maximum(p, g),
        "minimum": lambda xp, p, g: xp.minimum(p, g),
        "negative": lambda xp, p, g: -p,
        "sqrt": lambda xp, p, g: xp.sqrt(p),
    }
    values = np.array([0.0, 1.5, -2.0, np.nan, 3.0, np.inf, -np.inf])
    p, g = (np.array(a) for a in zip(*[(x, y) for x in values for y in values], strict=True))
    for name, f in functions.items():
        made = traced(lambda xp, t, p, g, f=f: (f(xp, p, g), {}), 1, [], {})
        got = p.copy()
        assert runner(OnCpu("numpy"), np.ndarray, made, "float64")([[got, g]]) == [True]
        with np.errstate(all="ignore"):
            expected = f(np, p, g)
        np.testing.assert_allclose(got, expected, rtol=1e-15, err_msg=name)


def test_more_parameters_than_a_launch_has_arguments_for_are_several_launches():
    """Two arrays each: 3,900 bytes are room for 195 of them."""
    program = traced(lambda xp, t, p, g: (p - 2 * g, {}), 1, [], {})
    on, rng = OnCpu("numpy"), np.random.default_rng(0)
    sets = [[rng.standard_normal(n % 20) for _ in range(2)] for n in range(200)]
    expected = [p - 2 * g for p, g in sets]
    assert all(runner(on, np.ndarray, program, "float64")(sets))
    assert on.launched == {"program": 2}
    for (p, _), wanted in zip(sets, expected, strict=True):
        np.testing.assert_array_equal(p, wanted)


def test_a_runner_refuses_arrays_that_it_cannot_take_and_writes_nothing():
    program = traced(lambda xp, t, p, g: (p - g, {}), 1, [], {})
    assert runner(OnCpu("numpy"), np.ndarray, program, "float16") is None
    run = runner(OnCpu("numpy"), np.ndarray, program, "float64")
    p = np.ones((2, 3))
    refused = [
        [p, np.ones((3, 2))],
        [p, np.ones((2, 3), np.float32)],
        [p, np.float64(1)],
        [np.asfortranarray(p), np.ones((2, 3))],
    ]
    assert run(refused) == [False] * 4
    assert np.array_equal(p, np.ones((2, 3)))
    assert run([refused[0], [p, np.ones((3, 2)).T]]) == [False, True]
    assert not p.any()
