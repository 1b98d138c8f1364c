"""Rows of a batch do not know of each other: padding, masks and resets give what separate runs would have given."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygrad_seq as tg
from tinygrad_seq import nn
from tinygrad_seq.errors import ShapeError

I, H = 3, 2

pytestmark = pytest.mark.usefixtures("kernel_table")


def parts_of(state):
    return list(state) if isinstance(state, tuple) else [state]


def packed(parts):
    return tuple(parts) if len(parts) > 1 else parts[0]


def projected(results, weights):
    """The sum of all results, each element with its weight."""
    return sum(((y * tg.tensor(w)).sum() for y, w in zip(results, weights, strict=True)), start=tg.tensor(0.0))


def gradients(net):
    return {name: p.grad.numpy() for name, p in net.named_parameters()}


def close(a, b, what=""):
    np.testing.assert_allclose(a, b, rtol=1e-11, atol=1e-12, err_msg=what)


@st.composite
def batches(draw, flags):
    """A net's settings, an input, a start state, and a pattern (T, B) of True and False."""
    T, B = draw(st.integers(1, 5)), draw(st.integers(1, 3))
    layers, bidirectional = draw(st.integers(1, 2)), draw(st.booleans())
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    pattern = np.array(draw(st.lists(flags, min_size=T * B, max_size=T * B)), dtype=bool).reshape(T, B)
    return layers, bidirectional, rng, pattern


@settings(max_examples=25)
@given(batch=batches(st.booleans()), filling=st.sampled_from([0.0, 1e6, np.inf, np.nan]))
def test_a_masked_batch_equals_each_row_run_alone_on_its_true_steps(net_of, batch, filling):
    """Any pattern: padding on either side, holes, rows without a step; whatever stands at the masked steps."""
    layers, bidirectional, rng, mask = batch
    T, B = mask.shape
    net = net_of(I, H, layers, bidirectional=bidirectional, dtype="float64")
    x = rng.standard_normal((T, B, I))
    start = [rng.standard_normal((layers * net.directions, B, H)) for _ in net.op.parts]
    weights = [rng.standard_normal((T, B, H * net.directions)), *(rng.standard_normal(s.shape) for s in start)]

    leaves = [tg.Tensor(np.where(mask[:, :, None], x, filling), requires_grad=True)]
    leaves += [tg.Tensor(s, requires_grad=True) for s in start]
    output, state = net(leaves[0], packed(leaves[1:]), mask=mask)
    results = [output, *parts_of(state)]
    projected(results, weights).backward()
    together = gradients(net)

    net.zero_grad()
    for b in range(B):
        true = mask[:, b]
        row = [tg.Tensor(s[:, b : b + 1], requires_grad=True) for s in start]
        close(output.detach().numpy()[~true, b], 0, "output at masked steps")
        close(leaves[0].grad.numpy()[~true, b], 0, "gradient of masked input")
        if not true.any():
            for passed, s, leaf, w in zip(results[1:], start, leaves[1:], weights[1:], strict=True):
                close(passed.detach().numpy()[:, b], s[:, b], "the state passes through")
                close(leaf.grad.numpy()[:, b], w[:, b], "and so does its gradient")
            continue
        x_row = tg.Tensor(x[true, b : b + 1], requires_grad=True)
        row_output, row_state = net(x_row, packed(row))
        row_results = [row_output, *parts_of(row_state)]
        projected(row_results, [weights[0][true, b : b + 1], *(w[:, b : b + 1] for w in weights[1:])]).backward()
        close(output.detach().numpy()[true, b], row_output.detach().numpy()[:, 0], "output")
        close(leaves[0].grad.numpy()[true, b], x_row.grad.numpy()[:, 0], "gradient of the input")
        for whole, alone in zip(results[1:], row_results[1:], strict=True):
            close(whole.detach().numpy()[:, b], alone.detach().numpy()[:, 0], "state")
        for whole, alone in zip(leaves[1:], row, strict=True):
            close(whole.grad.numpy()[:, b], alone.grad.numpy()[:, 0], "gradient of the start state")
    for name, p in net.named_parameters():
        close(together[name], 0 if p.grad is None else p.grad.numpy(), name)


