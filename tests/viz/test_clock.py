"""When steps run: a decoder's after the encoder's, a second chunk's after the first, layers side by side."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_seq as tg
from tinygrad_seq import nn, scope, viz
from tinygrad_seq.models import Seq2Seq
from tinygrad_seq.viz.clock import in_sequence
from tinygrad_seq.viz.drawable import drawable


def recorded(program):
    with tg.record(expand=True) as tape:
        program()
    return tape


def times_of(tape):
    moved, times = in_sequence(tape)
    steps = {}
    for entry in moved.nodes:
        if entry.t is not None and entry.kind == "op":
            steps.setdefault(entry.path, set()).add(entry.t)
    return steps, times


def answering(layers=1):
    model = Seq2Seq(5, 5, 4, layers, cell="gru")
    return recorded(lambda: model(np.array([[1, 2, 3]]), np.array([[2, 1, 0, 3]])))


@pytest.mark.parametrize("layers", [1, 2])
def test_a_decoder_follows_its_encoder_and_counts_from_zero_again(layers):
    steps, times = times_of(answering(layers))
    for layer in range(layers):
        assert steps[f"Seq2Seq.encoder.l{layer}"] == {0, 1, 2}
        assert steps[f"Seq2Seq.decoder.l{layer}"] == {3, 4, 5, 6}
    assert [times[t] for t in sorted(times)] == [0, 1, 2, 0, 1, 2, 3]


def test_a_second_chunk_follows_the_first():
    net = nn.LSTM(2, 3, 2)

    def chunks():
        _, state = net(tg.zeros((4, 1, 2)))
        net(tg.zeros((3, 1, 2)), state)

    steps, _ = times_of(recorded(chunks))
    assert steps == {"LSTM.l0": set(range(7)), "LSTM.l1": set(range(7))}


@pytest.mark.parametrize("options", [{"num_layers": 3}, {"bidirectional": True, "num_layers": 2}, {"num_layers": 1}])
def test_layers_and_directions_keep_their_time(options):
    net = nn.GRU(2, 3, **options)
    tape = recorded(lambda: net(tg.zeros((4, 1, 2))))
    moved, times = in_sequence(tape)
    assert moved is tape
    assert times == {t: t for t in range(4)}


def test_two_cells_in_one_loop_share_each_step():
    a, b = nn.RNNCell(2, 3), nn.RNNCell(3, 3)

    def loop():
        h1 = h2 = tg.zeros((1, 3))
        for x_t in scope.steps(tg.zeros((4, 1, 2))):
            h1 = a(x_t, h1)
            h2 = b(h1, h2)

    tape = recorded(loop)
    assert in_sequence(tape)[0] is tape


def test_they_are_apart_in_both_pictures():
    tape = answering()
    dot = viz.graph(tape, collapse="cell").dot
    assert dot.count('label="t = 0"') == dot.count('label="t = 2"') == 2
    assert dot.count('label="t = 3"') == 1
    data = drawable(tape)
    assert (data["steps"], data["times"]) == (7, [0, 1, 2, 0, 1, 2, 3])


def test_the_record_itself_stays_as_it_was():
    tape = answering()
    before = tape.to_json()
    in_sequence(tape)
    assert tape.to_json() == before
