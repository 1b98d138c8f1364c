"""DeZero. Its last release asks for `np.int`, which NumPy has dropped: that name is restored, nothing else."""

import numpy as np

from ..workloads import Case, Cell, H, chain_arrays, lstm_arrays
from ..workloads import chain as run_chain
from ..workloads import lstm as run_lstm

np.int = int  # noqa: NPY001

import dezero.functions as F  # noqa: E402
from dezero import Parameter, Variable  # noqa: E402

DISTRIBUTION = "dezero"

CELL = Cell(F.sigmoid, F.tanh, F.matmul, lambda a: [a[:, k * H : (k + 1) * H] for k in range(4)])


def chain(ops):
    w, b = chain_arrays()
    w = Parameter(w)
    return case(lambda: F.sum(run_chain(w, b, ops)), [w])


def lstm(T):
    weights, xs, zeros = lstm_arrays(T)
    weights = [Parameter(W) for W in weights]
    return case(lambda: F.sum(run_lstm(CELL, weights, xs, Variable(zeros))), weights)


def case(forward, leaves):
    def backward(loss):
        for leaf in leaves:
            leaf.cleargrad()
        loss.backward()
        return leaves[0].grad.data

    return Case(forward, backward)
