"""Attention: the paper's equations, PyTorch's numbers, nothing from behind the end of a memory."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_seq as tg
from tinygrad_seq import nn
from tinygrad_seq.autograd import gradcheck, gradgradcheck
from tinygrad_seq.errors import ShapeError

B, U, S, H = 3, 2, 4, 5
LENGTHS = np.array([4, 1, 3])


@pytest.fixture
def attention():
    return nn.Attention(H, dtype="float64")


@pytest.fixture
def h(rng):
    return rng.standard_normal((B, U, H))


@pytest.fixture
def memory(rng):
    return rng.standard_normal((B, S, H))


def numpy_of(*tensors):
    return [tensor.detach().numpy() for tensor in tensors]


@pytest.mark.parametrize("lengths", [None, LENGTHS], ids=["whole", "lengths"])
def test_it_is_the_equations_one_state_at_a_time(attention, h, memory, lengths):
    W_a, W_c = numpy_of(attention.score.weight, attention.combine.weight)
    output, weights = numpy_of(*attention(tg.tensor(h), tg.tensor(memory), lengths))
    for b in range(B):
        m = memory[b, : S if lengths is None else lengths[b]]
        for u in range(U):
            e = np.array([h[b, u] @ (W_a @ m_s) for m_s in m])
            a = np.exp(e) / np.exp(e).sum()
            c = (a[:, None] * m).sum(axis=0)
            np.testing.assert_allclose(weights[b, u, : len(m)], a, atol=1e-14)
            np.testing.assert_array_equal(weights[b, u, len(m) :], 0)
            np.testing.assert_allclose(output[b, u], np.tanh(W_c @ np.concatenate([c, h[b, u]])), atol=1e-14)


@pytest.mark.oracle
@pytest.mark.parametrize("lengths", [None, LENGTHS], ids=["whole", "lengths"])
def test_context_and_gradients_are_those_of_pytorch(attention, h, memory, lengths, rng):
    torch = pytest.importorskip("torch")
    torch.set_num_threads(1)
    ours = tg.Tensor(h, requires_grad=True), tg.Tensor(memory, requires_grad=True)
    theirs = [torch.tensor(a, requires_grad=True) for a in (h, memory)]
    W_a, W_c = (torch.tensor(w, requires_grad=True) for w in numpy_of(attention.score.weight, attention.combine.weight))
    counts = None if lengths is None else torch.tensor(np.arange(S) < lengths[:, None])[:, None, :]
    c = torch.nn.functional.scaled_dot_product_attention(
        theirs[0], theirs[1] @ W_a.T, theirs[1], attn_mask=counts, scale=1.0
    )
    y = torch.tanh(torch.cat([c, theirs[0]], dim=-1) @ W_c.T)
    output = attention(*ours, lengths).output
    np.testing.assert_allclose(output.detach().numpy(), y.detach().numpy(), atol=1e-12)
    projection = rng.standard_normal(y.shape)
    (output * tg.tensor(projection)).sum().backward()
    (y * torch.tensor(projection)).sum().backward()
    mine = [*ours, attention.score.weight, attention.combine.weight]
    for a, b in zip(mine, [*theirs, W_a, W_c], strict=True):
        np.testing.assert_allclose(a.grad.numpy(), b.grad.numpy(), atol=1e-11)


@pytest.mark.parametrize("lengths", [None, LENGTHS], ids=["whole", "lengths"])
def test_derivatives_are_differences(attention, h, memory, lengths):
    inputs = [tg.Tensor(h, requires_grad=True), tg.Tensor(memory, requires_grad=True)]
    inputs += [attention.score.weight, attention.combine.weight]

    def f(h, memory, W_a, W_c):
        attention.score.__dict__["weight"], attention.combine.__dict__["weight"] = W_a, W_c
        return tuple(attention(h, memory, lengths))

    assert gradcheck(f, inputs)
    assert gradgradcheck(f, inputs, full=False)


def test_what_stands_behind_the_end_is_not_looked_at(attention, h, memory):
    other = memory.copy()
    other[1, 1:], other[2, 3:] = 1e6, -1e6
    first, second = (numpy_of(*attention(tg.tensor(h), tg.tensor(m), LENGTHS)) for m in (memory, other))
    np.testing.assert_array_equal(first[0], second[0])
    np.testing.assert_array_equal(first[1], second[1])


def test_large_scores_do_not_overflow(attention, h, memory):
    output, weights = numpy_of(*attention(tg.tensor(1e4 * h), tg.tensor(memory)))
    assert np.isfinite(output).all()
    np.testing.assert_allclose(weights.sum(axis=-1), 1)


def test_parameters_are_float32_and_named_by_what_they_do():
    named = dict(nn.Attention(H).named_parameters())
    assert {name: (p.shape, p.dtype.name) for name, p in named.items()} == {
        "score.weight": ((H, H), "float32"),
        "combine.weight": ((H, 2 * H), "float32"),
    }


@pytest.mark.parametrize(
    ("h", "memory"),
    [((B, U, H + 1), (B, S, H)), ((B, U, H), (B, S, H + 1)), ((B, U, H), (B + 1, S, H)), ((B, H), (B, S, H))],
)
def test_states_and_memories_that_do_not_fit_are_refused(attention, h, memory):
    with pytest.raises(ShapeError, match=rf"'Attention': expected states \(batch, U, {H}\)"):
        attention(tg.zeros(h, dtype="float64"), tg.zeros(memory, dtype="float64"))


def test_lengths_beyond_the_memory_are_refused(attention, h, memory):
    with pytest.raises(ShapeError, match="from 0 to 4"):
        attention(tg.tensor(h), tg.tensor(memory), [5, 1, 1])
