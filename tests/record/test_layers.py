"""`record(model)`: states and gates of every layer at every step, whatever computed them."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_seq as tg
from tinygrad_seq import nn
from tinygrad_seq.errors import ConfigError, ShapeError

T, B, I, H = 7, 3, 4, 5


@pytest.fixture
def rng():
    return np.random.default_rng(0)


NETS = {
    "rnn": (nn.RNN, {}, "h"),
    "lstm": (nn.LSTM, {}, "hcifgo"),
    "gru": (nn.GRU, {}, "hrzn"),
    "gru before": (nn.GRU, {"reset_after": False}, "hrzn"),
    "mlstm": (nn.MLSTM, {}, "hcifgom"),
}


def net_of(name, **options):
    make, settings, _ = NETS[name]
    tg.manual_seed(3)
    return make(I, H, 2, dtype="float64", **settings, **options)


def recorded(net, x, **call):
    with tg.record(net) as tape:
        result = net(x, **call)
    return tape.layers, result


@pytest.mark.host("NumPy's kernels")
@pytest.mark.parametrize("name", NETS)
@pytest.mark.parametrize(
    "given", [{}, {"lengths": [7, 2, 4]}, {"reset": np.eye(T, B, dtype=bool)}], ids=["all", "lengths", "reset"]
)
def test_kernel_and_cell_loop_give_the_same_layers(rng, name, given):
    x = rng.standard_normal((T, B, I))
    fused, _ = recorded(net_of(name, bidirectional=True, path="fused"), x, **given)
    loop, _ = recorded(net_of(name, bidirectional=True, path="cell"), x, **given)
    assert list(fused) == list(loop) == ["l0", "l0_reverse", "l1", "l1_reverse"]
    for layer, values in fused.items():
        assert "".join(values) == "".join(loop[layer]) == NETS[name][2]
        for letter, value in values.items():
            assert value.shape == (T, B, H)
            np.testing.assert_allclose(value, loop[layer][letter], rtol=1e-12, atol=1e-14, err_msg=f"{layer} {letter}")


@pytest.mark.parametrize("path", [pytest.param("fused", marks=pytest.mark.host("NumPy's kernels")), "cell"])
def test_the_letters_are_those_of_the_equations(rng, path):
    """c_t = f_t c_prev + i_t g_t, h_t = o_t tanh(c_t), and h is what the net puts out."""
    x = rng.standard_normal((T, B, I))
    layers, (output, state) = recorded(net_of("lstm", path=path), x)
    for k in range(2):
        h, c, i, f, g, o = layers[f"l{k}"].values()
        np.testing.assert_allclose(c[1:], f[1:] * c[:-1] + i[1:] * g[1:], rtol=1e-12, atol=1e-14)
        np.testing.assert_allclose(h, o * np.tanh(c), rtol=1e-12, atol=1e-14)
        np.testing.assert_array_equal(c[-1], state.c.detach().numpy()[k])
    np.testing.assert_array_equal(layers["l1"]["h"], output.detach().numpy())


@pytest.mark.parametrize("path", [pytest.param("fused", marks=pytest.mark.host("NumPy's kernels")), "cell"])
def test_windows_with_a_carried_state_stand_end_to_end(rng, path):
    x = rng.standard_normal((T, B, I))
    net = net_of("lstm", path=path)
    whole, _ = recorded(net, x)
    with tg.record(net) as tape:
        _, state = net(x[:3])
        net(x[3:], state)
    for letter, value in whole["l1"].items():
        np.testing.assert_allclose(tape.layers["l1"][letter], value, rtol=1e-12)


@pytest.mark.parametrize("path", [pytest.param("fused", marks=pytest.mark.host("NumPy's kernels")), "cell"])
def test_a_long_text_goes_to_disk_and_is_the_same(rng, tmp_path, path):
    x = rng.standard_normal((T, B, I))
    net = net_of("lstm", path=path)
    with tg.record(net, only=["c", "f"], to=tmp_path) as tape:
        _, state = net(x[:3])
        written = sorted(p.name for p in tmp_path.iterdir())
        net(x[3:], state)
    assert written == ([] if path == "cell" else ["l0.c.npy", "l0.f.npy", "l1.c.npy", "l1.f.npy"])
    whole, _ = recorded(net, x)
    for layer, values in tape.layers.items():
        assert list(values) == ["c", "f"]
        for letter, value in values.items():
            assert isinstance(value, np.memmap)
            np.testing.assert_allclose(np.load(tmp_path / f"{layer}.{letter}.npy"), whole[layer][letter], rtol=1e-12)


def test_the_memory_is_known_before(rng, tmp_path):
    net = net_of("lstm", bidirectional=True)
    with tg.record(net, only=["c", "o"], to=tmp_path) as tape:
        net(rng.standard_normal((T, B, I)))
    taken = sum(value.nbytes for values in tape.layers.values() for value in values.values())
    assert nn.activation_bytes(net, T, B, only=["c", "o"]) == taken
    assert nn.activation_bytes(net, T, B) == 3 * taken


def test_what_is_not_the_models_is_left_out(rng):
    mine, other = net_of("gru"), net_of("gru")
    holder = nn.Sequential(other, nn.Linear(H, I, dtype="float64"))
    holder.mine = mine
    x = rng.standard_normal((T, B, I))
    with tg.record(mine) as tape:
        other(x)
        mine(x)
        output, _ = mine(x)
        output.sum().backward()
    assert list(tape.layers) == ["l0", "l1"]
    assert tape.layers["l0"]["h"].shape == (2 * T, B, H)


def test_checkpointed_steps_are_recorded_once(rng):
    net = net_of("lstm", path="cell")
    with tg.record(net) as tape:
        tg.engine.checkpoint(lambda x: net(x)[0].sum(), tg.tensor(rng.standard_normal((T, B, I)))).backward()
    assert tape.layers["l0"]["c"].shape == (T, B, H)


def test_a_record_without_a_model_keeps_no_arrays(rng):
    with tg.record() as tape:
        net_of("lstm")(rng.standard_normal((T, B, I)))
    assert tape.layers == {}


@pytest.mark.host("NumPy's kernels")
def test_what_cannot_be_recorded_is_said(rng):
    with pytest.raises(ConfigError, match="model with recurrent layers; got Linear"), tg.record(nn.Linear(2, 2)):
        pass
    with pytest.raises(ConfigError, match="has no c; it has h, r, z, n"), tg.record(net_of("gru"), only=["c", "h"]):
        pass
    net = net_of("gru")
    with tg.record(net):
        net(rng.standard_normal((T, 3, I)))
        with pytest.raises(ShapeError, match=r"ran on \(B, H\) = \(3, 5\) and now runs on \(2, 5\)"):
            net(rng.standard_normal((T, 2, I)))
