"""Equations that PyTorch does not have, against plain NumPy loops written from the papers."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_seq as tg
from tinygrad_seq import nn

T, B, I, H = 6, 3, 4, 5


def sigma(a):
    return 1 / (1 + np.exp(-a))


def numbers(module):
    return {name.removesuffix("_l0"): array for name, array in module.state_dict().items()}


def rows(matrix, gate):
    """The rows of one gate in a stack of gates."""
    return matrix[gate * H : (gate + 1) * H]


def gru_of_cho(x, h, w):
    """Cho et al. (2014), equations 5 to 8, with z as PyTorch counts it: 1 keeps the past."""
    hs = []
    for x_t in x:
        pre = [
            lambda v, k=k: rows(w["weight_ih"], k) @ x_t[v] + rows(w["bias_ih"], k) + rows(w["bias_hh"], k)  # noqa: B023
            for k in range(3)
        ]
        new = np.empty_like(h)
        for v in range(len(h)):
            r = sigma(pre[0](v) + rows(w["weight_hh"], 0) @ h[v])
            z = sigma(pre[1](v) + rows(w["weight_hh"], 1) @ h[v])
            candidate = np.tanh(pre[2](v) + rows(w["weight_hh"], 2) @ (r * h[v]))
            new[v] = z * h[v] + (1 - z) * candidate
        h = new
        hs.append(h)
    return np.stack(hs)


def mlstm_of_krause(x, h, c, w):
    """Krause et al. (2016), equations 7 to 13: m takes the place of h in the LSTM's gates."""
    hs = []
    for x_t in x:
        m = (x_t @ w["weight_mx"].T) * (h @ w["weight_mh"].T)
        i, f, g, o = (
            x_t @ rows(w["weight_ih"], k).T + m @ rows(w["weight_hh"], k).T + rows(w["bias_ih"], k) for k in range(4)
        )
        c = sigma(f) * c + sigma(i) * np.tanh(g)
        h = sigma(o) * np.tanh(c)
        hs.append(h)
    return np.stack(hs), h, c


def test_gru_with_the_reset_before_the_product(rng):
    net = nn.GRU(I, H, reset_after=False, dtype="float64")
    x, h = rng.standard_normal((T, B, I)), rng.standard_normal((B, H))
    output, state = net(x, h[None])
    expected = gru_of_cho(x, h, numbers(net))
    np.testing.assert_allclose(output.detach().numpy(), expected, rtol=1e-12)
    np.testing.assert_allclose(state.detach().numpy()[0], expected[-1], rtol=1e-12)


def test_gru_cell_with_the_reset_before_the_product(rng):
    cell = nn.GRUCell(I, H, reset_after=False, dtype="float64")
    x, h = rng.standard_normal((B, I)), rng.standard_normal((B, H))
    np.testing.assert_allclose(cell(x, h).detach().numpy(), gru_of_cho(x[None], h, numbers(cell))[0], rtol=1e-12)


def test_the_update_gate_at_one_keeps_the_past(rng):
    for reset_after in (True, False):
        cell = nn.GRUCell(I, H, reset_after=reset_after, dtype="float64")
        bias = np.zeros(3 * H)
        bias[H : 2 * H] = 1000
        cell.load_state_dict({"bias_ih": bias}, strict=False)
        h = rng.standard_normal((B, H))
        np.testing.assert_array_equal(cell(rng.standard_normal((B, I)), h).detach().numpy(), h)