@settings(max_examples=25)
@given(batch=batches(st.integers(0, 3).map(lambda n: n == 0)))
def test_reset_equals_separate_runs_and_cuts_gradients(net_of, batch):
    """Each run of steps between two resets is a sequence of its own, in both directions."""
    layers, bidirectional, rng, reset = batch
    T, B = reset.shape
    net = net_of(I, H, layers, bidirectional=bidirectional, dtype="float64")
    x = rng.standard_normal((T, B, I))
    start = [rng.standard_normal((layers * net.directions, B, H)) for _ in net.op.parts]
    weights = [rng.standard_normal((T, B, H * net.directions)), *(rng.standard_normal(s.shape) for s in start)]

    leaves = [tg.Tensor(a, requires_grad=True) for a in (x, *start)]
    output, state = net(leaves[0], packed(leaves[1:]), reset=reset)
    results = [output, *parts_of(state)]
    projected(results, weights).backward()
    together = gradients(net)

    net.zero_grad()
    forwards = np.arange(layers * net.directions) % net.directions == 0  # which parts of a state go with time
    for b in range(B):
        row = [tg.Tensor(s[:, b : b + 1], requires_grad=True) for s in start]
        cuts = [0, *(t for t in range(1, T) if reset[t, b]), T]
        for begin, end in pairwise(cuts):
            given_here = np.where(forwards, begin == 0 and not reset[0, b], end == T)[:, None, None]
            kept = np.where(forwards, end == T, begin == 0)[:, None, None]
            segment = tg.Tensor(x[begin:end, b : b + 1], requires_grad=True)
            y, last = net(segment, packed([s * tg.tensor(given_here.astype(float)) for s in row]))
            weighted = [weights[0][begin:end, b : b + 1], *(w[:, b : b + 1] * kept for w in weights[1:])]
            projected([y, *parts_of(last)], weighted).backward()
            close(output.detach().numpy()[begin:end, b], y.detach().numpy()[:, 0], "output")
            close(leaves[0].grad.numpy()[begin:end, b], segment.grad.numpy()[:, 0], "gradient of the input")
            for whole, alone in zip(results[1:], parts_of(last), strict=True):
                here = kept[:, 0, 0]
                close(whole.detach().numpy()[here, b], alone.detach().numpy()[here, 0], "state")
        for whole, alone in zip(leaves[1:], row, strict=True):
            close(whole.grad.numpy()[:, b], alone.grad.numpy()[:, 0], "gradient of the start state")
    for name, p in net.named_parameters():
        close(together[name], p.grad.numpy(), name)


def test_a_reset_at_a_masked_step_still_resets(net_of, rng):
    net = net_of(I, H, dtype="float64")
    x = rng.standard_normal((4, 1, I))
    mask, reset = np.array([[True], [True], [False], [True]]), np.array([[False], [False], [True], [False]])
    output, _ = net(x, mask=mask, reset=reset)
    alone, _ = net(x[3:])
    close(output.detach().numpy()[3], alone.detach().numpy()[0])


# lengths


@pytest.mark.parametrize("batch_first", [False, True], ids=["time-first", "batch-first"])
@pytest.mark.parametrize("bidirectional", [False, True], ids=["one-way", "both-ways"])
@pytest.mark.parametrize("kind_of_lengths", [list, np.array, tg.tensor], ids=["list", "array", "tensor"])
def test_lengths_are_the_mask_of_the_first_steps(rng, batch_first, bidirectional, kind_of_lengths):
    net = nn.LSTM(I, H, 2, batch_first=batch_first, bidirectional=bidirectional, dtype="float64")
    x, lengths = rng.standard_normal((5, 4, I)), [3, 0, 5, 1]
    mask = np.arange(5)[:, None] < np.array(lengths)
    if batch_first:
        x, mask = x.swapaxes(0, 1), mask.T
    by_lengths, by_mask = net(x, lengths=kind_of_lengths(lengths)), net(x, mask=mask)
    for a, b in zip([by_lengths.output, *by_lengths.state], [by_mask.output, *by_mask.state], strict=True):
        np.testing.assert_array_equal(a.detach().numpy(), b.detach().numpy())


def test_batch_first_is_the_same_net_with_two_axes_exchanged(net_of, rng):
    x = rng.standard_normal((4, 3, I))
    mask, reset = rng.random((4, 3)) < 0.7, rng.random((4, 3)) < 0.3
    time_first = net_of(I, H, 2, bidirectional=True, dtype="float64")
    batch_first = net_of(I, H, 2, bidirectional=True, batch_first=True, dtype="float64")
    batch_first.load_state_dict(time_first.state_dict())
    a = time_first(x, mask=mask, reset=reset)
    b = batch_first(x.swapaxes(0, 1), mask=mask.T, reset=reset.T)
    np.testing.assert_array_equal(a.output.detach().numpy(), b.output.detach().numpy().swapaxes(0, 1))
    for s, t in zip(parts_of(a.state), parts_of(b.state), strict=True):
        np.testing.assert_array_equal(s.detach().numpy(), t.detach().numpy())
    np.testing.assert_array_equal(a.last.detach().numpy(), b.last.detach().numpy())


# .last


@pytest.mark.parametrize("lengths", [None, [4, 1, 3]], ids=["full", "padded"])
@pytest.mark.parametrize("batch_first", [False, True], ids=["time-first", "batch-first"])
@pytest.mark.parametrize("bidirectional", [False, True], ids=["one-way", "both-ways"])
@pytest.mark.parametrize("layers", [1, 2])
def test_last_is_each_direction_at_its_own_end(net_of, rng, layers, bidirectional, batch_first, lengths):
    net = net_of(I, H, layers, bidirectional=bidirectional, batch_first=batch_first, dtype="float64")
    x = rng.standard_normal((3, 4, I) if batch_first else (4, 3, I))
    result = net(x, lengths=lengths)
    output = result.output.detach().numpy()
    if batch_first:
        output = output.swapaxes(0, 1)
    for b, n in enumerate(lengths or [4, 4, 4]):
        forward, backward = output[n - 1, b, :H], output[0, b, H:]  # `backward` is empty in a one-way net
        np.testing.assert_array_equal(result.last.detach().numpy()[b], np.concatenate([forward, backward]))


