"""HIPS autograd: a function of arrays goes in, so forward is `make_vjp` and backward calls the product it returns."""

import autograd.numpy as np
from autograd import make_vjp, value_and_grad
from autograd.scipy.special import expit, logsumexp

from ..cells import Functions
from ..training import Adam, hidden_states, vectors
from ..workloads import Case, chain_arrays, lstm_arrays
from ..workloads import chain as run_chain
from ..workloads import lstm as run_lstm

DISTRIBUTION = "autograd"


def split(a, n):
    H = a.shape[1] // n
    return [a[:, k * H : (k + 1) * H] for k in range(n)]


FUNCTIONS = Functions(expit, np.tanh, np.dot, split)


def chain(ops):
    w, b = chain_arrays()
    return case(lambda weights: np.sum(run_chain(weights[0], b, ops)), [w])


def lstm(T):
    weights, xs, zeros = lstm_arrays(T)
    return case(lambda weights: np.sum(run_lstm(FUNCTIONS, weights, xs, zeros)), weights)


def case(loss, arrays):
    def forward():
        pull_back, value = make_vjp(loss)(arrays)
        return pull_back, value

    def backward(made):
        pull_back, value = made
        return pull_back(np.ones_like(value))[0]

    return Case(forward, backward)


def train(task):
    w = task.weights()
    x, y = task.data()
    rows, targets = np.arange(y.size), y.reshape(-1)
    zeros = np.zeros((task.B, task.H), np.float32)
    optimizer = Adam(list(w.values()))

    def read(x_t, w):
        return np.dot(w["E"][x_t] if task.input == "embedding" else x_t, w["W_ih_l0"])

    def loss(arrays):
        w = {name: arrays[name] for name in arrays}  # each taken from the traced dict once
        hs = hidden_states(FUNCTIONS, read, task, w, vectors(task, x), zeros)
        logits = np.dot(np.concatenate(hs), w["W_ho"]) + w["b_o"]
        return np.mean(logsumexp(logits, axis=1) - logits[rows, targets])

    gradient = value_and_grad(loss)

    def step():
        value, g = gradient(w)
        optimizer.step([g[name] for name in w])
        return value

    return step
