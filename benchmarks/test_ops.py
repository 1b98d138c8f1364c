"""One operation, one cell: forward and backward. Groups are read down: what costs more than its neighbours?"""

import numpy as np
import pytest

import tinygrad_seq as tg
from tinygrad_seq import nn

OPS = {
    "add": lambda x, W: x + x,
    "multiply": lambda x, W: x * x,
    "divide": lambda x, W: x / (x + 2.0),
    "tanh": lambda x, W: tg.tanh(x),
    "sigmoid": lambda x, W: tg.sigmoid(x),
    "softmax": lambda x, W: tg.softmax(x),
    "sum": lambda x, W: x.sum(axis=0),
    "matmul": lambda x, W: x @ W,
    "getitem": lambda x, W: x[1:, 2:],
    "concat": lambda x, W: tg.concat([x, x], axis=1),
    "split": lambda x, W: tg.split(x, 4, axis=1)[0],
}
SHAPES = {"small": (4, 16), "a batch of 32": (32, 128)}
CELLS = {"rnn": nn.RNNCell, "gru": nn.GRUCell, "lstm": nn.LSTMCell, "mlstm": nn.MLSTMCell}


@pytest.mark.parametrize("op", OPS)
@pytest.mark.parametrize("size", SHAPES)
def test_op(benchmark, backend, size, op):
    benchmark.group = f"ops: forward and backward, {size}"
    B, H = SHAPES[size]
    x, W = tg.randn(B, H, requires_grad=True), tg.randn(H, H, requires_grad=True)
    dy = tg.ones_like(OPS[op](x, W).detach())

    def forward_backward():
        x.grad = W.grad = None
        OPS[op](x, W).backward(dy)
        return x.grad.numpy()

    benchmark(forward_backward)
    assert x.grad.shape == x.shape


@pytest.mark.benchmark(group="ops: many reads of one tensor, forward and backward")
@pytest.mark.parametrize("T", [250, 1000])
def test_reads_in_a_loop(benchmark, T):
    """Linear in T: each read adds its slice into one buffer."""
    x = tg.randn(T, 8, 32, requires_grad=True)

    def forward_backward():
        x.grad = None
        total = x[0]
        for t in range(1, T):
            total = total + x[t]
        total.sum().backward()

    benchmark(forward_backward)
    assert np.all(x.grad.numpy() == 1)


@pytest.mark.benchmark(group="cells: one step forward and backward, batch 32, 128 units")
@pytest.mark.parametrize("cell", CELLS)
def test_cell(benchmark, backend, cell):
    module, x_t = CELLS[cell](128, 128), tg.randn(32, 128)

    def forward_backward():
        module.zero_grad()
        state = module(x_t)
        h_t = state if cell in {"rnn", "gru"} else state.h
        h_t.sum().backward()
        return module.weight_hh.grad.numpy()

    benchmark(forward_backward)
    assert all(p.grad is not None for p in module.parameters())