def test_last_of_a_row_without_steps_is_the_state_that_it_started_with(rng):
    start = tg.Tensor(rng.standard_normal((2, 3, H)))
    result = nn.GRU(I, H, bidirectional=True, dtype="float64")(rng.standard_normal((4, 3, I)), start, lengths=[4, 0, 1])
    np.testing.assert_array_equal(result.last.detach().numpy()[1], start.numpy()[:, 1].reshape(-1))


def test_gradients_flow_through_last(rng):
    x = tg.Tensor(rng.standard_normal((4, 2, I)), requires_grad=True)
    nn.LSTM(I, H, dtype="float64")(x, lengths=[2, 4]).last.sum().backward()
    norms = np.abs(x.grad.numpy()).sum(axis=2)
    assert (norms > 0).tolist() == [[True, True], [True, True], [False, True], [False, True]]


# whole numbers


@pytest.mark.parametrize("bidirectional", [False, True], ids=["one-way", "both-ways"])
def test_whole_numbers_are_one_hot_vectors(net_of, rng, bidirectional):
    net = net_of(5, H, 2, bidirectional=bidirectional, dtype="float64")
    ids, mask = rng.integers(0, 5, (6, 3)), rng.random((6, 3)) < 0.7
    seen = []
    for x in (ids, tg.Tensor(ids), np.eye(5)[ids]):
        net.zero_grad()
        output, state = net(x, mask=mask)
        weights = [np.cos(np.arange(y.size)).reshape(y.shape) for y in (output, *parts_of(state))]
        projected([output, *parts_of(state)], weights).backward()
        seen.append([output.detach().numpy(), *gradients(net).values()])
    for a, b, c in zip(*seen, strict=True):
        close(a, c)
        close(b, c)


@pytest.mark.parametrize("path", ["fused", "cell"])
def test_whole_numbers_into_a_table_are_its_rows(net_of, rng, path):
    """The product with the table is the embedding's, in another order: outputs and gradients, of the table too."""
    net = net_of(4, H, 2, bidirectional=True, path=path, dtype="float64")
    ids, mask = rng.integers(0, 5, (6, 3)), rng.random((6, 3)) < 0.7
    E = rng.standard_normal((5, 4))
    seen = []
    for fold in (True, False):
        table = tg.Tensor(E, requires_grad=True)
        call = {"table": table} if fold else {}
        output, state = net(ids if fold else tg.functional.embedding(tg.Tensor(ids), table), mask=mask, **call)
        weights = [np.cos(np.arange(y.size)).reshape(y.shape) for y in (output, *parts_of(state))]
        loss = projected([output, *parts_of(state)], weights)
        seen.append([output, *tg.grad(loss, [table, *net.parameters()])])
    for a, b in zip(*seen, strict=True):
        close(a.detach().numpy(), b.detach().numpy())


def test_what_a_table_refuses(net_of, rng, kernel_table):
    net, table = net_of(4, H), tg.Tensor(rng.standard_normal((5, 4)))
    with pytest.raises(ShapeError, match=r"expected a table of shape \(V, 4\), got \(4, 5\)"):
        net(np.zeros((2, 1), int), table=table.mT)
    with pytest.raises(ShapeError, match="table= is read by whole numbers"):
        net(np.zeros((2, 1, 4), np.float32), table=table)
    if kernel_table in ("numpy", "compiled"):  # a device would have to be waited for
        with pytest.raises(ShapeError, match=r"id 5 is outside 0 .. 4"):
            net(np.full((2, 1), 5), table=table)


def test_whole_numbers_into_a_cell_are_one_hot_vectors(cell_of, rng):
    cell = cell_of(5, H, dtype="float64")
    ids = np.array([4, 0, 4])
    seen = []
    for x in (ids, np.eye(5)[ids]):
        cell.zero_grad()
        (h, *_) = parts_of(cell(x))
        (h * tg.arange(1.0, 1 + h.size, dtype="float64").reshape(h.shape)).sum().backward()
        seen.append([h.detach().numpy()] + [p.grad.numpy() for p in cell.parameters() if p.grad is not None])
    for a, b in zip(*seen, strict=True):
        close(a, b)


def test_the_padding_of_whole_numbers_may_lie_outside_the_vocabulary(net_of):
    ids = np.array([[1, 2], [3, -100]])
    net = net_of(4, H, dtype="float64")
    padded = net(ids, lengths=[2, 1])
    np.testing.assert_array_equal(
        padded.last.detach().numpy(), net(np.where(ids < 0, 0, ids), lengths=[2, 1]).last.detach().numpy()
    )