@pytest.mark.parametrize("bias", [True, False])
def test_mlstm(rng, bias):
    net = nn.MLSTM(I, H, bias=bias, dtype="float64")
    x, h, c = rng.standard_normal((T, B, I)), rng.standard_normal((B, H)), rng.standard_normal((B, H))
    output, state = net(x, (h[None], c[None]))
    hs, h_T, c_T = mlstm_of_krause(x, h, c, {"bias_ih": np.zeros(4 * H)} | numbers(net))
    np.testing.assert_allclose(output.detach().numpy(), hs, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(state.h.detach().numpy()[0], h_T, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(state.c.detach().numpy()[0], c_T, rtol=1e-12, atol=1e-14)


def test_mlstm_with_weight_norm_starts_as_the_matrices_that_were_drawn(rng):
    plain = nn.MLSTM(I, H, dtype="float64")
    normalised = nn.MLSTM(I, H, weight_norm=True, dtype="float64")
    x = rng.standard_normal((T, B, I))
    weights = {name: array for name, array in normalised.state_dict().items() if not name.startswith("gain")}
    plain.load_state_dict(weights)
    np.testing.assert_allclose(normalised(x).output.detach().numpy(), plain(x).output.detach().numpy(), rtol=1e-12)


def test_weight_norm_makes_each_row_as_long_as_its_gain(rng):
    net = nn.MLSTM(I, H, weight_norm=True, dtype="float64")
    w = {name: rng.standard_normal(array.shape) for name, array in net.state_dict().items()}
    net.load_state_dict(w)
    for name, matrix in zip(("ih", "hh", "mx", "mh"), net.weights("_l0")[:4], strict=True):
        W, g = w[f"weight_{name}_l0"], w[f"gain_{name}_l0"]
        np.testing.assert_allclose(matrix.detach().numpy(), g[:, None] * W / np.linalg.norm(W, axis=1, keepdims=True))


def test_the_length_of_a_normalised_row_has_no_gradient(rng):
    """Only the direction counts: the gradient of a weight stands at right angles to it."""
    net = nn.MLSTM(I, H, weight_norm=True, dtype="float64")
    net(rng.standard_normal((T, B, I))).output.sum().backward()
    for name in ("ih", "hh", "mx", "mh"):
        W = getattr(net, f"weight_{name}_l0")
        np.testing.assert_allclose((W.grad.numpy() * W.detach().numpy()).sum(axis=1), 0, atol=1e-12)


def test_mlstm_names_and_shapes():
    assert {name: array.shape for name, array in nn.MLSTM(I, H, weight_norm=True).state_dict().items()} == {
        "weight_ih_l0": (4 * H, I),
        "weight_hh_l0": (4 * H, H),
        "weight_mx_l0": (H, I),
        "weight_mh_l0": (H, H),
        "bias_ih_l0": (4 * H,),
        "gain_ih_l0": (4 * H,),
        "gain_hh_l0": (4 * H,),
        "gain_mx_l0": (H,),
        "gain_mh_l0": (H,),
    }


@pytest.mark.parametrize("name", ["tanh", "relu"])
def test_rnn_is_the_lectures_recurrence(rng, name):
    """h_t = f(W_h h_{t-1} + W_x x_t + b), with b the sum of both biases."""
    f = {"tanh": np.tanh, "relu": lambda a: np.maximum(a, 0)}[name]
    net = nn.RNN(I, H, nonlinearity=name, dtype="float64")
    w = numbers(net)
    x, h = rng.standard_normal((T, B, I)), np.zeros((B, H))
    for x_t in x:
        h = f(h @ w["weight_hh"].T + x_t @ w["weight_ih"].T + (w["bias_ih"] + w["bias_hh"]))
    np.testing.assert_allclose(net(x).last.detach().numpy(), h, rtol=1e-12)


def test_embedding_is_a_row_of_the_table():
    table = nn.Embedding(4, 2)
    assert table([[3, 0]]).tolist() == [[table.weight.tolist()[3], table.weight.tolist()[0]]]


def test_layer_norm_gives_mean_zero_and_variance_one(rng):
    y = nn.LayerNorm(50, dtype="float64")(tg.Tensor(5 + 3 * rng.standard_normal((4, 50)))).detach().numpy()
    np.testing.assert_allclose(y.mean(axis=1), 0, atol=1e-12)
    np.testing.assert_allclose(y.var(axis=1), 1, rtol=1e-4)
