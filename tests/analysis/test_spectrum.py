"""Jacobians of steps: equal to the formula, to the engine's own, and never past their bound."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_seq as tg
from tinygrad_seq import analysis, models, nn
from tinygrad_seq.data import CharVocab
from tinygrad_seq.errors import ConfigError

NETS = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU, "mlstm": nn.MLSTM}


@pytest.fixture
def rng():
    return np.random.default_rng(3)


def net_of(cell, *, layers=1, **options):
    tg.manual_seed(0)
    return NETS[cell](2, 4, layers, **{"dtype": "float64", **options})


def state_of(net, rng):
    return tuple(rng.standard_normal((net.num_layers, 4)) for _ in net.op.parts)


def test_of_the_plain_net_it_is_diag_1_minus_h_squared_times_W_hh(rng):
    net = net_of("rnn")
    x_t, (h_prev,) = rng.standard_normal(2), state_of(net, rng)
    h_t = net(tg.tensor(x_t[None, None]), tg.tensor(h_prev[:, None]))[0].detach().numpy().ravel()
    J = analysis.step_jacobian(net, x_t, (h_prev,))
    np.testing.assert_allclose(J, np.diag(1 - h_t**2) @ net.weight_hh_l0.detach().numpy(), rtol=1e-12)


def test_of_the_lstm_the_cell_state_is_scaled_by_the_forget_gate(rng):
    """With W_hh = 0 nothing passes through h, and dc_t/dc_{t-1} = diag(f_t)."""
    net = net_of("lstm")
    net.weight_hh_l0.assign_(0.0)
    x_t = rng.standard_normal(2)
    J = analysis.step_jacobian(net, x_t, state_of(net, rng))
    W_ih, b_ih, b_hh = (net.state_dict()[name] for name in ("weight_ih_l0", "bias_ih_l0", "bias_hh_l0"))
    a = W_ih @ x_t + b_ih + b_hh
    assert not J[:, :4].any()
    np.testing.assert_allclose(J[4:, 4:], np.diag(1 / (1 + np.exp(-a[4:8]))), rtol=1e-12)


@pytest.mark.parametrize("cell", NETS)
@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("batch_first", [False, True])
def test_it_is_the_jacobian_that_autograd_finds_row_by_row(cell, layers, batch_first, rng):
    net = net_of(cell, layers=layers, batch_first=batch_first)
    x_t, state = rng.standard_normal(2), state_of(net, rng)

    def step(flat):
        parts = tuple(tg.reshape(part, (layers, 1, 4)) for part in tg.split(flat, len(state)))
        after = net(tg.tensor(x_t[None, None]), parts if len(parts) > 1 else parts[0]).state
        return tg.concat([tg.reshape(part, (-1,)) for part in (after if isinstance(after, tuple) else [after])])

    flat = tg.tensor(np.concatenate([part.ravel() for part in state]))
    expected = tg.autograd.jacobian(step, flat).numpy()
    np.testing.assert_allclose(analysis.step_jacobian(net, x_t, state), expected, rtol=1e-11, atol=1e-14)


def power_iteration(J, rounds=3000):
    v = np.ones(J.shape[1])
    for _ in range(rounds):
        v = J.T @ (J @ v)
        v /= np.linalg.norm(v)
    return np.linalg.norm(J @ v)


@pytest.mark.parametrize("cell", NETS)
def test_the_largest_singular_value_is_what_power_iteration_finds(cell, rng):
    net, x = net_of(cell), rng.standard_normal((4, 2))
    found = analysis.spectrum(net, x, lambda y: y.sum())
    state = tuple(part.detach().numpy()[:, 0] for part in parts(net(tg.tensor(x[:1, None])).state))
    J = analysis.step_jacobian(net, x[1], state)
    assert found.sigma_max[0] == pytest.approx(power_iteration(J), rel=1e-6)
    assert found.radius[0] == pytest.approx(np.abs(np.linalg.eigvals(J)).max(), rel=1e-12)


def parts(state):
    return state if isinstance(state, tuple) else (state,)


@pytest.mark.parametrize("cell", NETS)
@pytest.mark.parametrize("scale", [0.3, 1.0, 4.0])
def test_the_gradient_is_never_more_than_the_product_nor_this_more_than_its_bound(cell, scale, rng):
    net = net_of(cell, layers=2)
    for name, parameter in net.named_parameters():
        if "weight_hh" in name:
            parameter.assign_(parameter.data * scale)
    found = analysis.spectrum(net, rng.standard_normal((12, 2)), lambda y: (y * y).sum())
    assert [len(found.sigma_max), len(found.radius)] == [10, 10]
    assert [len(found.product), len(found.bound), len(found.gradient)] == [11, 11, 11]
    assert (found.radius <= found.sigma_max * (1 + 1e-9)).all()
    assert (found.gradient <= found.product * (1 + 1e-9)).all()
    assert (found.product <= found.bound * (1 + 1e-9)).all()
    assert found.gradient[-1] == found.product[-1] == found.bound[-1] == 1.0


@pytest.mark.parametrize("cell", NETS)
def test_multiplied_onto_the_last_gradient_the_jacobians_give_every_earlier_one(cell, rng):
    net, x = net_of(cell), rng.standard_normal((6, 2))
    found = analysis.spectrum(net, x, lambda y: y.sum())
    states = [net(tg.tensor(x[: t + 1, None])).state for t in range(5)]
    states = [tuple(part.detach().numpy()[:, 0] for part in parts(state)) for state in states]
    last = [tg.tensor(part[:, None], requires_grad=True) for part in states[-1]]
    g = tg.grad(net(tg.tensor(x[5:, None]), tuple(last) if len(last) > 1 else last[0])[0].sum(), last)
    g = np.concatenate([part.numpy().ravel() for part in g])
    lengths = [np.linalg.norm(g)]
    for t in range(4, 0, -1):
        g = g @ analysis.step_jacobian(net, x[t], states[t - 1])
        lengths.append(np.linalg.norm(g))
    np.testing.assert_allclose(found.gradient, np.array(lengths[::-1]) / lengths[0], rtol=1e-10)


def test_norms_above_one_do_not_mean_explosion():
    """A rotation stretched one way and squeezed the other: sigma_max = 2 at every step, the product stays at 2."""
    net = NETS["rnn"](1, 2, nonlinearity="relu", dtype="float64")
    for parameter in net.parameters():
        parameter.assign_(0.0)
    net.weight_hh_l0.assign_(tg.tensor([[0.0, 2.0], [0.5, 0.0]], dtype="float64").data)
    net.bias_ih_l0.assign_(1.0)  # keeps relu open
    found = analysis.spectrum(net, np.zeros((12, 1)), lambda y: y.sum())
    np.testing.assert_allclose(found.sigma_max, 2.0)
    np.testing.assert_allclose(found.radius, 1.0)
    assert found.product.max() == pytest.approx(2.0)
    assert found.bound[0] == pytest.approx(2.0**10)


def test_of_a_language_model():
    model = models.CharLM(CharVocab("ab"), 6, 2, cell="gru", dropout=0.5, embedding_size=3)
    found = analysis.spectrum_of(model, "abbabab")
    assert found.name == "gru"
    assert len(found.product) == 5
    assert model.training
    with pytest.raises(ConfigError, match="at least 4"):
        analysis.spectrum_of(model, "abb")


def test_a_bidirectional_net_has_no_such_step(rng):
    net = net_of("gru", bidirectional=True)
    with pytest.raises(ConfigError, match="reads both ways"):
        analysis.step_jacobian(net, rng.standard_normal(2), (rng.standard_normal((2, 4)),))
