"""`checkpoint=n` forgets the inside of n steps and goes through them again: the same numbers from less memory."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

import tinygrad_seq as tg
from tinygrad_seq import nn
from tinygrad_seq.errors import ConfigError

T, B, I, H = 7, 3, 4, 5
PATHS = [pytest.param("fused", marks=pytest.mark.host("NumPy's kernels")), "cell"]


def gradients(net, x, state, **call):
    """Everything that comes out, and the gradient of all that went in."""
    tg.manual_seed(1)
    leaves = [tg.Tensor(a, requires_grad=a.dtype.kind == "f") for a in (x, *state)]
    result = net(leaves[0], leaves[1] if len(leaves) == 2 else tuple(leaves[1:]), **call)
    last = result.state if isinstance(result.state, tuple) else (result.state,)
    loss = (result.output**2).sum() + sum((s**3).sum() for s in last)
    wrt = [leaf for leaf in (*leaves, *net.parameters()) if leaf.requires_grad]
    return [a.detach().numpy() for a in (result.output, *last, *tg.grad(loss, wrt))]


def pair(net_of, n, **options):
    plain, chunked = (
        net_of(I, H, 2, dtype="float64", **options),
        net_of(I, H, 2, dtype="float64", checkpoint=n, **options),
    )
    chunked.load_state_dict(plain.state_dict())
    return plain, chunked


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("n", [1, 3, 7, 100])
@pytest.mark.parametrize("symbols", [False, True], ids=["vectors", "symbols"])
def test_values_and_gradients_are_those_of_the_plain_run(net_of, rng, path, n, symbols):
    """With masks, new beginnings, both directions, two layers, dropout between them, and a given state."""
    nets = pair(net_of, n, path=path, bidirectional=True, dropout=0.4)
    x = rng.integers(0, I, (T, B)) if symbols else rng.standard_normal((T, B, I))
    state = [rng.standard_normal((4, B, H)) for _ in nets[0].op.parts]
    call = {"mask": rng.random((T, B)) < 0.7, "reset": rng.random((T, B)) < 0.3}
    for ours, expected in zip(*(gradients(net, x, state, **call) for net in nets[::-1]), strict=True):
        np.testing.assert_allclose(ours, expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("path", PATHS)
def test_second_derivatives_are_those_of_the_plain_run(net_of, rng, path):
    x, seconds = rng.standard_normal((T, B, I)), []
    for net in pair(net_of, 3, path=path):
        x_ = tg.Tensor(x, requires_grad=True)
        (first,) = tg.grad((net(x_).output ** 2).sum(), [x_], create_graph=True)
        seconds.append(tg.grad((first * first).sum(), [x_, *net.parameters()]))
    for ours, expected in zip(*seconds, strict=True):
        np.testing.assert_allclose(ours.numpy(), expected.numpy(), rtol=1e-11, atol=1e-12)


def test_without_gradients_nothing_changes(net_of, rng):
    x = rng.standard_normal((T, B, I))
    with tg.no_grad():
        plain, chunked = (net(x).output.numpy() for net in pair(net_of, 3))
    np.testing.assert_allclose(chunked, plain, rtol=1e-12, atol=1e-13)


def test_memory_grows_with_the_output_alone():
    """Of an LSTM's 7 numbers a step and unit 1 is left, besides the states after each n steps and n whole steps."""
    kept = {}
    for n in (None, 32):
        net = nn.LSTM(8, 64, path="cell", checkpoint=n)
        x = np.zeros((512, 8, 8), np.float32)
        tracemalloc.start()
        output = net(x).output
        kept[n] = tracemalloc.get_traced_memory()[0] / output.detach().numpy().nbytes
        tracemalloc.stop()
    assert kept[32] < 2
    assert kept[None] > 7


def test_a_chunk_without_steps_is_refused(net_of):
    with pytest.raises(ConfigError, match="checkpoint=0: the steps of a chunk, at least 1"):
        net_of(I, H, checkpoint=0)


def test_the_printed_net_says_it():
    assert "checkpoint=3" in repr(nn.GRU(I, H, checkpoint=3))
    assert "checkpoint" not in repr(nn.GRU(I, H))
