"""The graph itself: what building it, walking back over it and drawing it cost."""

import numpy as np
import pytest

import tinygrad_seq as tg
from tinygrad_seq import nn, viz

from .task import task
from .training_step import VOCAB, char_lm


def chain(ops):
    w = tg.tensor(np.full(64, 1 - 1e-5, np.float32), requires_grad=True)
    x = w
    for _ in range(ops):
        x = x * w
    return x.sum()


def unrolled(T):
    net = nn.LSTM(64, 64, path="cell")
    return net(tg.randn(T, 16, 64)).output.sum()


GRAPHS = {"1000 products of 64 numbers": (chain, 1000), "an LSTM cell by cell, 100 steps": (unrolled, 100)}


@pytest.mark.benchmark(group="graph building")
@pytest.mark.parametrize("graph", GRAPHS)
def test_building(benchmark, graph):
    build, n = GRAPHS[graph]
    assert benchmark(build, n).node is not None


@pytest.mark.benchmark(group="graph building: the walk back over a graph that is there")
@pytest.mark.parametrize("graph", GRAPHS)
def test_walking_back(benchmark, graph):
    build, n = GRAPHS[graph]

    def fresh():
        return (build(n),), {}

    benchmark.pedantic(lambda loss: loss.backward(), setup=fresh, rounds=20)


@pytest.mark.benchmark(group="drawing: a model of 128 units unrolled over a text")
@pytest.mark.parametrize("T", [10, 50])
def test_drawing(benchmark, tmp_path, T):
    model, path = char_lm(task("S-lstm")), tmp_path / "graph.svg"
    benchmark(viz.unroll, model, VOCAB.decode(np.arange(T)), to=path)
    assert path.stat().st_size > 1000
