"""The recorder: what ran, where, in which order, of what, and each gradient on its way back."""

from __future__ import annotations

import gc
import weakref

import numpy as np
import pytest

import tinygrad_seq as tg
from tinygrad_seq import nn, scope
from tinygrad_seq.errors import ConfigError, GradientError, GraphFreedError
from tinygrad_seq.record import Record


class Chain(nn.Module):
    """h_t = tanh(w h_{t-1} + x_t), one number at a time."""

    def __init__(self, w):
        self.w = nn.Parameter(w, dtype="float64")

    def forward(self, xs, h):
        for x_t in scope.steps(xs):
            h = tg.tanh(self.w * h + x_t)
        return h


def ops_of(tape):
    return [node.op for node in tape.nodes if node.kind == "op"]


def test_every_operation_is_a_node_with_its_place_time_shape_and_inputs_in_order():
    with tg.record() as tape:
        h = Chain(0.5)([0.1, 0.2], tg.zeros((2, 3), dtype="float64"))
        h.sum()
    assert [(n.kind, n.op or n.name, n.path, n.t, n.shape, n.inputs) for n in tape.nodes] == [
        ("parameter", "w", "Chain", None, (), ()),
        ("input", "", "Chain", 0, (2, 3), ()),
        ("op", "multiply", "Chain", 0, (2, 3), (0, 1)),
        ("constant", "", "Chain", 0, (), ()),
        ("op", "add", "Chain", 0, (2, 3), (2, 3)),
        ("op", "tanh", "Chain", 0, (2, 3), (4,)),
        ("op", "multiply", "Chain", 1, (2, 3), (0, 5)),
        ("constant", "", "Chain", 1, (), ()),
        ("op", "add", "Chain", 1, (2, 3), (6, 7)),
        ("op", "tanh", "Chain", 1, (2, 3), (8,)),
        ("op", "sum", "", None, (), (9,)),
    ]
    assert [n.id for n in tape.nodes] == list(range(11))
    assert {n.dtype for n in tape.nodes} == {"float64"}


def test_steps_gathers_what_was_made_at_each_place_and_time():
    with tg.record() as tape:
        Chain(0.5)([0.1, 0.2], tg.zeros(3, dtype="float64")).sum()
    steps = tape.steps()
    assert list(steps) == [("Chain", 0), ("Chain", 1)]
    assert [node.op for node in steps["Chain", 1]] == ["multiply", "add", "tanh"]


def test_off_the_graph_the_edges_are_known_too(backend_name):
    with tg.record() as tape, tg.no_grad():
        x = tg.tensor([1.0, 2.0, 3.0], backend=backend_name)
        (x * x).sum() + x[0]
    assert [(n.op, n.inputs, n.gradient) for n in tape.nodes] == [
        ("", (), None),
        ("multiply", (0, 0), None),
        ("sum", (1,), None),
        ("getitem", (0,), None),
        ("add", (2, 3), None),
    ]


def test_an_input_of_several_steps_belongs_to_none_and_each_number_is_its_own_constant():
    x = tg.ones(2)
    with tg.record() as tape:
        for _ in scope.steps(range(2)):
            x * 3
    assert [(n.kind, n.t) for n in tape.nodes] == [
        ("input", None),
        ("constant", 0),
        ("op", 0),
        ("constant", 1),
        ("op", 1),
    ]


def test_several_results_hang_below_their_operation():
    x = tg.tensor([1.0, 2.0, 3.0], requires_grad=True)
    with tg.record() as tape:
        a, _, c = tg.split(x, 3)
        (a * c).sum().backward()
    assert [(n.kind, n.op, n.index, n.shape, n.inputs) for n in tape.nodes[1:5]] == [
        ("op", "split", None, None, (0,)),
        ("result", "split", 0, (1,), (1,)),
        ("result", "split", 1, (1,), (1,)),
        ("result", "split", 2, (1,), (1,)),
    ]
    assert [n.gradient and n.gradient.max for n in tape.nodes[:5]] == [3.0, None, 3.0, None, 1.0]
    assert [(s.source, s.target, s.norm) for s in tape.sent if s.source < 5] == [
        (4, 1, 1.0),
        (2, 1, 3.0),
        (1, 0, np.sqrt(10)),
    ]


