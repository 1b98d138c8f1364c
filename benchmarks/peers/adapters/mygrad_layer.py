"""MyGrad's own GRU layer, compiled by numba. It resets before the product, so its losses are those of another GRU."""

import mygrad as mg
import numpy as np
from mygrad.nnet.layers import gru
from mygrad.nnet.losses import softmax_crossentropy

from ..training import Adam, vectors

DISTRIBUTION = "mygrad"


def train(task):
    x, y = task.data()
    w = {name: mg.tensor(W) for name, W in split(task).items()}
    optimizer = Adam([p.data for p in w.values()])

    def step():
        X = w["E"][x] if task.input == "embedding" else vectors(task, x)
        hs = gru(X, *(w[kind + gate] for gate in "zrh" for kind in "UWb"))[1:]
        logits = mg.matmul(hs.reshape(-1, task.H), w["W_ho"]) + w["b_o"]
        loss = softmax_crossentropy(logits, y.reshape(-1))
        loss.backward()
        optimizer.step([p.grad for p in w.values()])

    return step


def split(task):
    """A matrix for each gate, U for the input and W for the state, and one bias."""
    arrays, H = task.weights(), task.H
    w = {name: arrays[name] for name in ("E", "W_ho", "b_o") if name in arrays}
    for k, gate in enumerate("rzh"):
        columns = np.s_[..., k * H : (k + 1) * H]
        w["U" + gate], w["W" + gate] = arrays["W_ih_l0"][columns].copy(), arrays["W_hh_l0"][columns].copy()
        w["b" + gate] = arrays["b_ih_l0"][columns] + arrays["b_hh_l0"][columns]
    return w
