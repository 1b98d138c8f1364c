"""What users of recurrent modules elsewhere stumbled over: here it does not happen, or an error says what to do."""

from __future__ import annotations

import re

import numpy as np
import pytest

import tinygrad_seq as tg
from tinygrad_seq import nn
from tinygrad_seq.backend import get_backend
from tinygrad_seq.errors import ConfigError, ShapeError

T, B, I, H = 6, 4, 3, 5


def close(a, b):
    np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("lengths", [[2, 6, 1, 4], [6, 4, 2, 1], [1, 2, 4, 6]], ids=str)
def test_finding_3_padded_rows_equal_rows_alone(net_of, rng, lengths):
    """A user sorted a batch by length to pack it, forgot to sort the results back, and found the rows mixed up."""
    net = net_of(I, H, bidirectional=True, dtype="float64")
    x = rng.standard_normal((T, B, I))
    together = net(x, lengths=lengths)
    for b, n in enumerate(lengths):
        alone = net(x[:n, b : b + 1])
        close(together.output.detach().numpy()[:n, b], alone.output.detach().numpy()[:, 0])
        close(together.last.detach().numpy()[b], alone.last.detach().numpy()[0])


def test_finding_4_shape_errors_name_the_axes(rng):
    """A user passed (batch, time, feature) to a time-first net, and the error did not say which axis is which."""
    x = rng.standard_normal((32, 50, 9))
    with pytest.raises(ShapeError, match=re.escape("expected (time, batch, feature) with 8 features, got (32, 50, 9)")):
        nn.LSTM(8, H)(x)
    with pytest.raises(ShapeError, match=re.escape("expected (batch, time, feature) with 8 features, got (32, 50, 9)")):
        nn.LSTM(8, H, batch_first=True)(x)
    lstm = nn.LSTM(9, H, batch_first=True)
    _, (h, _) = lstm(x)
    assert h.shape == (1, 32, H), "the state is (layers * directions, batch, hidden), batch_first or not"
    with pytest.raises(
        ShapeError, match=re.escape("(layers * directions, batch, hidden) = (1, 32, 5), got (32, 1, 5)")
    ):
        lstm(x, (h.swapaxes(0, 1), h.swapaxes(0, 1)))


def test_finding_5_last_of_a_bidirectional_net(net_of, rng):
    """A user classified by output[-1], where the reverse direction has read a single step."""
    net = net_of(I, H, bidirectional=True, dtype="float64")
    x = rng.standard_normal((T, 1, I))
    changed = x.copy()
    changed[0] += 1
    before, after = net(x), net(changed)
    trap, trap_after = (result.output.detach().numpy()[-1, 0, H:] for result in (before, after))
    last, last_after = (result.last.detach().numpy()[0, H:] for result in (before, after))
    np.testing.assert_array_equal(trap, trap_after)  # it has not seen the first step
    assert not np.allclose(last, last_after)
    np.testing.assert_array_equal(last, before.output.detach().numpy()[0, 0, H:])


def test_finding_6_which_gru():
    """A user trained one GRU and loaded the weights into the other: same shapes, other numbers, no error."""
    tg.manual_seed(3)
    x = np.random.default_rng(0).standard_normal((T, 1, I))
    after, before = nn.GRU(I, H, dtype="float64"), nn.GRU(I, H, reset_after=False, dtype="float64")
    before.load_state_dict(after.state_dict())
    assert not np.allclose(after(x).last.detach().numpy(), before(x).last.detach().numpy(), atol=1e-3)
    assert "reset_after=True" in repr(after)
    assert "reset_after=False" in repr(before)
    for words in ("r_t * (W_hn h_prev + b_hn)", "W_hn (r_t * h_prev)", "(1 - z_t) * n_t + z_t * h_prev"):
        assert words in nn.GRUCell.__doc__


def test_finding_7_two_biases_move_their_sum_twice_as_fast(rng):
    """A user merged both biases into one, and training went another way: their sum had moved at twice the rate."""
    lstm = nn.LSTM(I, H, dtype="float64")
    before = lstm.bias_ih_l0.detach().numpy() + lstm.bias_hh_l0.detach().numpy()
    lstm(rng.standard_normal((T, B, I))).output.sum().backward()
    gradient = lstm.bias_ih_l0.grad.numpy()
    np.testing.assert_array_equal(gradient, lstm.bias_hh_l0.grad.numpy())
    for bias in (lstm.bias_ih_l0, lstm.bias_hh_l0):
        bias.assign_(bias.data - 0.1 * bias.grad.data)
    close(lstm.bias_ih_l0.detach().numpy() + lstm.bias_hh_l0.detach().numpy(), before - 0.2 * gradient)


def test_finding_7_the_candidate_of_a_gru_has_its_second_bias_apart(rng):
    """A user exported a GRU with both biases added up, but the reset gate multiplies b_hn: the numbers changed."""
    gru = nn.GRU(I, H, dtype="float64")
    x = rng.standard_normal((T, B, I))
    state = gru.state_dict()
    expected = gru(x).last.detach().numpy()
    total = state["bias_ih_l0"] + state["bias_hh_l0"]
    gates, apart = np.arange(3 * H) < 2 * H, state["bias_hh_l0"].copy()
    gru.load_state_dict({"bias_ih_l0": total, "bias_hh_l0": 0 * total}, strict=False)
    assert not np.allclose(gru(x).last.detach().numpy(), expected, atol=1e-4)
    merged = {"bias_ih_l0": np.where(gates, total, state["bias_ih_l0"]), "bias_hh_l0": np.where(gates, 0, apart)}
    gru.load_state_dict(merged, strict=False)
    close(gru(x).last.detach().numpy(), expected)


