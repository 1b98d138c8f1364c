"""A kernel for a whole sequence is nothing but faster: it gives what the loop over cells gives, to rounding."""

from __future__ import annotations

from functools import partial
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygrad_seq as tg
from tinygrad_seq import scope
from tinygrad_seq.backend import current_backend

from .conftest import NETS

pytestmark = pytest.mark.usefixtures("kernel_table")

TOLERANCE = {"float32": {"rtol": 1e-5, "atol": 1e-6}, "float64": {"rtol": 1e-12, "atol": 1e-12}}
KEPT = {
    "RNNSequence": {"h"},
    "LSTMSequence": {"i", "f", "g", "o", "c", "h"},
    "GRUSequence": {"r", "z", "n", "h"},
    "MLSTMSequence": {"m", "i", "f", "g", "o", "c", "h"},
}


def both(net_of, *sizes, **options):
    """The same net twice: by the kernel, and by the loop over cells."""
    fused, cell = net_of(*sizes, path="fused", **options), net_of(*sizes, path="cell", **options)
    cell.load_state_dict(fused.state_dict())
    return fused, cell


def flat(result):
    state = result.state
    return [result.output, *(state if isinstance(state, tuple) else [state])]


def pass_through(net, x, start, options, seed=5):
    """Outputs, states, and the gradients of a random projection of them: of the input, the start and every weight."""
    leaves = [tg.Tensor(a, requires_grad=a.dtype.kind == "f") for a in (x, *start)]
    state = None if not start else leaves[1] if len(start) == 1 else tuple(leaves[1:])
    results = flat(net(leaves[0], state, **options))
    rng = np.random.default_rng(seed)
    dys = [tg.Tensor(rng.standard_normal(y.shape).astype(y.dtype)) for y in results]
    wrt = [leaf for leaf in (*leaves, *net.parameters()) if leaf.requires_grad]
    return results, tg.grad(results, wrt, dys)


def assert_equal(ours, theirs, dtype):
    for a, b in zip(ours, theirs, strict=True):
        a, b = a.detach().numpy(), b.detach().numpy()
        assert a.dtype == b.dtype
        scale = max(1.0, float(np.abs(b).max(initial=0)))
        np.testing.assert_allclose(a / scale, b / scale, **TOLERANCE[dtype])


@st.composite
def cases(draw):
    """Sizes, settings, and an input with any pattern of masked steps and new beginnings."""
    T, B, I, H = (draw(st.integers(1, n)) for n in (7, 4, 5, 9))
    options = {
        "num_layers": draw(st.integers(1, 2)),
        "bidirectional": draw(st.booleans()),
        "bias": draw(st.booleans()),
        "batch_first": draw(st.booleans()),
        "dtype": draw(st.sampled_from(["float32", "float64"])),
    }
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    where = (B, T) if options["batch_first"] else (T, B)
    x = rng.integers(0, I, where) if draw(st.booleans()) else rng.standard_normal((*where, I)).astype(options["dtype"])
    call = {}
    if draw(st.booleans()):
        call["mask"] = rng.random(where) < draw(st.sampled_from([0.0, 0.5, 0.9]))
    if draw(st.booleans()):
        call["reset"] = rng.random(where) < draw(st.sampled_from([0.2, 0.8]))
    return (I, H), options, x, call, draw(st.booleans()), rng


@settings(max_examples=40)
@given(case=cases())
def test_values_and_all_gradients_are_those_of_the_loop(net_of, case):
    sizes, options, x, call, given_state, rng = case
    fused, cell = both(net_of, *sizes, **options)
    B = x.shape[0 if options["batch_first"] else 1]
    shape = (options["num_layers"] * fused.directions, B, sizes[1])
    start = [rng.standard_normal(shape).astype(options["dtype"]) for _ in fused.op.parts] if given_state else []
    (ys, dys), (expected, expected_dys) = (pass_through(net, x, start, call) for net in (fused, cell))
    assert_equal(ys, expected, options["dtype"])
    assert_equal(dys, expected_dys, options["dtype"])
    with tg.no_grad():
        assert_equal(flat(fused(x, **call)), flat(cell(x, **call)), options["dtype"])


