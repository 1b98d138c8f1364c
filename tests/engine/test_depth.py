"""No recursion anywhere: graphs of a hundred thousand nodes under Python's default limit."""

from __future__ import annotations

import sys

import numpy as np
import pytest

import tinygrad_seq as tg

DEEP = 100_000


@pytest.fixture(autouse=True)
def default_recursion_limit():
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(1000)
    yield
    sys.setrecursionlimit(before)


def chain(x, nodes=20_000):
    y = x
    for _ in range(nodes // 2):
        y = y * 1.0 + 0.0
    return y


def test_a_deep_chain_forward_backward_and_its_deletion():
    x = tg.ones(2, requires_grad=True)
    y = chain(x, DEEP)
    y.sum().backward()
    assert x.grad.tolist() == [1.0, 1.0]
    del y


def test_a_deep_chain_is_dropped_without_backward():
    y = chain(tg.ones(2, requires_grad=True), DEEP)
    assert y.requires_grad
    del y


def test_grad_prunes_a_deep_chain():
    x, z = tg.ones(2, requires_grad=True), tg.ones(2, requires_grad=True)
    assert tg.grad((chain(x) * z).sum(), z).tolist() == [1.0, 1.0]


def test_a_checkpoint_over_a_deep_chain():
    x = tg.ones(2, requires_grad=True)
    tg.autograd.checkpoint(chain, x).sum().backward()
    assert x.grad.tolist() == [1.0, 1.0]


def test_ten_thousand_steps_of_a_recurrent_net():
    rng = np.random.default_rng(0)
    xs = tg.tensor(rng.standard_normal((10_000, 1, 2)), requires_grad=True)
    w_ih = tg.tensor(rng.standard_normal((2, 3)) * 0.3, requires_grad=True)
    w_hh = tg.tensor(np.eye(3) * 0.99, requires_grad=True)
    h = tg.zeros((1, 3), dtype="float64")
    for t in tg.scope.steps(range(10_000)):
        h = tg.tanh(xs[t] @ w_ih + h @ w_hh)
    h.sum().backward()
    dh, exact = np.ones((1, 3)), np.zeros(xs.shape)
    x, W_ih, W_hh = (leaf.detach().numpy() for leaf in (xs, w_ih, w_hh))
    states = [np.zeros((1, 3))]
    for x_t in x:
        states.append(np.tanh(x_t @ W_ih + states[-1] @ W_hh))
    for t in reversed(range(10_000)):
        da = dh * (1 - states[t + 1] ** 2)
        exact[t] = da @ W_ih.T
        dh = da @ W_hh.T
    assert np.allclose(xs.grad.numpy(), exact, rtol=1e-10, atol=1e-300)
    assert w_hh.grad.shape == (3, 3)