def test_a_detached_state_is_still_seen_to_come_from_where_it_came():
    w = tg.tensor(2.0, requires_grad=True)
    with tg.record() as tape:
        h = w * 3
        (h.detach() * w).backward()
    assert [(n.op, n.inputs) for n in tape.nodes[2:]] == [("multiply", (0, 1)), ("multiply", (2, 0))]
    assert [(s.source, s.target) for s in tape.sent] == [(3, 0)]


def test_what_was_made_before_the_block_is_an_input_and_a_state_has_its_name():
    lstm = nn.LSTM(2, 3, path="cell")
    _, state = lstm(np.ones((1, 1, 2)))
    with tg.record() as tape:
        lstm(np.ones((1, 1, 2)), state)
    assert [n.name for n in tape.nodes if n.op == "carry"] == ["h", "c"]
    assert [tape.nodes[n.inputs[0]].kind for n in tape.nodes if n.op == "carry"] == ["input", "input"]


def test_settings_are_what_the_call_was_given():
    x = tg.tensor(np.ones((2, 3)), requires_grad=True)
    with tg.record() as tape:
        y = tg.concat([x[1:, ..., 0], tg.sum(x, axis=1) ** 3])
    settings = {node.op: node.settings for node in tape.nodes if node.op}
    assert settings["getitem"] == {"index": "1:, ..., 0"}
    assert settings["sum"]["axis"] == "1"
    assert settings["pow_constant"] == {"n": "3"}
    assert settings["concat"] == {"axis": "0"}
    assert {node.op: node.settings for node in Record.of(y).nodes}["pow_constant"] == {"n": "3"}


def test_values_are_sizes_or_arrays_or_nothing(backend_name):
    def run(keep):
        with tg.record(values=keep, gradients=None) as tape:
            tg.tensor([3.0, -4.0], backend=backend_name) * 2
        return tape.nodes

    x, two, y = run("summary")
    assert (y.value.norm, y.value.min, y.value.max, y.value.data) == (10.0, -8.0, 6.0, None)
    assert (two.value.norm, two.value.max) == (2.0, 2)
    x, _, y = run("full")
    assert x.value.data.tolist() == [3.0, -4.0]
    assert y.value.data.tolist() == [6.0, -8.0]
    assert [node.value for node in run(None)] == [None, None, None]


def test_arrays_that_are_kept_are_copies():
    w = tg.tensor([1.0], requires_grad=True)
    with tg.record(values="full", gradients="full") as tape:
        (w * w).sum().backward()
    w.assign_(7.0)
    w.grad.data[...] = 9.0
    assert tape.nodes[0].value.data.tolist() == [1.0]
    assert tape.nodes[0].gradient.data.tolist() == [2.0]


@pytest.mark.parametrize("word", ["all", "parts", 1])
def test_an_unknown_word_is_refused(word):
    with (
        pytest.raises(ConfigError, match=r"record\(values=.*expected one of summary, full, or None"),
        tg.record(values=word),
    ):
        pass


# Sizes


@pytest.mark.parametrize("scale", [1.0, 1e-200, 1e200, 5e-324])
def test_lengths_neither_overflow_nor_vanish(scale):
    with tg.record() as tape:
        tg.tensor(np.array([3.0, 4.0]) * scale) * 1
    assert tape.nodes[0].value.norm == 5.0 * scale


def test_the_length_of_a_half_precision_gradient_is_finite():
    w = tg.tensor([300.0, 400.0], dtype="float16", requires_grad=True)
    with tg.record() as tape:
        y = w * 1
        y.backward(tg.tensor([300.0, 400.0], dtype="float16"))
    assert tape.nodes[0].gradient.norm == 500.0


def test_nothing_infinity_and_nan_have_sizes():
    with tg.record() as tape:
        for x in ([], [1.0, np.inf], [np.nan, 1.0]):
            tg.tensor(x) * 1
    sizes = [node.value for node in tape.nodes if node.kind == "input"]
    assert [(s.norm, s.min, s.max) for s in sizes[:2]] == [(0.0, None, None), (np.inf, 1.0, np.inf)]
    assert np.isnan([sizes[2].norm, sizes[2].min, sizes[2].max]).all()


# Gradients


