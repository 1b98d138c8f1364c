"""A graph is freed by reference counting alone; going through a freed one is an error that teaches."""

from __future__ import annotations

import gc
import tracemalloc
import weakref

import numpy as np
import pytest

import tinygrad_seq as tg
from tinygrad_seq import ops, scope
from tinygrad_seq.autograd import checkpoint
from tinygrad_seq.errors import GraphFreedError


def leaf(*shape):
    return tg.tensor(np.random.default_rng(0).standard_normal(shape) * 0.5, requires_grad=True)


@pytest.fixture
def no_collector():
    """Switch Python's cyclic garbage collector off: what dies, dies by reference counting."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def watch(tensor):
    """Return weak references to every node that a tensor was made of, and to their arrays."""
    refs, stack, seen = [], [tensor.node], set()
    while stack:
        node = stack.pop()
        if node is None or id(node) in seen or type(node).__name__ == "Leaf":
            continue
        seen.add(id(node))
        refs.append(weakref.ref(node))
        stack += node.parents
    return refs


def alive(refs):
    return [ref() for ref in refs if ref() is not None]


def rnn(x, w, steps=20):
    h = x
    for _ in range(steps):
        h = tg.tanh(h @ w + h)
    return h


def test_dropping_the_last_tensor_frees_the_whole_graph(no_collector):
    loss = rnn(leaf(2, 3), leaf(3, 3)).sum()
    refs = watch(loss)
    assert len(refs) == 61
    del loss
    assert alive(refs) == []


def test_backward_frees_what_the_nodes_held_while_the_loss_lives_on(no_collector):
    x = leaf(2, 3)
    h = rnn(x, leaf(3, 3))
    array = weakref.ref(h.data)
    loss = (h * h).sum()
    refs = watch(loss)
    del h
    assert array() is not None
    loss.backward()
    assert array() is None
    assert alive(refs) == [loss.node]


def test_backward_frees_the_arrays_of_a_node_whose_tensor_lives_on(no_collector):
    a = tg.exp(leaf(3))
    product = a * leaf(3)  # its node keeps a's array for the second factor
    array = weakref.ref(a.data)
    del a
    assert array() is not None
    product.sum().backward()
    assert array() is None


def test_several_outputs_lists_and_parts_are_freed(no_collector):
    x = leaf(4, 6)
    i, f, g = ops.split(ops.concat([x, x * 2]), 3, axis=-1)
    loss = sum((i[t] * f[t] * ops.stack([g[t], g[t]])).sum() for t in range(8))
    refs = watch(loss)
    del i, f, g
    loss.backward()
    del loss
    assert alive(refs) == []


def test_a_graph_of_gradients_is_freed(no_collector):
    x = leaf(3)
    loss = (tg.tanh(x) * x).sum()
    g = tg.grad(loss, x, create_graph=True)
    h = tg.grad((g * g).sum(), x, create_graph=True)
    refs = watch(loss) + watch(g) + watch(h)
    x.grad = h  # .grad never holds a graph, so a leaf cannot come to hold itself
    del loss, g, h
    assert alive(refs) == []
    assert x.grad.is_leaf


def test_a_checkpoint_is_freed(no_collector):
    x, w = leaf(2, 3), leaf(3, 3)
    y = checkpoint(lambda h: rnn(h, w), tg.tanh(x))
    g = tg.grad((y * y).sum(), w, create_graph=True)
    refs = watch(y) + watch(g)
    del y, g
    assert alive(refs) == []


def test_a_hook_that_failed_leaves_nothing_behind(no_collector):
    x = leaf(3)
    h = x * x
    h.register_hook(lambda g: 1 / 0)
    loss = (h * h).sum()
    refs = watch(loss)
    with pytest.raises(ZeroDivisionError) as caught:
        loss.backward()
    caught.value.__traceback__ = None
    del loss, h, caught
    gc.collect()  # the traceback of the exception is a cycle of Python's own
    assert alive(refs) == []


def test_no_growth_over_a_thousand_steps(no_collector):
    w, x = leaf(4, 4), leaf(2, 4).detach()

    def step():
        state = tg.tanh(tg.tanh(x @ w) @ w)
        loss = (state * state).mean()
        w.grad = None
        loss.backward()
        w.assign_(w.data - 0.01 * w.grad.data)

    for _ in range(2500):  # Python keeps up to 2000 freed tuples of each length: let it have them
        step()
    tracemalloc.start()
    before = tracemalloc.take_snapshot()
    for _ in range(1000):
        step()
    after = tracemalloc.take_snapshot()
    tracemalloc.stop()
    ours = [s for s in after.compare_to(before, "filename") if "tinygrad_seq" in s.traceback[0].filename]
    assert sum(s.size_diff for s in ours) < 10_000  # one node left behind by each step would be 100,000 and more


# a second time through the same graph


def test_a_second_backward_is_an_error_that_says_where_and_how_to_go_on():
    x = leaf(3)
    with scope.module("net"), scope.module("cell"):
        scope.step(4)
        loss = tg.tanh(x).sum()
    loss.backward()
    with pytest.raises(GraphFreedError) as caught:
        loss.backward()
    text = str(caught.value)
    assert "at sum in 'net.cell' (t=4)" in text
    assert text.index("state = state.detach()") < text.index("retain_graph=True")


def test_retain_graph_allows_a_second_backward_with_the_same_gradient():
    x = leaf(3)
    loss = (tg.tanh(x) * x).sum()
    loss.backward(retain_graph=True)
    first = x.grad.numpy().copy()
    loss.backward()
    assert np.array_equal(x.grad.numpy(), 2 * first)
    with pytest.raises(GraphFreedError):
        loss.backward()


def test_create_graph_keeps_the_graph_unless_told_otherwise():
    x = leaf(3)
    loss = (x * x).sum()
    tg.grad(loss, x, create_graph=True)
    tg.grad(loss, x, create_graph=True, retain_graph=False)
    with pytest.raises(GraphFreedError):
        tg.grad(loss, x)


def test_a_shared_part_that_was_freed_is_met_from_another_root():
    x = leaf(3)
    h = tg.exp(x)
    first, second = (h * 2).sum(), (h * h).sum()
    first.backward()
    with pytest.raises(GraphFreedError, match="at exp in 'top level'"):
        second.backward()
    with pytest.raises(GraphFreedError, match="at exp"):
        tg.grad((h + x).sum(), x)
    assert tg.grad((h.detach() + x).sum(), x).tolist() == [1.0, 1.0, 1.0]


def run_chunk(state, w, t=3):
    """One chunk of a recurrent module, as the library's own modules run it."""
    with scope.module("lstm"):
        state = ops.carry(state, name="h")
        for _ in scope.steps(range(t)):
            state = tg.tanh(state @ w)
    return state


