"""Initial values: what each initialiser fills with, in place, and that a seed names the numbers."""

from __future__ import annotations

from math import sqrt

import numpy as np
import pytest

import tinygrad_seq as tg
from tinygrad_seq import nn
from tinygrad_seq.errors import ShapeError, StaleReadError
from tinygrad_seq.nn import init

INPUTS, OUTPUTS = 300, 100  # unlike each other, so that exchanged fans show


def filled(initialiser, *args, shape=(OUTPUTS, INPUTS), **named):
    parameter = nn.Parameter(np.zeros(shape), dtype="float64")
    assert initialiser(parameter, *args, **named) is parameter
    return parameter.detach().numpy()


def assert_uniform(values, low, high):
    assert low <= values.min() < low + 0.01 * (high - low)
    assert high - 0.01 * (high - low) < values.max() <= high
    assert values.mean() == pytest.approx((low + high) / 2, abs=0.01 * (high - low))
    assert values.std() == pytest.approx((high - low) / sqrt(12), rel=0.02)


def assert_normal(values, mean, std):
    assert values.mean() == pytest.approx(mean, abs=5 * std / sqrt(values.size))
    assert values.std() == pytest.approx(std, rel=0.02)
    assert (np.abs(values - mean) < std).mean() == pytest.approx(0.683, abs=0.01)


def test_constant():
    assert (filled(init.constant_, 2.5) == 2.5).all()


def test_uniform():
    assert_uniform(filled(init.uniform_), 0, 1)
    assert_uniform(filled(init.uniform_, -3, 5), -3, 5)


def test_normal():
    assert_normal(filled(init.normal_), 0, 1)
    assert_normal(filled(init.normal_, 3, 0.2), 3, 0.2)


def test_xavier_keeps_the_variance_of_activations_and_gradients():
    bound = 2 * sqrt(6 / (INPUTS + OUTPUTS))
    assert_uniform(filled(init.xavier_uniform_, 2), -bound, bound)
    assert_normal(filled(init.xavier_normal_, 2), 0, 2 * sqrt(2 / (INPUTS + OUTPUTS)))


@pytest.mark.parametrize("slope", [0.0, 0.5])
def test_kaiming_counts_the_inputs(slope):
    std = sqrt(2 / ((1 + slope**2) * INPUTS))
    assert_uniform(filled(init.kaiming_uniform_, slope), -sqrt(3) * std, sqrt(3) * std)
    assert_normal(filled(init.kaiming_normal_, slope), 0, std)


def test_kaiming_keeps_the_size_of_what_goes_through_relu():
    x = np.random.default_rng(1).standard_normal((200, 400))  # the weights are drawn from 0
    for _ in range(10):
        x = np.maximum(x @ filled(init.kaiming_normal_, shape=(400, 400)).T, 0)
    assert 0.5 < (x**2).mean() < 2


@pytest.mark.parametrize("shape", [(4, 4), (7, 3), (3, 7), (1, 5)], ids=str)
def test_orthogonal_rows_or_columns(shape):
    Q = filled(init.orthogonal_, 1.5, shape=shape)
    gram = Q @ Q.T if shape[0] <= shape[1] else Q.T @ Q
    np.testing.assert_allclose(gram, 1.5**2 * np.eye(min(shape)), atol=1e-12)


def test_orthogonal_matrices_of_both_determinants_are_drawn():
    signs = [np.sign(np.linalg.det(filled(init.orthogonal_, shape=(3, 3)))) for _ in range(40)]
    assert {-1, 1} == set(signs)
    corners = [filled(init.orthogonal_, shape=(3, 3))[0, 0] for _ in range(400)]
    assert abs(np.mean(corners)) < 0.1  # without the signs of R's diagonal the corner leans to one side


def test_eye_makes_a_relu_net_that_remembers():
    np.testing.assert_array_equal(filled(init.eye_, 0.5, shape=(2, 3)), 0.5 * np.eye(2, 3))
    net = nn.RNN(1, 2, nonlinearity="relu", bias=False)
    init.eye_(net.weight_hh_l0)
    init.constant_(net.weight_ih_l0, 0)
    assert net(np.ones((9, 1, 1)), np.array([[[3.0, 4.0]]])).last.tolist() == [[3.0, 4.0]]


@pytest.mark.parametrize("name", ["xavier_uniform_", "kaiming_normal_", "orthogonal_", "eye_"])
def test_fans_are_those_of_a_matrix(name):
    with pytest.raises(ShapeError, match=r"weight matrices \(outputs, inputs\); got shape \(3,\)"):
        filled(getattr(init, name), shape=(3,))


def test_the_type_stays_and_the_graph_does_not_notice():
    parameter = nn.Parameter(np.zeros((2, 2)))
    init.normal_(parameter)
    assert parameter.requires_grad
    assert parameter.is_leaf
    single = nn.Parameter([[0.0]])
    assert init.orthogonal_(single).dtype == np.float32


def test_writing_between_forward_and_backward_is_a_stale_read():
    parameter = nn.Parameter([1.0, 2.0])
    loss = (parameter * parameter).sum()
    init.constant_(parameter, 3)
    with pytest.raises(StaleReadError, match=r"nn\.init"):
        loss.backward()


def test_a_seed_is_a_model(net_of):
    def drawn(seed):
        tg.manual_seed(seed)
        return net_of(3, 4, 2).state_dict()

    first, second, other = drawn(7), drawn(7), drawn(8)
    for name in first:
        np.testing.assert_array_equal(first[name], second[name])
    assert any(not np.array_equal(first[name], other[name]) for name in first)


def test_recurrent_weights_start_within_one_over_root_hidden_size(net_of):
    for name, array in net_of(3, 400).state_dict().items():
        if not name.startswith("gain"):
            assert np.abs(array).max() <= 1 / 20, name


@pytest.mark.parametrize("options", [{}, {"num_layers": 2, "bidirectional": True}], ids=str)
def test_forget_bias_is_the_sum_of_both_biases(options):
    net = nn.LSTM(3, 4, forget_bias=1.0, **options)
    for name, ours in net.state_dict().items():
        if name.startswith("bias_ih"):
            total = ours + net.state_dict()[name.replace("ih", "hh")]
            np.testing.assert_array_equal(total[4:8], 1)
            assert len(np.unique(np.delete(total, np.s_[4:8]))) == 12  # the other gates stay as they were drawn