def test_the_gradient_at_a_hidden_state_is_that_of_finite_differences():
    rnn = nn.RNN(3, 4, path="cell", dtype="float64")
    x = tg.tensor(np.random.default_rng(0).normal(size=(5, 1, 3)))
    with tg.record() as tape:
        loss = (rnn(x).output[-1] ** 2).sum()
        loss.backward()
    steps = tape.steps()

    def after(t, h):
        """The loss if step t had given h."""
        return (rnn(x[t + 1 :], h[None, :, :]).output[-1] ** 2).sum().item()

    output = rnn(x).output.detach().numpy()
    for t in range(4):
        slopes = [
            (after(t, output[t] + 1e-6 * e) - after(t, output[t] - 1e-6 * e)) / 2e-6 for e in np.eye(4)[:, None, :]
        ]
        assert steps["RNN.l0", t][-1].gradient.norm == pytest.approx(np.linalg.norm(slopes), rel=1e-6)


def test_a_gradient_that_does_not_arrive_is_none_and_one_that_vanishes_is_zero():
    w = tg.tensor(2.0, requires_grad=True)
    with tg.record() as tape:
        aside = w * 3
        gated = w * 5
        loss = gated * 0 + w
        loss.backward()
    assert aside.requires_grad
    assert [node.gradient and node.gradient.norm for node in tape.nodes if node.op] == [None, 0.0, 1.0, 1.0]


def test_a_backward_pass_outside_of_the_block_is_not_recorded():
    w = tg.tensor(2.0, requires_grad=True)
    with tg.record() as tape:
        loss = (3 * w) ** 2
    tg.grad(loss, w)
    assert [node.gradient for node in tape.nodes] == [None] * 4
    assert tape.sent == []


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_parts_of_a_gradient_that_is_read_at_an_index_are_what_was_added(dtype, backend_name):
    """An index that repeats, a slice and a whole: the walk adds all three into one array, and so does growth."""
    rng = np.random.default_rng(0)
    x = tg.tensor(rng.standard_normal((4, 3)), dtype=dtype, requires_grad=True, backend=backend_name)
    weights = tg.tensor(rng.standard_normal((4, 3)), dtype=dtype, backend=backend_name)
    ids = tg.tensor([0, 1, 1, 3], backend=backend_name)
    with tg.record(gradients="parts") as tape:
        loss = (x * 0.3).sum() + (x[1:3] * weights[:2]).sum() + (x[ids.data] * weights).sum()
        loss.backward()
    (leaf,) = [node.id for node in tape.nodes if node.kind == "parameter"]
    views = [node for node in tape.nodes if node.view_of == leaf]
    assert [node.op for node in views] == ["getitem", "getitem"]
    assert [node.at.tolist() for node in views] == [
        list(range(3, 9)),
        [3 * i + j for i in [0, 1, 1, 3] for j in range(3)],
    ]
    frames = list(tape.growth(leaf))
    assert len(frames) == 5  # three parts, two of them to views, which then pass them on
    np.testing.assert_array_equal(frames[-1][1], tg.Tensor(x.grad.data).numpy() if backend_name == "numpy" else host(x))
    passed_on = next(sent for sent, _ in frames if sent.at is not None and len(sent.at) == 12)
    dense = np.zeros(12)
    np.add.at(dense, passed_on.at, passed_on.data.astype("float64"))
    assert passed_on.norm == pytest.approx(np.linalg.norm(dense), rel=1e-12)


def host(x):
    return tg.get_backend("fake").to_host(x.grad.data)


CELLS = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU, "mlstm": nn.MLSTM}


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("integers", [False, True], ids=["features", "one-hot"])
def test_the_gradients_of_shared_weights_grow_step_by_step_into_grad_bit_for_bit(cell, integers):
    T, B, I, H = 6, 2, 3, 4
    tg.manual_seed(0)
    net = CELLS[cell](I, H, path="cell")
    rng = np.random.default_rng(0)
    x = rng.integers(0, I, (T, B)) if integers else rng.standard_normal((T, B, I))
    with tg.record(gradients="parts") as tape:
        (net(x).output ** 2).sum().backward()
    grown = {}
    for leaf in [node for node in tape.nodes if node.kind == "parameter"]:
        frames = list(tape.growth(leaf.id))
        final = frames[-1][1]
        np.testing.assert_array_equal(final, getattr(net, leaf.name).grad.numpy())
        assert final.dtype == np.float32
        grown[leaf.name] = [tape.nodes[sent.source].t for sent, _ in frames]
        if leaf.name == "weight_hh_l0":  # every frame, in the weight's own shape, holds the steps so far
            longest = [np.linalg.norm(gradient) for _, gradient in frames]
            assert longest[-2] == pytest.approx(longest[-1], rel=1e-6)
            assert all(gradient.shape == leaf.shape for _, gradient in frames)
    assert [t for t in dict.fromkeys(grown["weight_hh_l0"]) if t is not None] == [5, 4, 3, 2, 1, 0]