@pytest.mark.parametrize("make", [nn.LSTM, nn.LSTMCell])
def test_finding_8_forget_bias_is_applied_once(make):
    """A user wrote 1 into both biases of the forget gate, and the gate started with 2."""
    state = make(I, H, forget_bias=1.0).state_dict()
    (b_ih, b_hh) = (state[name] for name in state if name.startswith("bias"))
    np.testing.assert_array_equal((b_ih + b_hh)[H : 2 * H], 1.0)
    without = make(I, H).state_dict()
    (b_ih, b_hh) = (without[name] for name in without if name.startswith("bias"))
    assert np.abs(b_ih + b_hh).max() <= 2 / np.sqrt(H), "by default it starts as PyTorch's"


def test_finding_9_dropout_with_one_layer_is_an_error_that_says_where_it_would_go(net_of):
    """A user trained a published model without dropout: dropout= had done nothing, there being one layer."""
    with pytest.raises(
        ConfigError, match=r"dropout=0.5 works between layers, and there is one(.|\n)*use nn\.Dropout after"
    ):
        net_of(I, H, dropout=0.5)
    assert net_of(I, H, 2, dropout=0.5).training


@pytest.mark.parametrize(
    "pattern",
    ["001111", "110011", "000000", "101010", "111100"],
    ids=["left-padding", "hole", "no-step", "every-other", "right-padding"],
)
def test_finding_14_every_mask_is_right(net_of, rng, pattern):
    """A user's mask was padded on the left, and the fused layer refused it, or silently computed something else."""
    row = np.array([c == "1" for c in pattern])
    mask = np.stack([row, np.ones(T, bool)], axis=1)
    net = net_of(I, H, 2, bidirectional=True, dtype="float64")
    x = tg.Tensor(rng.standard_normal((T, 2, I)), requires_grad=True)
    result = net(x, mask=mask)
    (result.output.sum() + result.last.sum()).backward()
    gradient, output = x.grad.numpy(), result.output.detach().numpy()
    assert not output[~row, 0].any()
    assert not gradient[~row, 0].any()
    close(output[:, 1], net(x[:, 1:]).output.detach().numpy()[:, 0])
    if row.any():
        alone = net(x.detach().numpy()[row, :1])
        close(output[row, 0], alone.output.detach().numpy()[:, 0])
        close(result.last.detach().numpy()[0], alone.last.detach().numpy()[0])
    else:
        assert not result.last.detach().numpy()[0].any(), "the state passes through, and it was zero"


@pytest.mark.host("NumPy's kernels")
def test_finding_15_no_silent_slow_path(rng, monkeypatch):
    """A user's layer fell back to a path many times slower, and nothing said so."""
    x = rng.standard_normal((T, B, I))
    monkeypatch.setattr(get_backend("numpy"), "kernels", {})
    lstm = nn.LSTM(I, H, path="fused")
    with pytest.raises(ConfigError, match=r"path=\"fused\": the backend 'numpy' has no kernel for LSTMSequence"):
        lstm(x)
    assert "an error when called" in nn.explain(lstm)
    assert nn.explain(nn.LSTM(I, H)) == "LSTM: cell loop, because the numpy backend has no kernel for LSTMSequence"


def test_finding_16_no_hidden_state(net_of, rng):
    """A user's stateful layer remembered the batch before, and gave other numbers the second time."""
    net = net_of(I, H)
    x = rng.standard_normal((T, B, I))
    attributes = dict(vars(net))
    first, second = net(x), net(x)
    np.testing.assert_array_equal(first.output.detach().numpy(), second.output.detach().numpy())
    assert vars(net) == attributes


def test_finding_16_a_batch_is_never_broadcast(net_of, cell_of, rng):
    """A user's stored state of four rows met a batch of one, was broadcast, and training was silently wrong."""
    net = net_of(I, H)
    x = rng.standard_normal((T, B, I))
    for rows, others in ((B, 1), (1, B)):
        _, state = net(x[:, :rows])
        with pytest.raises(ShapeError, match="a batch of another size is never broadcast"):
            net(x[:, :others], state)
    cell = cell_of(I, H)
    with pytest.raises(ShapeError, match="a batch of another size is never broadcast"):
        cell(x[0], cell(x[0, :1]))


def test_finding_17_reset_of_a_part_of_the_batch(net_of, rng):
    """A user wanted to start some rows of a batch anew and keep the others, and was told that it cannot be done."""
    net = net_of(I, H, dtype="float64")
    x = tg.Tensor(rng.standard_normal((T, 2, I)), requires_grad=True)
    reset = np.zeros((T, 2), bool)
    reset[3, 1] = True
    output = net(x, reset=reset).output
    close(output[:, :1].detach().numpy(), net(x[:, :1]).output.detach().numpy())
    close(output[3:, 1:].detach().numpy(), net(x[3:, 1:]).output.detach().numpy())
    output[-1].sum().backward()
    assert x.grad.numpy()[:3, 0].any()
    assert not x.grad.numpy()[:3, 1].any(), "no gradient flows back beyond the reset"
