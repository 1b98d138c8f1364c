"""Where boxes stand: below what reads them, in one column per step, the same at every step."""

from __future__ import annotations

import pytest

import tinygrad_seq as tg
from tinygrad_seq import nn
from tinygrad_seq.viz.drawable import Merged
from tinygrad_seq.viz.fold import fold
from tinygrad_seq.viz.layout import LEVELS, layout

NETS = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU, "mlstm": nn.MLSTM}


def drawn(cell="lstm", T=5, level="op", **options):
    tg.manual_seed(0)
    net = NETS[cell](2, 3, **options)
    with tg.record(expand=True) as tape:
        net(tg.randn(T, 1, 2))[0].sum().backward()
    merged = Merged(tape)
    rolled = fold(merged.nodes())
    kinds = [merged.entries[next(iter(place.ids.values()))][0].kind for place in rolled.places]
    return rolled, layout(rolled, kinds, level)


@pytest.mark.parametrize("cell", NETS)
@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("layers", [1, 2])
def test_every_place_is_in_one_box_and_no_two_boxes_overlap(cell, level, layers):
    rolled, found = drawn(cell, level=level, num_layers=layers)
    assert sorted(i for box in found.boxes for i in box.members) == list(range(len(rolled.places)))
    corners = [(box.timed, box.x, box.y) for box in found.boxes]
    assert len(set(corners)) == len(corners)
    bars = [box.y for box in found.boxes if box.x is None]
    assert len(set(bars)) == len(bars)
    assert {box.y for box in found.boxes} == set(range(found.rows))
    assert all(0 <= box.x <= found.width - 1 for box in found.boxes if box.timed)


@pytest.mark.parametrize("cell", NETS)
@pytest.mark.parametrize("level", ["op", "cell"])
def test_within_a_step_arrows_lead_upwards(cell, level):
    _, found = drawn(cell, level=level)
    for link in found.links:
        source, target = found.boxes[link.source], found.boxes[link.target]
        if link.delay == 0 and source.timed and target.timed:
            assert source.y < target.y


def test_the_layout_is_the_same_for_any_number_of_steps():
    def shape(T):
        _, found = drawn(T=T)
        return [(box.x, box.y, box.timed) for box in found.boxes], found.width, found.rows

    assert shape(3) == shape(30)


def test_a_cell_is_one_box_per_step_with_a_link_for_each_thing_it_hands_on():
    rolled, found = drawn(level="cell")
    (cell,) = [k for k, box in enumerate(found.boxes) if box.timed]
    carried = [link for link in found.links if (link.source, link.target, link.delay) == (cell, cell, 1)]
    assert {rolled.places[link.place].op for link in carried} == {"add", "multiply"}  # c_t and h_t
    assert all(link.steps == (1, 2, 3, 4) for link in carried)


def test_a_layer_is_one_box_for_all_steps():
    _, found = drawn(level="layer", num_layers=2)
    assert not any(box.timed for box in found.boxes)
    assert {"LSTM.l0", "LSTM.l1"} <= {box.path for box in found.boxes if not box.leaf}


def test_a_parameter_that_steps_read_is_one_bar():
    rolled, found = drawn()
    bars = {rolled.places[box.members[0]].op for box in found.boxes if box.x is None}
    assert "weight_hh_l0" in bars
    (bar,) = [box for box in found.boxes if rolled.places[box.members[0]].op == "weight_hh_l0"]
    assert all(bar.y < box.y for box in found.boxes if box.timed)
