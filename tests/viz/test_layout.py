"""Where boxes stand: below what reads them, in one column per step, the same at every step."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_seq as tg
from tinygrad_seq import models, nn, scope
from tinygrad_seq.data import CharVocab
from tinygrad_seq.viz.clock import in_sequence
from tinygrad_seq.viz.drawable import Merged
from tinygrad_seq.viz.fold import fold, topological_order
from tinygrad_seq.viz.layout import LEVELS, layout

NETS = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU, "mlstm": nn.MLSTM}


def drawn(cell="lstm", T=5, level="op", **options):
    tg.manual_seed(0)
    net = NETS[cell](2, 3, **options)
    with tg.record(expand=True) as tape:
        net(tg.randn(T, 1, 2))[0].sum().backward()
    return laid_out(tape, level)


def laid_out(tape, level):
    record, _ = in_sequence(tape)
    merged = Merged(record)
    rolled = fold(merged.nodes())
    kinds = [merged.entries[next(iter(place.ids.values()))][0].kind for place in rolled.places]
    return rolled, layout(rolled, kinds, level)


def language_model(*chunks):
    model = models.CharLM(CharVocab("abc"), 4, 2, cell="lstm")
    ids, state = model.vocab.encode("abcabcab"), None
    for first, last in chunks:
        logits, state = model(ids[None, first:last], state)
        tg.functional.cross_entropy(logits[0], ids[first + 1 : last + 1]).backward()
        state = state.detach()


def classifier():
    model = models.SequenceClassifier(4, 3, 5, cell="gru")
    model(np.array([[1, 2, 0], [3, 2, 1]]), lengths=np.array([2, 3])).sum().backward()


def modules_that_take_turns():
    """In every step a module stops for another, as a decoder for its attention, and goes on with what that found."""
    W = tg.tensor(np.eye(3), requires_grad=True)
    h, loss = tg.zeros((1, 3), dtype="float64"), 0.0
    for x_t in scope.steps(tg.randn(4, 1, 3, dtype="float64")):
        with scope.module("outer"):
            h = tg.tanh(2.0 * x_t + h @ W)
            with scope.module("inner"):
                looked_up = h * h
            h = h + looked_up
        loss = loss + h.sum()
    loss.backward()


def without_time():
    x = tg.randn(3, 2)
    for layer in (nn.Linear(2, 4), nn.Linear(4, 4), nn.Linear(4, 1)):
        x = tg.tanh(layer(x))
    x.sum().backward()


PROGRAMS = {
    "language model": lambda: language_model((0, 7)),
    "two chunks": lambda: language_model((0, 3), (3, 7)),
    "encoder and decoder": lambda: models.Seq2Seq(5, 5, 4, 2)(np.array([[1, 2, 3]]), np.array([[2, 1, 0, 3]])),
    "both ways": lambda: nn.GRU(2, 3, 2, bidirectional=True)(tg.randn(4, 1, 2)),
    "sequences of different lengths": classifier,
    "modules that take turns": modules_that_take_turns,
    "without time": without_time,
}


def ran(program, level):
    tg.manual_seed(0)
    with tg.record(expand=True) as tape:
        PROGRAMS[program]()
    return laid_out(tape, level)


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


def boxes_at_steps(found):
    """The links of a drawing that is unrolled, between (box, time step) pairs."""
    for link in found.links:
        for t in link.steps:
            source = (link.source, t - (link.delay or 0)) if found.boxes[link.source].timed else (link.source, None)
            yield source, (link.target, t if found.boxes[link.target].timed else None)


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("level", ["op", "cell"])
def test_what_is_drawn_unrolled_has_no_cycle(program, level):
    _, found = ran(program, level)
    pairs = list(boxes_at_steps(found))
    number = {box: i for i, box in enumerate(dict.fromkeys(box for pair in pairs for box in pair))}
    assert topological_order(len(number), [(number[a], number[b]) for a, b in pairs]).cycle == []


@pytest.mark.parametrize("program", [name for name in PROGRAMS if name != "two chunks"])  # the second feeds the first
@pytest.mark.parametrize("level", LEVELS)
def test_within_a_step_arrows_lead_upwards_or_along_a_strip(program, level):
    _, found = ran(program, level)
    for link in found.links:
        source, target = found.boxes[link.source], found.boxes[link.target]
        if not link.delay:
            assert source.y < target.y or (source.y == target.y and source.x < target.x)


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("level", ["op", "cell"])
def test_what_is_drawn_as_one_box_is_all_at_steps_or_all_at_none(program, level):
    rolled, found = ran(program, level)
    for box in found.boxes:
        assert {rolled.places[i].timed for i in box.members} == {box.timed}


def test_before_and_after_its_steps_a_module_is_two_boxes():
    _, found = ran("language model", "cell")
    paths = [box.path for box in found.boxes if not box.leaf and not box.timed]
    assert (paths.count("CharLM"), paths.count("CharLM.rnn.l0")) == (2, 2)
    assert [box.path for box in found.boxes if box.timed] == ["CharLM.rnn.l0", "CharLM.rnn.l1"]


def test_a_module_that_stops_for_another_is_two_boxes_of_each_step():
    _, found = ran("modules that take turns", "cell")
    turns = sorted((box.y, box.path) for box in found.boxes if box.timed and not box.leaf)
    assert [path for _, path in turns] == ["", "outer", "outer.inner", "outer", ""]


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
    paths = [box.path for box in found.boxes if not box.leaf]
    assert (paths.count("LSTM.l0"), paths.count("LSTM.l1")) == (1, 1)


def test_a_parameter_that_steps_read_is_one_bar():
    rolled, found = drawn()
    bars = {rolled.places[box.members[0]].op for box in found.boxes if box.x is None}
    assert "weight_hh_l0" in bars
    (bar,) = [box for box in found.boxes if rolled.places[box.members[0]].op == "weight_hh_l0"]
    assert all(bar.y < box.y for box in found.boxes if box.timed)
