"""MyGrad. Its GRU is a layer, compiled by numba; the other cells go operation by operation."""

import mygrad as mg
import numpy as np
from mygrad.nnet.activations import sigmoid
from mygrad.nnet.losses import softmax_crossentropy

from ..cells import Functions
from ..training import Adam, hidden_states, vectors
from ..workloads import Case, chain_arrays, lstm_arrays
from ..workloads import chain as run_chain
from ..workloads import lstm as run_lstm

DISTRIBUTION = "mygrad"


def split(a, n):
    H = a.shape[1] // n
    return [a[:, k * H : (k + 1) * H] for k in range(n)]


FUNCTIONS = Functions(sigmoid, mg.tanh, mg.matmul, split)


def chain(ops):
    w, b = chain_arrays()
    w, b = mg.tensor(w), mg.tensor(b, constant=True)
    return case(lambda: run_chain(w, b, ops).sum(), [w])


def lstm(T):
    weights, xs, zeros = lstm_arrays(T)
    weights = [mg.tensor(W) for W in weights]
    return case(lambda: run_lstm(FUNCTIONS, weights, xs, zeros).sum(), weights)


def case(forward, leaves):
    def backward(loss):
        for leaf in leaves:
            leaf.null_grad()
        loss.backward()
        return leaves[0].grad

    return Case(forward, backward)


def train(task):
    w = {name: mg.tensor(W) for name, W in task.weights().items()}
    x, y = task.data()
    zeros = np.zeros((task.B, task.H), np.float32)

    def read(x_t, w):
        return mg.matmul(w["E"][x_t] if task.input == "embedding" else x_t, w["W_ih_l0"])

    def states():
        return mg.stack(hidden_states(FUNCTIONS, read, task, w, vectors(task, x), zeros))

    optimizer = Adam([p.data for p in w.values()])

    def step():
        logits = mg.matmul(states().reshape(-1, task.H), w["W_ho"]) + w["b_o"]
        loss = softmax_crossentropy(logits, y.reshape(-1))
        loss.backward()
        optimizer.step([p.grad for p in w.values()])
        return loss.item()

    return step