@pytest.mark.parametrize("options", [{}, {"mask": True, "reset": True}], ids=["plain", "mask-and-reset"])
@pytest.mark.parametrize(
    "size", [(1, 1, 1, 1), (1, 5, 3, 7), (40, 50, 3, 33), (3, 700, 2, 8), (70, 2, 96, 130)], ids=str
)
def test_odd_sizes_and_sequences_of_several_blocks(net_of, size, options, rng):
    T, B, I, H = size
    fused, cell = both(net_of, I, H, dtype="float64")
    call = {name: rng.random((T, B)) < 0.3 for name in options}
    for x in (rng.standard_normal((T, B, I)), rng.integers(0, I, (T, B))):
        (ys, dys), (expected, expected_dys) = (pass_through(net, x, [], call) for net in (fused, cell))
        assert_equal(ys, expected, "float64")
        assert_equal(dys, expected_dys, "float64")
        with tg.no_grad():
            assert_equal(flat(fused(x, **call)), expected, "float64")


def test_a_batch_without_rows(net_of):
    net = net_of(3, 4, path="fused")
    for x in (np.zeros((5, 0, 3), np.float32), np.zeros((5, 0), int)):
        output, _ = net(x)
        assert output.shape == (5, 0, 4)
        net.zero_grad()
        output.sum().backward()
        assert all(not p.grad.numpy().any() for p in net.parameters() if p.grad is not None)


@pytest.mark.parametrize("reverse", [False, True])
def test_second_derivatives_are_those_of_the_loop(net_of, rng, reverse):
    x, start = rng.standard_normal((3, 2, 2)), rng.standard_normal((1 + reverse, 2, 3))
    seconds = []
    for net in both(net_of, 2, 3, bidirectional=reverse, dtype="float64"):
        leaves = [tg.Tensor(a, requires_grad=True) for a in (x, *[start] * len(net.op.parts))]
        result = net(leaves[0], leaves[1] if len(leaves) == 2 else tuple(leaves[1:]), mask=x[:, :, 0] < 1)
        wrt = [*leaves, *net.parameters()]
        first = tg.grad((result.output**2).sum() + (result.last**3).sum(), wrt, create_graph=True)
        seconds.append(tg.grad(sum((g * g).sum() for g in first), wrt))
    assert_equal(*seconds, "float64")


