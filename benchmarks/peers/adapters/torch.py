"""PyTorch, eager, one thread: the yardstick of the ratios."""

import torch

from ..workloads import Case, Cell, chain_arrays, lstm_arrays
from ..workloads import chain as run_chain
from ..workloads import lstm as run_lstm

DISTRIBUTION = "torch"

CELL = Cell(torch.sigmoid, torch.tanh, torch.matmul, lambda a: a.chunk(4, dim=1))

torch.set_num_threads(1)


def chain(ops):
    w, b = chain_arrays()
    w, b = torch.tensor(w, requires_grad=True), torch.tensor(b)
    return case(lambda: run_chain(w, b, ops).sum(), [w])


def lstm(T):
    weights, xs, zeros = lstm_arrays(T)
    weights = [torch.tensor(W, requires_grad=True) for W in weights]
    xs, zeros = [torch.tensor(x_t) for x_t in xs], torch.tensor(zeros)
    return case(lambda: run_lstm(CELL, weights, xs, zeros).sum(), weights)


def case(forward, leaves):
    def backward(loss):
        for leaf in leaves:
            leaf.grad = None
        loss.backward()
        return leaves[0].grad

    return Case(forward, backward)