def test_finding_01_second_backward_names_the_carried_state():
    w = leaf(4, 4)
    state = run_chunk(tg.ones((1, 4), dtype="float64"), w)
    state.sum().backward()
    with pytest.raises(GraphFreedError) as caught:
        run_chunk(state, w).sum().backward()
    text = str(caught.value)
    assert text == (
        "backward() reached a graph that an earlier backward() has freed, through the carried state `h` of 'lstm'."
        "\n    For truncated BPTT write state = state.detach() between chunks."
        "\n    (To go through the same graph twice on purpose: backward(retain_graph=True) the first time.)"
    )


@pytest.mark.parametrize("of", ["all leaves", "one leaf"])
def test_finding_01_state_detach_is_the_cure(of):
    w = leaf(4, 4)
    state = tg.ones((1, 4), dtype="float64")
    for _ in range(3):
        state = run_chunk(state.detach(), w)
        if of == "all leaves":
            state.sum().backward()
        else:
            assert tg.grad(state.sum(), w).shape == (4, 4)


def test_finding_02_detach_returns_a_tensor_and_nothing_is_detached_behind_your_back():
    w = leaf(4, 4)
    state = run_chunk(tg.ones((1, 4), dtype="float64"), w)
    cut = state.detach()
    assert cut is not state
    assert not cut.requires_grad
    assert state.requires_grad  # detach() returns, it does not write
    chained = tg.grad(run_chunk(state, w).sum(), w, retain_graph=True)
    whole = tg.grad(run_chunk(tg.ones((1, 4), dtype="float64"), w, t=6).sum(), w)
    truncated = tg.grad(run_chunk(cut, w).sum(), w)
    assert np.allclose(chained.numpy(), whole.numpy(), rtol=1e-12)
    assert not np.allclose(truncated.numpy(), whole.numpy(), rtol=1e-2)
