"""Operations and bytes, counted on recorded graphs, against formulas by hand."""

from __future__ import annotations

from math import prod

import pytest

import tinygrad_seq as tg
from tinygrad_seq import functional as F
from tinygrad_seq.analysis.bench.cases import Size, cases
from tinygrad_seq.analysis.bench.run import counted
from tinygrad_seq.analysis.bench.work import Work, recorded

GATES = {"rnn": 1, "lstm": 4, "gru": 3}
FLOAT, V = 4, 96
SIZE = Size(5, 3, 7)


def case(name, kind):
    return next(case for case in cases(("rnn", "lstm", "gru")) if (case.name, case.kind) == (name, kind))


def test_a_linear_layer_is_2mnk_and_a_sum_for_each_bias():
    x, W, b = tg.randn(5, 3, 4), tg.randn(6, 4), tg.randn(6)
    found = recorded(lambda: {"y": F.linear(x, W, b)})
    assert found == Work(2 * 15 * 4 * 6, 15 * 6, FLOAT * (x.size + W.size + b.size + 15 * 6))
    assert found.flops == found.products + found.others


def test_a_product_forward_and_backward_is_three_products():
    T, B, H = SIZE
    arrays = 2 * (2 * T * B * H + H * H)  # x, W and dy come in; y, dx and dW go out: as large
    assert counted(case("matmul", "operation"), SIZE) == Work(3 * 2 * T * B * H * H, 0, FLOAT * arrays)


def test_elementwise_arithmetic_is_one_for_each_element_and_call():
    """tanh, *, + forward; back: dy b, dy y, then 1 - y y, and the product with it."""
    n = prod(SIZE)
    assert counted(case("elementwise", "operation"), SIZE) == Work(0, (3 + 5) * n, FLOAT * 8 * n)


@pytest.mark.host("on a device the number of positions is an array too")
def test_cross_entropy_reads_the_scores_and_writes_their_gradient():
    """Log-softmax is five passes over the scores; the way back is exp, a sum, a product, a difference."""
    T, B, H = SIZE
    work = counted(case("cross-entropy", "operation"), SIZE)
    assert work.products == 0
    assert work.others - (5 + 4) * T * B * H == pytest.approx(5 * T * B, abs=2)  # what is per position
    assert work.bytes == FLOAT * (2 * T * B * H + 2)  # dL = 1, L


@pytest.mark.parametrize("cell", GATES)
def test_a_layer_is_five_products_a_step_and_one_less_at_the_start(cell):
    T, B, H = SIZE
    GH = GATES[cell] * H
    forward = 2 * T * B * GH * (H + H)
    backward = 2 * T * B * GH * (H + H + H) + 2 * (T - 1) * B * GH * H  # dx, dW_ih, dW_hh; dh of all but the first
    work = counted(case(cell, "layer"), SIZE)
    assert work.products == forward + backward
    weights = 2 * GH * H + 2 * GH
    assert work.bytes == FLOAT * (2 * weights + 4 * T * B * H + B * H)  # x, dy, y, dx, and a state of zeros


@pytest.mark.parametrize("cell", GATES)
def test_a_training_step_reads_symbols_without_a_product(cell):
    T, B, H = SIZE
    GH = GATES[cell] * H
    forward = 2 * T * B * H * (GH + V)
    backward = 2 * T * B * H * (GH + 2 * V) + 2 * (T - 1) * B * GH * H  # dW_hh, dW_ho and dh; dh of all but the first
    assert counted(case(cell, "training step"), SIZE).products == forward + backward


def test_adam_is_twelve_operations_and_seven_numbers_moved_for_each_weight():
    job = case("rnn", "training step").make(SIZE, "float32")
    n = sum(p.size for p in job.parameters.values())
    assert job.update() == Work(0, 12 * n, 7 * FLOAT * n)
    assert case("rnn", "layer").make(SIZE, "float32").update() == Work()


def test_a_step_of_the_lstm_is_its_equations():
    """Both biases, their sum, four gates, c_t of three and h_t of two: 8 + 4 + 4 + 3 + 2 for each hidden unit."""
    T, B, H = SIZE
    lstm, x = tg.nn.LSTM(H, H), tg.randn(T, B, H)
    with tg.no_grad():
        assert recorded(lambda: {"y": lstm(x).output}).others == 21 * T * B * H


@pytest.mark.parametrize("size", [Size(1, 1, 3), Size(6, 1, 2), Size(4, 7, 3)])
def test_four_small_recordings_tell_any_size(size):
    for each in cases(("rnn", "lstm", "gru", "mlstm")):
        job = each.make(size, "float32")
        assert recorded(lambda job=job: job(create_graph=True)).plus(job.update()) == counted(each, size), each


def test_what_has_no_rule_of_counting_is_refused():
    with pytest.raises(NotImplementedError, match="einsum"):
        recorded(lambda: {"y": tg.ops.einsum("ij,jk->ik", tg.randn(2, 2), tg.randn(2, 2))})
