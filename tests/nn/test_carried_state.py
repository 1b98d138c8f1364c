"""The state is a value: handed on, it makes chunks one long run; detached, it cuts backpropagation through time."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_seq as tg
from tinygrad_seq import nn
from tinygrad_seq.engine import Leaf
from tinygrad_seq.errors import GraphFreedError

I, H = 3, 4

pytestmark = pytest.mark.usefixtures("kernel_table")


def parts_of(state):
    return list(state) if isinstance(state, tuple) else [state]


@pytest.mark.parametrize("layers", [1, 2])
def test_chunks_with_carried_state_are_one_long_run(net_of, rng, layers):
    net = net_of(I, H, layers, dtype="float64")
    x = tg.Tensor(rng.standard_normal((7, 2, I)), requires_grad=True)
    whole, end = net(x)
    whole.sum().backward()
    expected = [x.grad.numpy(), *(p.grad.numpy() for p in net.parameters())]

    x.grad = None
    net.zero_grad()
    state, outputs = None, []
    for chunk in (x[:3], x[3:4], x[4:]):
        output, state = net(chunk, state)
        outputs.append(output)
    chunked = tg.concat(outputs)
    chunked.sum().backward()
    np.testing.assert_allclose(chunked.detach().numpy(), whole.detach().numpy(), rtol=1e-12)
    for a, b in zip(parts_of(state), parts_of(end), strict=True):
        np.testing.assert_allclose(a.detach().numpy(), b.detach().numpy(), rtol=1e-12)
    for a, b in zip([x.grad.numpy(), *(p.grad.numpy() for p in net.parameters())], expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-13)


def test_a_cell_in_a_loop_is_the_sequence_module(net_and_cell_of, rng):
    net, cell = (make(I, H, dtype="float64") for make in net_and_cell_of)
    cell.load_state_dict({name.removesuffix("_l0"): array for name, array in net.state_dict().items()})
    x = rng.standard_normal((5, 2, I))
    state, hs = None, []
    for x_t in x:
        state = cell(x_t, state)
        hs.append(parts_of(state)[0])
    output, last = net(x)
    np.testing.assert_allclose(tg.stack(hs).detach().numpy(), output.detach().numpy(), rtol=1e-12, atol=1e-14)
    for a, b in zip(parts_of(state), parts_of(last), strict=True):
        np.testing.assert_allclose(a.detach().numpy(), b.detach().numpy()[0], rtol=1e-12, atol=1e-14)


def test_a_detached_state_is_a_constant(net_of, rng):
    net = net_of(I, H, dtype="float64")
    x = rng.standard_normal((6, 2, I))
    _, state = net(x[:3])
    output, _ = net(x[3:], state.detach())
    output.sum().backward()
    truncated = [p.grad.numpy() for p in net.parameters()]
    net.zero_grad()
    constant = [tg.Tensor(s.detach().numpy()) for s in parts_of(state)]
    net(x[3:], tuple(constant) if len(constant) > 1 else constant[0]).output.sum().backward()
    for a, p in zip(truncated, net.parameters(), strict=True):
        np.testing.assert_array_equal(a, p.grad.numpy())
    assert all(s.requires_grad for s in parts_of(state)), "detach() must leave the old state as it was"


def test_truncated_bptt_needs_no_memory_of_earlier_chunks(net_of, rng):
    net = net_of(I, H)
    state = None
    for _ in range(3):
        output, state = net(rng.standard_normal((4, 2, I)), state)
        output.sum().backward()
        state = state.detach()
    assert all(s.node is None for s in parts_of(state))


@pytest.mark.parametrize(("net", "part"), [(nn.LSTM, "`[hc]`"), (nn.GRU, "`h`")])
def test_a_state_that_was_not_detached_is_named_by_the_error(net, part, rng):
    class Model(nn.Module):
        def __init__(self):
            self.rnn = net(I, H)

        def forward(self, x, state):
            return self.rnn(x, state)

    model = Model()
    x = rng.standard_normal((4, 2, I))
    output, state = model(x, None)
    output.sum().backward()
    output, state = model(x, state)
    with pytest.raises(GraphFreedError, match=rf"carried state {part} of 'Model\.rnn'(.|\n)*state\.detach\(\)"):
        output.sum().backward()


def test_an_unused_start_state_costs_no_node(rng):
    """Zeros that nobody gave are constants: neither a leaf nor a carried state on the graph."""
    output, _ = nn.LSTM(I, H)(rng.standard_normal((2, 1, I)))
    seen, stack = set(), [output.node]
    while stack:
        node = stack.pop()
        if node is not None and node not in seen:
            seen.add(node)
            stack += () if type(node) is Leaf else node.parents
    assert "carry" not in {node.op.name for node in seen if type(node) is not Leaf}
    assert len([node for node in seen if type(node) is Leaf]) == 4