def test_several_calls_add_up_and_go_back_in_any_order(net_of, rng):
    """Two graphs alive at once, and one walked twice: no pass writes where another one reads."""
    fused, cell = both(net_of, 3, 8, dtype="float64")
    inputs = [rng.standard_normal((6, 4, 3)) for _ in range(2)]
    found = []
    for net in (fused, cell):
        losses = [(net(x).output ** 2).sum() for x in inputs]
        gradients = [tg.grad(loss, list(net.parameters()), retain_graph=True) for loss in reversed(losses)]
        gradients += [tg.grad(loss, list(net.parameters())) for loss in losses]
        found.append([g for of_one in gradients for g in of_one])
    assert_equal(*found, "float64")
    for a, b in zip(found[0][: len(found[0]) // 4], found[0][-(len(found[0]) // 4) :], strict=True):
        np.testing.assert_array_equal(a.numpy(), b.numpy())


def test_outputs_stay_as_they_were(net_of, rng):
    net = net_of(3, 4, path="fused")
    output, _ = net(rng.standard_normal((5, 2, 3)))
    before = output.detach().numpy().copy()
    output.sum().backward(retain_graph=True)
    net(rng.standard_normal((5, 2, 3))).output.sum().backward()
    np.testing.assert_array_equal(output.detach().numpy(), before)


def test_the_last_state_does_not_keep_the_whole_sequence_alive(net_of, rng):
    _, state = net_of(3, 4, path="fused")(rng.standard_normal((50, 2, 3)))
    parts = [part.detach().numpy() for part in (state if isinstance(state, tuple) else [state])]
    for array in parts:  # h and c may lie in one array
        kept = array if array.base is None else array.base
        assert kept.nbytes <= sum(part.nbytes for part in parts)


# inputs


def test_arrays_that_are_not_contiguous(net_of, rng):
    fused, cell = both(net_of, 4, 5, dtype="float64")
    x = np.asfortranarray(rng.standard_normal((12, 6, 4)))[::2, ::-1]
    ids = rng.integers(0, 4, (6, 12)).T[::2]
    for value in (x, ids):
        found = [pass_through(net, value, [], {}) for net in (fused, cell)]
        assert_equal(found[0][0], found[1][0], "float64")
        assert_equal(found[0][1], found[1][1], "float64")


def test_nan_in_the_padding_reaches_nothing(net_of, rng):
    net = net_of(3, 4, bidirectional=True, path="fused", dtype="float64")
    x, mask = rng.standard_normal((6, 3, 3)), rng.random((6, 3)) < 0.6
    clean = pass_through(net, x * mask[:, :, None], [], {"mask": mask})
    dirty = pass_through(net, np.where(mask[:, :, None], x, np.nan), [], {"mask": mask})
    for a, b in zip((*clean[0], *clean[1]), (*dirty[0], *dirty[1]), strict=True):
        np.testing.assert_array_equal(a.detach().numpy(), b.detach().numpy())


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_saturated_gates_have_their_limits(net_of, dtype):
    fused, cell = both(net_of, 2, 3, dtype=dtype)
    rng = np.random.default_rng(1)
    b = fused.bias_ih_l0
    limits = {"bias_ih_l0": (np.sign(rng.standard_normal(b.shape)) * 1e4).astype(dtype)}
    for net in (fused, cell):
        net.load_state_dict(limits, strict=False)
    x = rng.standard_normal((4, 2, 2)).astype(dtype)
    found = [pass_through(net, x, [], {}) for net in (fused, cell)]
    for one in found:
        assert all(np.isfinite(v.detach().numpy()).all() for v in (*one[0], *one[1]))
    assert_equal(found[0][0], found[1][0], dtype)
    assert_equal(found[0][1], found[1][1], dtype)


def test_float16_works(net_of, rng):
    net = net_of(3, 4, path="fused", dtype="float16")
    output, _ = net(rng.standard_normal((4, 2, 3)))
    output.sum().backward()
    assert output.dtype == np.float16
    assert {p.grad.dtype for p in net.parameters()} == {np.dtype("float16")}


# what is asked for, and what is told


def parameters_of(net, x):
    return [x, None, None, *[tg.zeros((x.shape[1], net.hidden_size))] * len(net.op.parts), *net.weights("_l0")]


def test_only_wanted_gradients_are_computed(net_of, rng):
    net = net_of(3, 4, path="fused")
    place = current_backend()
    kernel, static = place.kernels[net.op.name], {"reverse": False, **net.settings()}
    x = rng.standard_normal((5, 2, 3)).astype(np.float32)
    arrays = [None if v is None else getattr(v, "data", v) for v in parameters_of(net, tg.Tensor(x))]
    outputs, buffers = kernel.forward(*arrays, training=True, **static)
    dys = tuple(place.from_host(np.ones(y.shape, y.dtype)) for y in outputs)
    everything = [a is not None for a in arrays]
    full = kernel.backward(dys, arrays, outputs, buffers, everything, **static)
    for i, present in enumerate(everything):
        if present:
            wanted = [j == i for j in range(len(arrays))]
            one = kernel.backward(dys, arrays, outputs, buffers, wanted, **static)
            assert [d is not None for d in one] == wanted
            np.testing.assert_array_equal(place.to_host(one[i]), place.to_host(full[i]))


@pytest.mark.parametrize("options", [{}, {"mask": 0.6}, {"reset": 0.4}, {"mask": 0.6, "reset": 0.4}], ids=str)
@pytest.mark.parametrize("reverse", [False, True], ids=["in-time", "against-time"])
def test_a_watcher_reads_every_gate_in_true_time_order(net_of, rng, options, reverse):
    """Each buffer equals what a loop over the cell's own equations computes at that step."""
    T, B, I, H = 5, 3, 4, 6
    net = net_of(I, H, bidirectional=True, path="fused", dtype="float64")
    x = rng.standard_normal((T, B, I))
    call = {name: rng.random((T, B)) < p for name, p in options.items()}
    seen = {}

    class Watcher(scope.Watcher):
        def made(self, call):
            if call.buffers:
                seen[call.where.path.rpartition(".")[2]] = (call.op.name, call.buffers)

    with scope.switched(watcher=Watcher()):
        net(x, **call)
    suffix = "l0_reverse" if reverse else "l0"
    name, buffers = seen[suffix]
    assert KEPT[name] <= set(buffers)
    assert {b.shape for b in buffers.values()} == {(T, B, H)}
    weights = [None if w is None else w.detach() for w in net.weights("_" + suffix)]
    step, to_host = net.op.stepper(*weights, **net.settings()), current_backend().to_host
    state = tuple(tg.zeros((B, H), dtype="float64") for _ in net.op.parts)
    mask = call.get("mask", np.ones((T, B), bool))
    begins = call.get("reset", np.zeros((T, B), bool))
    if reverse:
        begins = np.concatenate([begins[1:], np.zeros((1, B), bool)])
    for t in reversed(range(T)) if reverse else range(T):
        state = tuple(s * tg.Tensor((~begins[t])[:, None].astype(float)) for s in state)
        gates = gates_of(name, tg.Tensor(x[t] * mask[t][:, None]), state, weights, net.settings())
        for gate, expected in gates.items():
            found = to_host(buffers[gate][t])
            np.testing.assert_allclose(found, expected.numpy(), rtol=1e-10, atol=1e-13, err_msg=gate)
        new = step(tg.Tensor(x[t] * mask[t][:, None]), *state)
        new = new if isinstance(new, tuple) else (new,)
        state = tuple(tg.ops.where(tg.Tensor(mask[t][:, None]), n, s) for n, s in zip(new, state, strict=True))
        for part, value in zip(net.op.parts, state, strict=True):
            found = to_host(buffers[part][t])
            np.testing.assert_allclose(found, value.numpy(), rtol=1e-10, atol=1e-13, err_msg=part)


def gates_of(name, x_t, state, weights, settings):
    """The gates of one step, from the textbook."""
    sigma, tanh, split = tg.ops.sigmoid, tg.ops.tanh, partial(tg.ops.split, axis=-1)
    h = state[0]
    if name == "RNNSequence":
        return {}
    if name == "GRUSequence":
        W_ih, W_hh, b_ih, b_hh = weights
        (xr, xz, xn), (hr, hz, hn) = split(x_t @ W_ih.mT + b_ih, 3), split(h @ W_hh.mT + b_hh, 3)
        r, z = sigma(xr + hr), sigma(xz + hz)
        H = h.shape[1]
        before = (r * h) @ W_hh[2 * H :].mT + b_hh[2 * H :]
        return {"r": r, "z": z, "n": tanh(xn + (r * hn if settings["reset_after"] else before))}
    found = {}
    if name == "MLSTMSequence":
        W_ih, W_hh, W_mx, W_mh, b = weights
        found["m"] = h = (x_t @ W_mx.mT) * (h @ W_mh.mT)
    else:
        W_ih, W_hh, b_ih, b_hh = weights
        b = b_ih + b_hh
    i, f, g, o = split(x_t @ W_ih.mT + h @ W_hh.mT + b, 4)
    return {**found, "i": sigma(i), "f": sigma(f), "g": tanh(g), "o": sigma(o)}


# PyTorch


@pytest.mark.oracle
@pytest.mark.parametrize(
    ("kind", "layers", "bidirectional"), list(product(["rnn-tanh", "lstm", "gru"], [1, 2], [False, True]))
)
def test_a_float32_training_step_is_pytorchs(kind, layers, bidirectional, rng):
    torch = pytest.importorskip("torch")
    theirs = {"rnn-tanh": torch.nn.RNN, "lstm": torch.nn.LSTM, "gru": torch.nn.GRU}[kind](
        12, 20, layers, bidirectional=bidirectional
    )
    ours = NETS[kind](12, 20, layers, bidirectional=bidirectional, path="fused")
    ours.load_state_dict(theirs.state_dict())
    x = rng.standard_normal((30, 6, 12)).astype(np.float32)
    y, expected = ours(x).output, theirs(torch.from_numpy(x))[0]
    np.testing.assert_allclose(y.detach().numpy(), expected.detach().numpy(), rtol=1e-4, atol=1e-5)
    (y * y).mean().backward()
    (expected * expected).mean().backward()
    for name, p in theirs.named_parameters():
        np.testing.assert_allclose(getattr(ours, name).grad.numpy(), p.grad.numpy(), rtol=1e-3, atol=1e-6, err_msg=name)
