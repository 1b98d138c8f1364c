"""Scaling on paper: the counts are those of the weights, and the formula has the limits that it must have."""

from __future__ import annotations

import pytest

from benchmarks.floor import flops
from benchmarks.scaling_on_paper import NETWORKS, Network, parameters, seconds
from benchmarks.task import Task

TASK = Task("lstm", "onehot", 8, 4, 5, 2)


@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn"])
@pytest.mark.parametrize("layers", [1, 2, 3])
def test_parameters_are_counted_as_they_are(cell, layers):
    task = Task(cell, "onehot", 3, 4, 5, layers)
    assert parameters(task) == sum(W.size for W in task.weights().values())


@pytest.mark.parametrize("network", NETWORKS)
def test_alone_a_step_takes_what_its_products_take(network):
    assert seconds(TASK, network, 1, 2.0) == flops(TASK) / 2e9


def test_each_part_of_the_time_is_what_the_formula_says():
    free = Network("free", 0.0, 1e30)
    assert seconds(TASK, free, 4, 1.0) == pytest.approx(flops(TASK) / 4e9)
    slow = Network("slow", 0.0, 1.0)
    assert seconds(TASK, slow, 4, 1e30) == pytest.approx(2 * 3 / 4 * 4 * (parameters(TASK) + 1))
    late = Network("late", 1.0, 1e30)
    assert seconds(TASK, late, 4, 1e30) == pytest.approx(2 * 3 + 2 * 2)
