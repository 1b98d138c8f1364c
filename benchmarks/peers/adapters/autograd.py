"""HIPS autograd: a function of arrays goes in, so forward is `make_vjp` and backward calls the product it returns."""

import autograd.numpy as np
from autograd import make_vjp
from autograd.scipy.special import expit

from ..workloads import Case, Cell, H, chain_arrays, lstm_arrays
from ..workloads import chain as run_chain
from ..workloads import lstm as run_lstm

DISTRIBUTION = "autograd"

CELL = Cell(expit, np.tanh, np.dot, lambda a: [a[:, k * H : (k + 1) * H] for k in range(4)])


def chain(ops):
    w, b = chain_arrays()
    return case(lambda weights: np.sum(run_chain(weights[0], b, ops)), [w])


def lstm(T):
    weights, xs, zeros = lstm_arrays(T)
    return case(lambda weights: np.sum(run_lstm(CELL, weights, xs, zeros)), weights)


def case(loss, arrays):
    def forward():
        pull_back, value = make_vjp(loss)(arrays)
        return pull_back, value

    def backward(made):
        pull_back, value = made
        return pull_back(np.ones_like(value))[0]

    return Case(forward, backward)
