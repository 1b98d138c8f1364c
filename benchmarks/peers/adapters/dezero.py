"""DeZero. Its last release asks for `np.int`, which NumPy has dropped: that name is restored, nothing else."""

import numpy as np

from ..cells import Functions
from ..training import Adam, hidden_states, vectors
from ..workloads import Case, chain_arrays, lstm_arrays
from ..workloads import chain as run_chain
from ..workloads import lstm as run_lstm

np.int = int  # noqa: NPY001

import dezero.functions as F  # noqa: E402
from dezero import Parameter, Variable  # noqa: E402

DISTRIBUTION = "dezero"


def split(a, n):
    H = a.shape[1] // n
    return [a[:, k * H : (k + 1) * H] for k in range(n)]


FUNCTIONS = Functions(F.sigmoid, F.tanh, F.matmul, split)


def chain(ops):
    w, b = chain_arrays()
    w = Parameter(w)
    return case(lambda: F.sum(run_chain(w, b, ops)), [w])


def lstm(T):
    weights, xs, zeros = lstm_arrays(T)
    weights = [Parameter(W) for W in weights]
    return case(lambda: F.sum(run_lstm(FUNCTIONS, weights, xs, Variable(zeros))), weights)


def case(forward, leaves):
    def backward(loss):
        for leaf in leaves:
            leaf.cleargrad()
        loss.backward()
        return leaves[0].grad.data

    return Case(forward, backward)


def train(task):
    w = {name: Parameter(W) for name, W in task.weights().items()}
    x, y = task.data()
    zeros = Variable(np.zeros((task.B, task.H), np.float32))
    optimizer = Adam([p.data for p in w.values()])

    def read(x_t, w):
        return F.matmul(w["E"][x_t] if task.input == "embedding" else x_t, w["W_ih_l0"])

    def step():
        for p in w.values():
            p.cleargrad()
        loss = 0.0  # it cannot join arrays: one output layer a step
        for h_t, y_t in zip(hidden_states(FUNCTIONS, read, task, w, vectors(task, x), zeros), y, strict=True):
            loss = loss + F.softmax_cross_entropy(F.linear(h_t, w["W_ho"], w["b_o"]), y_t)
        loss = loss / np.float32(task.T)
        loss.backward()
        optimizer.step([p.grad.data for p in w.values()])
        return float(loss.data)

    return step