def test_parts_of_a_step_add_up_to_the_gradient_of_a_weight_used_at_that_step_only():
    """The itemised part of step t is the gradient of a copy of the weight that only step t reads."""
    rng = np.random.default_rng(1)
    W, xs = rng.standard_normal((3, 3)) * 0.5, rng.standard_normal((4, 1, 3))

    def run(weights):
        h = tg.zeros((1, 3), dtype="float64")
        for x_t, W_t in zip(scope.steps(tg.tensor(xs)), weights, strict=True):
            h = tg.tanh(x_t + h @ W_t.mT)
        return (h * h).sum()

    W_hh = tg.tensor(W, requires_grad=True)
    with tg.record(gradients="parts") as tape:
        run([W_hh] * 4).backward()
    (leaf,) = [node.id for node in tape.nodes if node.kind == "parameter"]
    copies = [tg.tensor(W, requires_grad=True) for _ in range(4)]
    run(copies).backward()
    so_far, parts = 0.0, {}
    for sent, gradient in tape.growth(leaf):
        t = tape.nodes[sent.source].t
        parts[t] = parts.get(t, 0.0) + gradient - so_far
        so_far = gradient
    for t, copy in enumerate(copies):
        np.testing.assert_allclose(parts[t], copy.grad.numpy(), rtol=1e-9, atol=1e-15)


@pytest.mark.parametrize("size", [3, 100])
def test_how_long_the_gradient_is_so_far_is_kept_at_any_size(size):
    rng = np.random.default_rng(0)
    w = tg.tensor(rng.standard_normal((size, size)), requires_grad=True)
    xs = rng.standard_normal((3, size, size))
    with tg.record(gradients="parts") as tape:
        sum((w * tg.tensor(x)).sum() for x in xs).backward()
    so_far = np.cumsum(xs[::-1], axis=0)
    assert [s.total for s in tape.sent if s.target == 0] == [pytest.approx(np.linalg.norm(g)) for g in so_far]


def test_parts_of_large_parameters_are_lengths_only():
    w = tg.tensor(np.ones((100, 100)), requires_grad=True)
    with tg.record(gradients="parts") as tape:
        (w * 2).sum().backward()
    assert [(s.norm, s.total, s.data is None) for s in tape.sent] == [(100.0, None, True), (200.0, 200.0, True)]
    with pytest.raises(GradientError, match="keeps small ones"):
        next(tape.growth(0))


def test_every_backward_pass_of_a_block_has_its_number():
    w = tg.tensor(2.0, requires_grad=True)
    with tg.record(gradients="parts") as tape:
        y = w * 3
        y.backward(retain_graph=True)
        y.backward(tg.tensor(10.0))
    assert [(s.walk, s.norm) for s in tape.sent] == [(0, 3.0), (1, 30.0)]
    assert [walk.purpose for walk in tape.walks] == ["backward", "backward"]


def halved(w):
    w.grad = w.grad * 0.5


BETWEEN = {
    "nothing": lambda w: None,
    "zero_grad": lambda w: setattr(w, "grad", None),
    "clipping by hand": halved,
}


