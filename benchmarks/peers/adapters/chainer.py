"""Chainer's layers over lists of sequences. It needs NumPy before 1.24, so a Python of its own: CHAINER_PYTHON."""

import chainer
import chainer.functions as F
import chainer.links as L
import numpy as np

from ..training import vectors

DISTRIBUTION = "chainer"

LAYERS = {"lstm": L.NStepLSTM, "gru": L.NStepGRU, "rnn": L.NStepRNNTanh}


class Net(chainer.Chain):
    def __init__(self, task):
        super().__init__()
        w, G, H = task.weights(), task.gates, task.H
        with self.init_scope():
            if task.input == "embedding":
                self.embedding = L.EmbedID(task.V, H, initialW=w["E"])
            self.rnn = LAYERS[task.cell](task.layers, task.features, H, 0.0)
            self.head = L.Linear(H, task.V, initialW=w["W_ho"].T, initial_bias=w["b_o"])
        for k in range(task.layers):
            for first, kind in ((0, "ih"), (G, "hh")):  # its gates are matrices of their own, input before hidden
                for j in range(G):
                    gate = slice(j * H, (j + 1) * H)
                    getattr(self.rnn[k], f"w{first + j}").data[...] = w[f"W_{kind}_l{k}"][:, gate].T
                    getattr(self.rnn[k], f"b{first + j}").data[...] = w[f"b_{kind}_l{k}"][gate]


def train(task):
    net = Net(task)
    x, y = task.data()
    x = np.ascontiguousarray(x.swapaxes(0, 1))
    x = x if task.input == "dense" else x.astype(np.int32)
    y = y.T.astype(np.int32).reshape(-1)
    start = (None, None) if task.cell == "lstm" else (None,)
    optimizer = chainer.optimizers.Adam(alpha=1e-3)
    optimizer.setup(net)

    def step():
        net.cleargrads()
        xs = F.separate(net.embedding(x), axis=0) if task.input == "embedding" else list(vectors(task, x))
        hs = net.rnn(*start, list(xs))[-1]
        loss = F.softmax_cross_entropy(net.head(F.concat(hs, axis=0)), y)
        loss.backward()
        optimizer.update()
        return float(loss.data)

    return step
