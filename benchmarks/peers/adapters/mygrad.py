"""MyGrad."""

import mygrad as mg
from mygrad.nnet.activations import sigmoid

from ..workloads import Case, Cell, H, chain_arrays, lstm_arrays
from ..workloads import chain as run_chain
from ..workloads import lstm as run_lstm

DISTRIBUTION = "mygrad"

CELL = Cell(sigmoid, mg.tanh, mg.matmul, lambda a: [a[:, k * H : (k + 1) * H] for k in range(4)])


def chain(ops):
    w, b = chain_arrays()
    w, b = mg.tensor(w), mg.tensor(b, constant=True)
    return case(lambda: run_chain(w, b, ops).sum(), [w])


def lstm(T):
    weights, xs, zeros = lstm_arrays(T)
    weights = [mg.tensor(W) for W in weights]
    return case(lambda: run_lstm(CELL, weights, xs, zeros).sum(), weights)


def case(forward, leaves):
    def backward(loss):
        for leaf in leaves:
            leaf.null_grad()
        loss.backward()
        return leaves[0].grad

    return Case(forward, backward)
