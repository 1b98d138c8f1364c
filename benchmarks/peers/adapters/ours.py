"""This library, as anyone gets it: every check on."""

import tinygrad_seq as tg

from ...training_step import VOCAB, TrainingStep, char_lm
from ..cells import Functions
from ..workloads import PROMPT, WRITER, Case, Writing, chain_arrays, lstm_arrays
from ..workloads import chain as run_chain
from ..workloads import lstm as run_lstm

DISTRIBUTION = "tinygrad_seq"

FUNCTIONS = Functions(tg.sigmoid, tg.tanh, tg.matmul, lambda a, n: tg.split(a, n, axis=-1))


def chain(ops):
    w, b = chain_arrays()
    w, b = tg.tensor(w, requires_grad=True), tg.tensor(b)
    return case(lambda: run_chain(w, b, ops).sum(), [w])


def lstm(T):
    weights, xs, zeros = lstm_arrays(T)
    weights = [tg.tensor(W, requires_grad=True) for W in weights]
    xs, zeros = [tg.tensor(x_t) for x_t in xs], tg.tensor(zeros)
    return case(lambda: run_lstm(FUNCTIONS, weights, xs, zeros).sum(), weights)


def case(forward, leaves):
    def backward(loss):
        for leaf in leaves:
            leaf.grad = None
        loss.backward()
        return leaves[0].grad

    return Case(forward, backward)


def train(task):
    return TrainingStep(task)


def write():
    model = char_lm(WRITER)

    def text(n, temperature):
        return "".join(model.stream(VOCAB.decode([PROMPT]), length=n, temperature=temperature))

    return Writing(lambda n: text(n, 1.0), lambda n: VOCAB.encode(text(n, 0)).tolist())
