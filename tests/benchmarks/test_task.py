"""What the libraries are compared on: the task's arrays, the count of its products, and that our step is PyTorch's."""

from __future__ import annotations

import math

import numpy as np
import pytest

from benchmarks.floor import floor, flops, gemms
from benchmarks.peers.__main__ import compared
from benchmarks.roofline import moved
from benchmarks.task import GATES, INPUTS, NAMES, Task, task
from benchmarks.training_step import TrainingStep

SMALL = {"B": 3, "T": 4, "H": 5, "layers": 2}


def test_a_name_tells_size_cell_and_input():
    assert task("S-lstm") == Task("lstm", "onehot", 32, 50, 128)
    assert task("L-lstm-dense") == Task("lstm", "dense", 64, 64, 512, 2)


@pytest.mark.parametrize("name", ["S-transformer", "S-lstm-sparse", "XXL-lstm"])
def test_a_name_that_tells_nothing_is_refused(name):
    with pytest.raises((KeyError, ValueError)):
        task(name)


@pytest.mark.parametrize("name", NAMES)
def test_every_name_leads_to_a_task(name):
    assert task(name).gates == GATES[name.split("-")[1]]


def test_products_of_a_dense_lstm_are_those_of_the_formula():
    t = Task("lstm", "dense", 3, 4, 5)
    T, B, H, V = t.T, t.B, t.H, t.V
    assert flops(t, "forward") == 2 * T * B * (H + H) * 4 * H + 2 * T * B * H * V
    given = 2 * T * B * H * 4 * H  # the gradient of a given input is not asked for
    assert flops(t, "backward") == 2 * flops(t, "forward") - given


@pytest.mark.parametrize("cell", GATES)
def test_a_symbol_picks_a_row_without_a_product(cell):
    onehot, dense = Task(cell, "onehot", **SMALL), Task(cell, "dense", **SMALL)
    assert len(gemms(dense)) == len(gemms(onehot)) + 2
    assert flops(onehot) < flops(dense)


def test_an_embedding_is_multiplied_once_for_each_symbol_that_there_is():
    t = Task("rnn", "embedding", 32, 50, 8)
    assert max(gemm.m for gemm in gemms(t) if (gemm.k, gemm.n) == (8, 8) and gemm.count == 1) == t.V


@pytest.mark.parametrize("kind", INPUTS)
def test_the_floor_runs(kind):
    floor(Task("gru", kind, **SMALL))()


def test_bytes_that_an_rnn_moves_are_those_of_the_formula():
    t = Task("rnn", "onehot", 2, 3, 4, V=5)
    rows, weights = 6, 5 * 4 + 4 * 4 + 4 + 4 + 4 * 5 + 5
    bytes_moved = moved(t)
    assert bytes_moved["forward"] == 4 * (rows + 2 * rows * 4 + rows * 5 + weights)
    assert bytes_moved["update"] == 4 * 7 * weights
    assert bytes_moved["step"] == sum(bytes_moved[part] for part in ("forward", "backward", "update"))


def test_losses_are_compared_to_a_tolerance():
    assert compared([4.5, 4.4], [4.50001, 4.4001]) == "agrees"
    assert compared([4.5, 4.4], [4.51, 4.4]) == "DIFFERS"
    assert compared([4.5, 4.4], [4.5, 4.5]) == "DIFFERS"
    assert compared([], [4.5, 4.4]) == "-"


@pytest.mark.parametrize("path", ["auto", "cell"])
@pytest.mark.parametrize("kind", INPUTS)
@pytest.mark.parametrize("cell", GATES)
def test_our_step_starts_near_a_guess_and_learns(cell, kind, path):
    step = TrainingStep(Task(cell, kind, **SMALL), path=path)
    losses = [step() for _ in range(3)]
    assert abs(losses[0] - math.log(96)) < 0.5
    assert losses[2] < losses[1] < losses[0]


@pytest.mark.oracle
@pytest.mark.parametrize("kind", INPUTS)
@pytest.mark.parametrize("cell", GATES)
def test_our_step_is_that_of_torch(cell, kind, monkeypatch):
    pytest.importorskip("torch")
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    from benchmarks.peers.adapters import torch, torch_cell

    t = Task(cell, kind, **SMALL)
    ours, layer, cells = TrainingStep(t), torch.train(t), torch_cell.train(t)
    losses = np.array([[ours(), layer(), cells()] for _ in range(4)])
    assert np.allclose(losses, losses[:, :1], rtol=1e-5)
