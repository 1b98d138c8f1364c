"""The recorder: what ran, where, in which order, and how large each gradient was."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_seq as tg
from tinygrad_seq import nn, scope
from tinygrad_seq.record import Made


class Chain(nn.Module):
    """h_t = tanh(w h_{t-1} + x_t), one number at a time."""

    def __init__(self, w):
        self.w = nn.Parameter(w, dtype="float64")

    def forward(self, xs, h):
        for x_t in scope.steps(xs):
            h = tg.tanh(self.w * h + x_t)
        return h


def test_every_operation_is_an_entry_with_its_number_place_time_and_shape_in_order():
    model = Chain(0.5)
    with tg.record() as tape:
        h = model([0.1, 0.2], tg.zeros((2, 3), dtype="float64"))
        h.sum()
    assert [(made.op, made.path, made.t, made.shape) for made in tape.made] == [
        ("multiply", "Chain", 0, (2, 3)),
        ("add", "Chain", 0, (2, 3)),
        ("tanh", "Chain", 0, (2, 3)),
        ("multiply", "Chain", 1, (2, 3)),
        ("add", "Chain", 1, (2, 3)),
        ("tanh", "Chain", 1, (2, 3)),
        ("sum", "", None, ()),
    ]
    numbers = [made.number for made in tape.made]
    assert numbers == sorted(numbers)
    assert numbers[5] == h.node.seq


def test_steps_gathers_what_was_made_at_each_place_and_time():
    with tg.record() as tape:
        Chain(0.5)([0.1, 0.2], tg.zeros(3, dtype="float64")).sum()
    steps = tape.steps()
    assert list(steps) == [("Chain", 0), ("Chain", 1)]
    assert [made.op for made in steps["Chain", 1]] == ["multiply", "add", "tanh"]


def test_off_the_graph_an_entry_has_neither_number_nor_gradient():
    with tg.record() as tape, tg.no_grad():
        Chain(0.5)([0.1], tg.zeros(3))
    assert [(made.op, made.number, made.gradient_norm) for made in tape.made] == [
        ("multiply", None, None),
        ("add", None, None),
        ("tanh", None, None),
    ]


def test_an_operation_with_several_results_makes_an_entry_for_each():
    x = tg.tensor(np.arange(6.0), requires_grad=True)
    with tg.record() as tape:
        a, _ = tg.split(x, 2)
    (2 * a).sum().backward()
    assert [(made.op, made.shape) for made in tape.made] == [("split", (3,)), ("split", (3,))]
    assert [made.gradient_norm for made in tape.made] == [pytest.approx(2 * 3**0.5), None]


@pytest.mark.parametrize("start", [0, 2, 4])
def test_the_gradient_of_each_hidden_state_of_an_rnn_is_the_product_of_the_slopes_after_it(start):
    w, xs = 0.7, [0.3, -0.2, 0.5, 0.1, -0.4]
    with tg.record() as tape:
        loss = Chain(w)(xs, tg.tensor([0.2], dtype="float64")).sum()
    loss.backward()
    h, hs = 0.2, []
    for x in xs:
        h = np.tanh(w * h + x)
        hs.append(h)
    by_hand = np.prod([w * (1 - h * h) for h in hs[start + 1 :]])
    assert tape.steps()["Chain", start][-1].gradient_norm == pytest.approx(by_hand, rel=1e-12)


def test_the_gradient_of_each_hidden_state_of_a_module_equals_finite_differences():
    tg.manual_seed(0)
    rnn = nn.RNN(3, 4, path="cell", dtype="float64")
    x = tg.tensor(np.random.default_rng(0).normal(size=(5, 1, 3)))
    with tg.record() as tape:
        loss = (rnn(x).output[-1] ** 2).sum()
    loss.backward()
    steps = tape.steps()

    def after(t, h):
        """The loss if step t had given h."""
        return (rnn(x[t + 1 :], h[None, :, :]).output[-1] ** 2).sum().item()

    output = rnn(x).output.detach().numpy()
    for t in range(4):
        slopes = [
            (after(t, output[t] + 1e-6 * e) - after(t, output[t] - 1e-6 * e)) / 2e-6 for e in np.eye(4)[:, None, :]
        ]
        assert steps["RNN.l0", t][-1].gradient_norm == pytest.approx(np.linalg.norm(slopes), rel=1e-6)


def test_a_gradient_that_does_not_arrive_is_none_and_one_that_vanishes_is_zero():
    w = tg.tensor(2.0, requires_grad=True)
    with tg.record() as tape:
        aside = w * 3
        gated = w * 5
        loss = gated * 0 + w
    loss.backward()
    assert aside.requires_grad
    assert [made.gradient_norm for made in tape.made] == [None, 0.0, 1.0, 1.0]


def test_backward_may_come_after_the_block_and_through_grad_too():
    w = tg.tensor(2.0, requires_grad=True)
    with tg.record() as tape:
        loss = (3 * w) ** 2
    assert [made.gradient_norm for made in tape.made] == [None, None]
    tg.grad(loss, w)
    assert [made.gradient_norm for made in tape.made] == [12.0, 1.0]
    assert w.grad is None


def test_large_gradients_of_half_precision_have_a_finite_length():
    w = tg.tensor([300.0, 400.0], dtype="float16", requires_grad=True)
    with tg.record() as tape:
        y = w * 1
    y.backward(tg.tensor([300.0, 400.0], dtype="float16"))
    assert tape.made[0].gradient_norm == 500.0


def test_recording_changes_no_number(backend_name):
    def gradient(watched):
        w = tg.tensor([0.3, 0.4], requires_grad=True, backend=backend_name)
        if watched:
            with tg.record():
                loss = (tg.tanh(w * 3) * w).sum()
        else:
            loss = (tg.tanh(w * 3) * w).sum()
        loss.backward()
        return loss.item(), w.grad.tolist()

    assert gradient(watched=True) == gradient(watched=False)


def test_outside_the_block_nothing_is_recorded_and_nobody_watches():
    w = tg.tensor(2.0, requires_grad=True)
    assert scope.mode.get().watcher is None
    with tg.record() as tape:
        inside = w * 3
    outside = inside * 4
    assert [made.op for made in tape.made] == ["multiply"]
    assert scope.mode.get().watcher is None
    assert outside.node.hooks is None
    assert (w * 3).node.hooks is None


def test_the_watcher_is_taken_off_after_a_failure():
    with pytest.raises(ZeroDivisionError), tg.record():
        1 / 0  # noqa: B018
    assert scope.mode.get().watcher is None


def test_recorders_nest_and_stand_beside_anomaly_detection():
    w = tg.tensor(2.0, requires_grad=True)
    with tg.record() as outer, tg.detect_anomaly():
        w * 3
        with tg.record() as inner:
            w + 1
    assert [made.op for made in outer.made] == ["multiply", "add"]
    assert [made.op for made in inner.made] == ["add"]
    assert isinstance(inner.made[0], Made)