@pytest.mark.parametrize("between", BETWEEN)
@pytest.mark.parametrize("size", [2, 100], ids=["small", "large"])
def test_over_several_backward_passes_a_gradient_grows_as_grad_does(between, size):
    rng = np.random.default_rng(0)
    w = tg.tensor(rng.standard_normal((size, size + 1)), dtype="float32", requires_grad=True)
    xs = rng.standard_normal((5, size, size)).astype("float32")
    (w * w).sum().backward()  # before the block
    held = []
    with tg.record(gradients="parts") as tape:
        for chunk in (xs[:2], xs[2:]):
            view = w.mT
            sum(tg.tanh(view @ tg.tensor(x)).sum() for x in chunk).backward()
            held.append(w.grad.numpy().copy())
            if len(held) == 1:
                BETWEEN[between](w)
    (leaf,) = [node for node in tape.nodes if node.kind == "parameter"]
    assert leaf.gradient.norm == pytest.approx(np.linalg.norm(held[-1].astype(float)), rel=1e-12)
    backward = [s for s in tape.sent if tape.walks[s.walk].purpose == "backward"]
    sent = [[s for s in backward if s.walk == k] for k in dict.fromkeys(s.walk for s in backward)]
    for own, grad in zip(sent, held, strict=True):
        arrived = [s for s in own if s.target == leaf.id]
        gathered = [s for s in own if s.target == arrived[0].source]  # by the view
        assert len(gathered) in (2, 3)
        for last in (arrived[-1], gathered[-1]):
            assert last.total == pytest.approx(np.linalg.norm(grad.astype(float)), rel=1e-12)
    frames = [(s.walk, gradient) for s, gradient in tape.growth(leaf.id)] if size == 2 else []
    for own, grad in zip(sent, held, strict=True):
        for last in [gradient for walk, gradient in frames if walk == own[0].walk][-1:]:
            np.testing.assert_array_equal(last, grad)


def test_a_gradient_that_is_only_asked_for_is_no_part_of_grad():
    w = tg.tensor(2.0, requires_grad=True)
    with tg.record(gradients="parts") as tape:
        (w * 3.0).backward()
        tg.grad(w * 5.0, w)
        (w * 7.0).backward()
    assert [walk.purpose for walk in tape.walks] == ["backward", "grad", "backward"]
    assert [gradient.item() for _, gradient in tape.growth(0)] == [3.0, 5.0, 10.0]
    assert [s.total for s in tape.sent if s.target == 0] == [3.0, 5.0, 10.0]


def test_a_large_table_of_which_rows_are_read_twice_is_as_long_as_grad():
    w = tg.tensor(np.ones((10_000, 2)), requires_grad=True)
    with tg.record(gradients="parts") as tape:
        for rows in ([1, 1, 2], [2, 9_000]):
            w[tg.tensor(rows)].sum().backward()
    totals = [s.total for s in tape.sent if s.target == 0]
    assert totals == [pytest.approx(x) for x in (np.sqrt(2 * 4 + 2), np.sqrt(2 * 4 + 2 * 4 + 2))]
    with pytest.raises(GradientError, match="keeps small ones"):  # the second pass adds to what is large
        list(tape.growth(0))


def test_the_walk_inside_a_checkpoint_is_no_pass_of_its_own():
    w = tg.tensor([0.5, 2.0], requires_grad=True)
    with tg.record(gradients="parts") as tape:
        for _ in range(2):
            tg.autograd.checkpoint(lambda x: tg.tanh(x * w), w).sum().backward()
    assert [walk.purpose for walk in tape.walks] == ["backward", "inside"] * 2
    assert {s.walk for s in tape.outer()} == {0, 2}
    *_, (_, final) = tape.growth(0)
    np.testing.assert_array_equal(final, w.grad.numpy())


def test_the_graph_of_a_gradient_is_marked_as_made_backward():
    w = tg.tensor(2.0, requires_grad=True)
    with tg.record() as tape, scope.module("net"):
        (g,) = tg.grad([w**3], [w], create_graph=True)
    assert g.item() == 12.0
    assert [(n.op, n.backward, n.path) for n in tape.nodes if n.op] == [
        ("pow_constant", False, "net"),
        ("pow_constant", True, "net"),
        ("multiply", True, "net"),
        ("multiply", True, "net"),
    ]
    assert [n.backward for n in Record.of(g).nodes if n.op] == [True, True, True]


