"""checkpoint: the same numbers for less memory; what the function reads from outside is found by itself."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

import tinygrad_seq as tg
from tinygrad_seq import functional as F
from tinygrad_seq import ops, scope
from tinygrad_seq.autograd import checkpoint, gradcheck, gradgradcheck


def leaf(*shape, seed=0):
    return tg.tensor(np.random.default_rng(seed).standard_normal(shape) * 0.5, requires_grad=True)


def plain(f, *inputs):
    return f(*inputs)


def same(ps, qs):
    return all(
        np.allclose(p.detach().numpy(), q.detach().numpy(), rtol=1e-11, atol=1e-14) for p, q in zip(ps, qs, strict=True)
    )


@pytest.fixture
def net():
    """A recurrent segment that captures its weights, and the leaves it depends on."""
    x, h, w, u = leaf(5, 2, 3), leaf(2, 4), leaf(3, 4), leaf(4, 4)

    def segment(x, h):
        hs = []
        for t in range(5):
            h = tg.tanh(x[t] @ w + h @ u)
            hs.append(h)
        return ops.stack(hs), h

    return segment, [x, h, w, u]


@pytest.mark.parametrize("create_graph", [False, True])
def test_it_equals_the_plain_graph_and_finds_the_weights_the_function_captures(net, create_graph):
    segment, leaves = net
    x, h, *_ = leaves

    def loss(run):
        hs, last = run(segment, x, tg.tanh(h))
        return (hs * hs).sum() + (last**3).sum()

    assert np.array_equal(loss(checkpoint).item(), loss(plain).item())
    got = tg.grad(loss(checkpoint), leaves, create_graph=create_graph)
    assert same(got, tg.grad(loss(plain), leaves))


def test_second_derivatives_agree_with_the_plain_graph(net):
    segment, leaves = net
    x, h, *_ = leaves

    def second(run):
        hs, last = run(segment, x, h)
        gs = tg.grad((hs * hs).sum() + last.sum(), leaves, create_graph=True)
        return tg.grad(sum((g * g).sum() for g in gs), leaves)

    assert same(second(checkpoint), second(plain))


def test_backward_adds_to_grad_of_captured_leaves(net):
    segment, leaves = net
    x, h, *_ = leaves
    checkpoint(segment, x, h)[1].sum().backward()
    got = [leaf.grad for leaf in leaves]
    assert same(got, tg.grad(segment(x, h)[1].sum(), leaves))


@pytest.mark.host("counts bytes of NumPy")
def test_nothing_of_the_inside_is_kept(net):
    x, w = leaf(64, 64), leaf(64, 64)

    def deep(x):
        for _ in range(20):
            x = tg.tanh(x @ w)
        return x

    def held(run):
        tracemalloc.start()
        y = run(deep, x)
        size, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert y.requires_grad
        return size

    one = x.data.nbytes
    assert held(plain) > 20 * one
    assert held(checkpoint) < 2 * one


def test_the_function_runs_once_forward_and_once_more_backward():
    calls = []

    def f(x):
        calls.append(1)
        return tg.tanh(x)

    y = checkpoint(f, leaf(3))
    assert len(calls) == 1
    y.sum().backward()
    assert len(calls) == 2


def test_an_edge_that_depends_on_another_is_not_counted_twice():
    w = leaf(3, 3)
    h = tg.tanh(w[0])

    def f(h):
        return tg.tanh(h @ w) * h

    for create_graph in (False, True):
        got = tg.grad(checkpoint(f, h).sum(), w, create_graph=create_graph, retain_graph=True)
        assert same([got], [tg.grad(f(h).sum(), w, retain_graph=True)])


def test_nested_checkpoints():
    x, w = leaf(2, 3), leaf(3, 3)

    def inner(x):
        return tg.tanh(x @ w)

    def outer(x):
        return tg.exp(checkpoint(inner, checkpoint(inner, x) * 2))

    def bare(x):
        return tg.exp(inner(inner(x) * 2))

    for create_graph in (False, True):
        got = tg.grad(checkpoint(outer, x).sum(), [x, w], create_graph=create_graph)
        assert same(got, tg.grad(bare(x).sum(), [x, w]))
    assert gradcheck(lambda x: checkpoint(outer, x), [x])
    assert gradgradcheck(lambda x: checkpoint(outer, x), [x], full=False)


@pytest.mark.parametrize("create_graph", [False, True])
def test_dropout_draws_the_same_masks_again(create_graph):
    x, w = leaf(8, 16), leaf(16, 16)

    def block(x):
        return F.dropout(tg.tanh(F.dropout(x, 0.5) @ w), 0.3)

    def gradients(run):
        tg.manual_seed(7)
        y = run(block, run(block, x))
        F.dropout(y)  # draws between forward and backward do not disturb
        return [y, *tg.grad(y.sum(), [x, w], create_graph=create_graph)]

    assert same(gradients(checkpoint), gradients(plain))


def test_backward_leaves_the_random_counters_where_they_were():
    x = leaf(4, 4)
    tg.manual_seed(3)
    y = checkpoint(F.dropout, x)
    F.dropout(y)
    before = tg.random.position()
    y.sum().backward()
    assert tg.random.position() == before


def test_constants_and_no_grad_make_no_node():
    x = leaf(3)
    assert not checkpoint(tg.tanh, x.detach()).requires_grad
    with tg.no_grad():
        assert not checkpoint(tg.tanh, x).requires_grad


def test_whole_numbers_among_the_outputs_stay_constants():
    values, order = checkpoint(lambda x: (x * 2, tg.argsort(x)), leaf(3))
    assert values.requires_grad
    assert not order.requires_grad
    assert sorted(order.tolist()) == [0, 1, 2]


def test_an_input_handed_through_unchanged():
    x = leaf(3)
    same_x, double = checkpoint(lambda x: (x, x * 2), x)
    (same_x + double).sum().backward()
    assert x.grad.tolist() == [3.0, 3.0, 3.0]


def test_an_error_in_the_second_run_names_the_place_of_the_first():
    fail = []

    def f(x):
        return x @ leaf(7, 7) if fail else tg.tanh(x)

    with scope.module("encoder"):
        y = checkpoint(f, leaf(2, 3))
    fail.append(1)
    before = tg.random.position()
    with pytest.raises(tg.errors.ShapeError, match="matmul in 'encoder'"):
        y.sum().backward()
    assert tg.random.position() == before


def test_who_watches_sees_the_call_where_it_stands_and_the_second_run_as_backward():
    seen, sent = [], []

    class Watcher(scope.Watcher):
        def made(self, call):
            seen.append(call)

        def sent(self, node, i, gradient):
            sent.append((node.op.name, node.op.input_name(i)))

    x = leaf(3)
    with scope.switched(watcher=Watcher()), scope.module("encoder"):
        y = checkpoint(tg.tanh, x)
        y.backward(tg.ones(3, dtype="float64"))
    assert [(call.op.name, *call.where) for call in seen] == [
        ("tanh", "encoder", None, False),
        ("checkpoint", "encoder", None, False),
        ("tanh", "encoder", None, True),
    ]
    assert ("checkpoint", "input 0") in sent
    _, call, _ = seen
    assert call.args == (x,)
    assert call.outputs == (y,)
    assert call.named == {}
