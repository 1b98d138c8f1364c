"""Hooks see the complete gradient of a tensor once, and may replace it."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_seq as tg
from tinygrad_seq.autograd import checkpoint
from tinygrad_seq.errors import DTypeError, GradientError, ShapeError

from ..memory import memory_of


def leaf(*shape):
    return tg.tensor(np.random.default_rng(0).standard_normal(shape), requires_grad=True)


def test_a_hook_sees_the_whole_gradient_once():
    x = leaf(3)
    seen = []
    h = x * 2
    h.register_hook(lambda g: seen.append(g.tolist()))
    (h + h + h).sum().backward()
    assert seen == [[3.0, 3.0, 3.0]]
    assert x.grad.tolist() == [6.0, 6.0, 6.0]


def test_what_a_hook_returns_replaces_the_gradient_and_hooks_run_in_order():
    x = leaf(3)
    h = x * 2
    h.register_hook(lambda g: g + 1)
    h.register_hook(lambda g: g * 10)
    h.sum().backward()
    assert x.grad.tolist() == [40.0, 40.0, 40.0]


def test_a_hook_on_a_leaf_sees_the_sum_of_this_walk_and_not_what_was_there():
    x = leaf(3)
    (x * 5).sum().backward()
    handle = x.register_hook(lambda g: g * 100)
    (x + x).sum().backward()
    handle.remove()
    (x * 1).sum().backward()
    assert x.grad.tolist() == [206.0, 206.0, 206.0]


def test_hooks_replace_what_grad_returns_too():
    x = leaf(3)
    h = x * 2
    h.register_hook(lambda g: g * 10)
    by_h, by_x = tg.grad(h.sum(), [h, x])
    assert by_h.tolist() == [10.0, 10.0, 10.0]
    assert by_x.tolist() == [20.0, 20.0, 20.0]


def test_a_hook_on_one_of_several_outputs():
    x = leaf(4)
    first, second = tg.split(x, 2)
    first.register_hook(lambda g: g * 10)
    (first + second).sum().backward()
    assert x.grad.tolist() == [10.0, 10.0, 1.0, 1.0]


def test_under_create_graph_a_hook_is_differentiated():
    x = tg.tensor(3.0, dtype="float64", requires_grad=True)
    h = x * x
    h.register_hook(lambda g: g * x)
    g = tg.grad(h, x, create_graph=True)  # 2 x^2
    assert g.item() == 18.0
    assert tg.grad(g, x).item() == 12.0


def test_remove_takes_off_one_hook_and_may_be_called_twice():
    x = leaf(3)
    ten, two = x.register_hook(lambda g: g * 10), x.register_hook(lambda g: g * 2)
    ten.remove()
    ten.remove()
    x.sum().backward()
    assert x.grad.tolist() == [2.0, 2.0, 2.0]
    two.remove()
    assert x.node.hooks is None


def test_the_gradient_shares_no_array_with_what_a_hook_returned_or_kept():
    x = leaf(3)
    kept, constant = [], tg.ones(3, dtype="float64")
    x.register_hook(kept.append)
    x.register_hook(lambda g: constant)
    (x + x).sum().backward()
    assert not np.shares_memory(memory_of(x.grad), memory_of(constant))
    x.node.hooks = None
    x.grad = None
    x.register_hook(kept.append)
    (x + x).sum().backward()
    x.grad.data[:] = 0
    assert kept[-1].tolist() == [2.0, 2.0, 2.0]


def test_the_gradient_at_an_intermediate_target_shares_no_array_with_what_a_hook_returned():
    h = leaf(3) * 2
    constant = tg.ones(3, dtype="float64")
    h.register_hook(lambda g: constant)
    g = tg.grad((h * h + h).sum(), h)
    assert not np.shares_memory(memory_of(g), memory_of(constant))


def test_a_hook_of_a_captured_weight_runs_once_through_a_checkpoint():
    w, x = tg.tensor(2.0, requires_grad=True), tg.tensor(1.0, requires_grad=True)
    w.register_hook(lambda g: g * 10)
    checkpoint(lambda x: w * x * 2, x).backward()
    assert w.grad.item() == 20.0


def test_an_exception_in_a_hook_leaves_no_trace():
    x, z = leaf(3), leaf(3)
    h = x * x
    loss = (h * h * z).sum()
    fails = [True]

    def hook(g):
        if fails:
            fails.clear()
            raise KeyError("mine")

    h.register_hook(hook)
    with pytest.raises(KeyError, match="mine"):
        loss.backward(retain_graph=True)
    assert x.grad is None
    assert z.grad is None
    loss.backward()
    xn, zn = x.detach().numpy(), z.detach().numpy()
    assert np.allclose(x.grad.numpy(), 4 * xn**3 * zn, rtol=1e-12)
    assert np.allclose(z.grad.numpy(), xn**4, rtol=1e-12)


def test_the_mode_is_restored_after_an_exception():
    x = leaf(3)
    h = x * 2
    h.register_hook(lambda g: 1 / 0)
    with tg.scope.module("outer"):
        with pytest.raises(ZeroDivisionError):
            h.sum().backward()
        assert str(tg.scope.current()) == "'outer'"
        assert (x * 2).requires_grad


def test_a_hook_that_returns_another_shape_or_no_tensor_is_told_so():
    x = leaf(3)
    handle = x.register_hook(lambda g: g.sum())
    with pytest.raises(ShapeError, match=r"a hook returned a gradient of shape \(\); it was given \(3,\)"):
        x.sum().backward()
    handle.remove()
    x.register_hook(lambda g: g.numpy())
    with pytest.raises(DTypeError, match="a hook returns a tensor or None; this one returned a ndarray"):
        x.sum().backward()


def test_a_hook_on_a_constant_is_an_error():
    with pytest.raises(GradientError, match="no gradient comes by"):
        tg.ones(3).register_hook(print)
