"""This library, as anyone gets it: every check on."""

import tinygrad_seq as tg

from ..workloads import Case, Cell, chain_arrays, lstm_arrays
from ..workloads import chain as run_chain
from ..workloads import lstm as run_lstm

DISTRIBUTION = "tinygrad_seq"

CELL = Cell(tg.sigmoid, tg.tanh, tg.matmul, lambda a: tg.split(a, 4, axis=-1))


def chain(ops):
    w, b = chain_arrays()
    w, b = tg.tensor(w, requires_grad=True), tg.tensor(b)
    return case(lambda: run_chain(w, b, ops).sum(), [w])


def lstm(T):
    weights, xs, zeros = lstm_arrays(T)
    weights = [tg.tensor(W, requires_grad=True) for W in weights]
    xs, zeros = [tg.tensor(x_t) for x_t in xs], tg.tensor(zeros)
    return case(lambda: run_lstm(CELL, weights, xs, zeros).sum(), weights)


def case(forward, leaves):
    def backward(loss):
        for leaf in leaves:
            leaf.grad = None
        loss.backward()
        return leaves[0].grad

    return Case(forward, backward)