def test_what_a_checkpoint_runs_again_is_marked_and_its_walk_is_its_own():
    w = tg.tensor([0.5], requires_grad=True)
    with tg.record(gradients="parts") as tape:
        tg.autograd.checkpoint(lambda x: tg.tanh(x * x), w).sum().backward()
    assert [(n.op, n.backward) for n in tape.nodes if n.kind == "op"] == [
        ("multiply", False),
        ("tanh", False),
        ("checkpoint", False),
        ("sum", False),
        ("multiply", True),
        ("tanh", True),
    ]
    assert {s.walk for s in tape.sent} == {0, 1}
    *_, (_, final) = tape.growth(0)
    np.testing.assert_array_equal(final, w.grad.numpy())


# What recording costs


@pytest.mark.parametrize("options", [{}, {"values": "full", "gradients": "full"}, {"values": None, "gradients": None}])
def test_recording_changes_no_number(backend_name, options):
    def gradient(watched):
        w = tg.tensor([0.3, 0.4], requires_grad=True, backend=backend_name)
        if watched:
            with tg.record(**options):
                loss = (tg.tanh(w * 3) * w[0]).sum()
                loss.backward()
        else:
            loss = (tg.tanh(w * 3) * w[0]).sum()
            loss.backward()
        return loss.item(), w.grad.tolist()

    assert gradient(watched=True) == gradient(watched=False)


def test_outside_the_block_nothing_is_recorded_and_nobody_watches():
    w = tg.tensor(2.0, requires_grad=True)
    assert scope.mode.get().watcher is None
    with tg.record() as tape:
        inside = w * 3
    inside * 4
    assert ops_of(tape) == ["multiply"]
    assert scope.mode.get().watcher is None
    assert inside.node.hooks is None
    assert w.node.hooks is None


def test_a_record_keeps_no_graph_and_no_array_alive():
    gc.collect()
    gc.disable()
    try:
        with tg.record(values="full", gradients="full") as tape:
            x = tg.ones(1000)
            y = tg.tensor(np.ones(1000), requires_grad=True) * x
            node, array = weakref.ref(y.node), weakref.ref(x.data)
            del x, y
            assert node() is None
            assert array() is None
        assert len(tape.nodes) == 3
    finally:
        gc.enable()


def test_an_array_that_died_is_not_mistaken_for_the_next_one_at_its_address():
    with tg.record(values=None) as tape:
        for _ in range(50):
            tg.ones(1000) * 2
    assert [node.inputs for node in tape.nodes if node.op] == [(3 * i, 3 * i + 1) for i in range(50)]


def test_the_watcher_is_taken_off_after_a_failure():
    with pytest.raises(ZeroDivisionError), tg.record():
        1 / 0  # noqa: B018
    assert scope.mode.get().watcher is None


def test_recorders_nest_and_stand_beside_anomaly_detection():
    w = tg.tensor(2.0, requires_grad=True)
    with tg.record() as outer, tg.detect_anomaly():
        w * 3
        with tg.record() as inner:
            (w + 1).backward()
    assert ops_of(outer) == ["multiply", "add"]
    assert ops_of(inner) == ["add"]
    assert [s.norm for s in inner.sent] == [s.norm for s in outer.sent] == [1.0]


# A graph that stands


def test_a_graph_gives_the_nodes_that_a_live_record_has_but_those_off_the_graph():
    def make():
        model = Chain(0.5)
        a, b = tg.split(model([0.1, 0.2], tg.zeros(4, dtype="float64")), 2)
        return (a * b).sum()

    with tg.record(values=None, gradients=None) as live:
        y = make()
    graph = Record.of(y)
    on = [node for node in live.nodes if node.kind not in ("input", "constant")]
    new = {old.id: i for i, old in enumerate(on)}
    assert len(graph.nodes) == len(on)
    for old, node in zip(on, graph.nodes, strict=True):
        for key in ("kind", "op", "name", "path", "t", "shape", "dtype", "index", "view_of"):
            assert getattr(old, key) == getattr(node, key)
        assert tuple(new.get(i) for i in old.inputs) == node.inputs


def test_a_graph_that_is_gone_or_never_was_is_refused():
    w = tg.tensor(2.0, requires_grad=True)
    y = (w * 2) ** 2
    y.backward()
    with pytest.raises(GraphFreedError, match=r"(?s)behind pow_constant .*retain_graph=True"):
        Record.of(y)
    with pytest.raises(GradientError, match=r"on no graph"):
        Record.of(y.detach())
    assert [node.kind for node in Record.of(w).nodes] == ["parameter"]
