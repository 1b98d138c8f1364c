"""A recurrent layer over a whole sequence: what masks, directions, layers, float64 and the path cost."""

import numpy as np
import pytest

import tinygrad_seq as tg
from tinygrad_seq import nn

T, B, H = 50, 32, 128
LAYERS = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM, "mlstm": nn.MLSTM}
FORMS = {
    "plain": ({}, {}),
    "cell by cell": ({"path": "cell"}, {}),
    "lengths": ({}, {"lengths": np.linspace(1, T, B).astype(int)}),
    "both directions": ({"bidirectional": True}, {}),
    "two layers": ({"num_layers": 2}, {}),
    "float64": ({"dtype": "float64"}, {}),
}


def forward_backward(net, x, options):
    net.zero_grad()
    net(x, **options).output.sum().backward()
    return net.weight_hh_l0.grad.numpy()


@pytest.mark.benchmark(group=f"sequences: forward and backward, batch {B}, {T} steps, {H} units")
@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("kind", ["vectors", "symbols"])
def test_layer(benchmark, backend, layer, kind):
    net = LAYERS[layer](H, H)
    x = tg.randn(T, B, H) if kind == "vectors" else np.random.default_rng(0).integers(0, H, (T, B))
    assert np.all(np.isfinite(benchmark(forward_backward, net, x, {})))


@pytest.mark.benchmark(group=f"sequences: what an LSTM's options cost, batch {B}, {T} steps, {H} units")
@pytest.mark.parametrize("form", FORMS)
def test_form(benchmark, backend, form):
    settings, options = FORMS[form]
    net = nn.LSTM(H, H, **settings)
    x = tg.randn(T, B, H, dtype=settings.get("dtype", "float32"))
    assert np.all(np.isfinite(benchmark(forward_backward, net, x, options)))
