"""Dropout: noise with a name (seed, step, draw), the same whenever it is asked for, and none in evaluation."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_seq as tg
from tinygrad_seq import functional, nn, random
from tinygrad_seq.errors import ConfigError

X = np.random.default_rng(0).standard_normal((6, 3, 4))


def test_in_evaluation_it_is_the_identity():
    x = tg.Tensor(X)
    assert nn.Dropout(0.9).eval()(x) is x


def test_in_training_it_keeps_the_mean():
    y = nn.Dropout(0.3)(tg.ones((200, 200))).numpy()
    assert set(np.unique(y)) == {np.float32(0), np.float32(1) / np.float32(0.7)}
    assert (y == 0).mean() == pytest.approx(0.3, abs=0.01)


def test_the_gradient_has_the_same_mask():
    x = tg.ones((5, 5), requires_grad=True)
    y = nn.Dropout(0.5)(x)
    y.sum().backward()
    np.testing.assert_array_equal(x.grad.numpy(), y.detach().numpy())


def test_zero_probability_is_the_identity():
    x = tg.Tensor(X)
    assert nn.Dropout(0.0)(x) is x


@pytest.mark.parametrize("p", [-0.1, 1.0, 1.5])
def test_what_is_no_probability_is_an_error(p):
    with pytest.raises(ConfigError, match=f"p={p} is no probability"):
        nn.Dropout(p)(tg.ones(3))


def outputs(module, seed, step):
    tg.manual_seed(seed)
    random.at_step(step)
    result = module(tg.Tensor(X))
    return (result if isinstance(result, tg.Tensor) else result.output).detach().numpy()


def net_with_dropout(net_of):
    return net_of(4, 5, 3, dropout=0.5, dtype="float64")


def test_same_seed_and_step_same_bits(net_of):
    for module in (nn.Dropout(0.5), net_with_dropout(net_of)):
        np.testing.assert_array_equal(outputs(module, 3, 7), outputs(module, 3, 7))


def test_another_seed_or_step_is_another_mask(net_of):
    for module in (nn.Dropout(0.5), net_with_dropout(net_of)):
        for seed, step in ((4, 7), (3, 8)):
            assert not np.array_equal(outputs(module, 3, 7), outputs(module, seed, step))


def test_two_draws_of_one_step_differ():
    layer = nn.Dropout(0.5)
    random.at_step(0)
    assert not np.array_equal(layer(tg.Tensor(X)).numpy(), layer(tg.Tensor(X)).numpy())


def test_a_net_in_evaluation_has_no_noise(net_of):
    noisy, plain = net_with_dropout(net_of), net_of(4, 5, 3, dtype="float64")
    plain.load_state_dict(noisy.state_dict())
    np.testing.assert_array_equal(noisy.eval()(X).output.detach().numpy(), plain(X).output.detach().numpy())
    assert not np.array_equal(noisy.train()(X).output.detach().numpy(), plain(X).output.detach().numpy())


def test_noise_works_between_layers_and_nowhere_else(net_of):
    """Two layers with dropout are the first layer, then functional.dropout, then the second."""
    net = net_of(4, 5, 2, bidirectional=True, dropout=0.5, dtype="float64")
    state = net.state_dict()
    first, second = (net_of(n, 5, bidirectional=True, dtype="float64") for n in (4, 10))
    first.load_state_dict({name: array for name, array in state.items() if "_l0" in name})
    second.load_state_dict({name.replace("_l1", "_l0"): array for name, array in state.items() if "_l1" in name})
    random.at_step(1)
    together = net(X).output
    random.at_step(1)
    apart = second(functional.dropout(first(X).output, 0.5)).output
    np.testing.assert_array_equal(together.detach().numpy(), apart.detach().numpy())


def test_recomputation_under_checkpoint_draws_the_same_mask():
    net = nn.GRU(4, 5, 2, dropout=0.5, dtype="float64")
    gradients = []
    for run in (lambda x: net(x).output, lambda x: tg.autograd.checkpoint(lambda x: net(x).output, x)):
        net.zero_grad()
        random.at_step(2)
        run(tg.Tensor(X, requires_grad=True)).sum().backward()
        gradients.append([p.grad.numpy() for p in net.parameters()])
    for a, b in zip(*gradients, strict=True):
        np.testing.assert_array_equal(a, b)
