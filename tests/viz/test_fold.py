"""Folding over time loses nothing; the rolled graph has a cycle, the unrolled one has none."""

from __future__ import annotations

import graphlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygrad_seq.viz.fold import Node, fold, topological_order, unfold


@st.composite
def graphs(draw):
    """Any acyclic graph whose nodes stand at any time steps, or at none, and read any earlier nodes in any order."""
    nodes = []
    for i in range(draw(st.integers(0, 25))):
        inputs = draw(st.lists(st.none() | st.integers(0, i - 1), max_size=4)) if i else []
        while inputs and inputs[-1] is None:
            del inputs[-1]
        path, op = draw(st.sampled_from(["", "rnn", "rnn.l0"])), draw(st.sampled_from(["add", "tanh", "matmul"]))
        t = draw(st.none() | st.integers(0, 4))
        nodes.append(Node(i, op, path, t, tuple(inputs)))
    return nodes


@given(graphs())
def test_unfolding_what_was_folded_gives_the_same_graph(nodes):
    assert unfold(fold(nodes)) == nodes


def plain_net(T, *, reverse=False):
    """h_t = tanh(W h_{t-1} + x[t]), and a stack of all h_t."""
    nodes = [Node(i, op, "", None, ()) for i, op in enumerate(["W", "x", "h"])]
    h = 2
    for t in reversed(range(T)) if reverse else range(T):
        i = len(nodes)
        for k, (op, inputs) in enumerate(
            [("getitem", (1,)), ("matmul", (h, 0)), ("add", (i, i + 1)), ("tanh", (i + 2,))]
        ):
            nodes.append(Node(i + k, op, "rnn", t, inputs))
        h = i + 3
    return [*nodes, Node(len(nodes), "stack", "", None, tuple(node.id for node in nodes if node.op == "tanh"))]


@pytest.mark.parametrize(("reverse", "delay"), [(False, 1), (True, -1)])
def test_a_net_of_any_length_folds_to_one_step_with_a_loop(reverse, delay):
    rolled = fold(plain_net(50, reverse=reverse))
    assert [place.op for place in rolled.places] == ["W", "x", "h", "getitem", "matmul", "add", "tanh", "stack"]
    assert [place.timed for place in rolled.places] == [False] * 3 + [True] * 4 + [False]
    names = [place.op for place in rolled.places]
    found = {(names[edge.source], names[edge.target], edge.delay): len(edge.uses) for edge in rolled.edges}
    assert found == {
        ("x", "getitem", None): 50,
        ("h", "matmul", None): 1,  # the state that the first step starts from
        ("W", "matmul", None): 50,
        ("getitem", "add", 0): 50,
        ("matmul", "add", 0): 50,
        ("add", "tanh", 0): 50,
        ("tanh", "matmul", delay): 49,
        ("tanh", "stack", None): 50,
    }


def test_the_sort_stops_at_the_loop_and_says_which():
    rolled = fold(plain_net(5))
    found = topological_order(len(rolled.places), [(edge.source, edge.target) for edge in rolled.edges])
    names = [place.op for place in rolled.places]
    assert [names[i] for i in found.order] == ["W", "x", "h", "getitem"]
    assert [names[i] for i in found.cycle] == ["matmul", "add", "tanh"]


def test_unrolled_it_gets_through():
    nodes = plain_net(5)
    edges = [(source, node.id) for node in nodes for source in node.inputs]
    found = topological_order(len(nodes), edges)
    assert found.cycle == []
    assert sorted(found.order) == list(range(len(nodes)))


@given(st.integers(1, 12).flatmap(lambda n: st.tuples(st.just(n), st.lists(st.tuples(*[st.integers(0, n - 1)] * 2)))))
def test_sorting_any_graph_agrees_with_the_standard_library(graph):
    n, edges = graph
    order, cycle = topological_order(n, edges)
    sorter = graphlib.TopologicalSorter({i: [a for a, b in edges if b == i] for i in range(n)})
    try:
        sorter.prepare()
    except graphlib.CycleError:
        assert cycle
        assert all(pair in edges for pair in zip(cycle, [*cycle[1:], cycle[0]], strict=True))
        assert len(set(cycle)) == len(cycle)
        assert not set(cycle) & set(order)
    else:
        assert (cycle, sorted(order)) == ([], list(range(n)))
    place = {i: k for k, i in enumerate(order)}
    assert all(a in place and place[a] < place[b] for a, b in edges if b in place)
