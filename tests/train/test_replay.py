"""Training that replays its steps takes the steps that it would have taken, and replays nothing that it must not."""

from __future__ import annotations

import shutil
import tracemalloc
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from tinygrad_seq_cupy.kernels import kernels_on
from tinygrad_seq_cupy.kernels.program import runner
from tinygrad_seq_fake import DeviceArray, FakeBackend, HostAccessError

import tinygrad_seq as tg
from tinygrad_seq import functional as F
from tinygrad_seq import nn, scope
from tinygrad_seq.backend import get_backend
from tinygrad_seq.data import Batch, Corpus
from tinygrad_seq.errors import ShapeError
from tinygrad_seq.models import CharLM
from tinygrad_seq.optim import SGD, Adam
from tinygrad_seq.random import Rows
from tinygrad_seq.train import train
from tinygrad_seq.train.parallel import Alone, Share
from tinygrad_seq.train.replay import KEPT, WARM

from ..gpu.on_cpu import OnCpu

CORPUS = Corpus.from_text("to be or not to be, that is the question. " * 4)


class Counting(CharLM):
    """Counts how often Python goes through the loss."""

    def loss(self, batch, state=None):
        self.calls = getattr(self, "calls", 0) + 1
        return super().loss(batch, state)


@pytest.fixture
def device(monkeypatch):
    """The fake device; with g++, the kernels for GPUs and their updates in place."""
    fake, on = get_backend("fake"), OnCpu("fake")
    if shutil.which("g++"):
        monkeypatch.setattr(fake, "kernels", kernels_on(on))
    monkeypatch.setattr(fake, "in_place", lambda program, dtype: runner(on, DeviceArray, program, dtype))
    return fake


def run(backend, make=Adam, steps=12, replay=True, batches=None, **options):
    """Train a little; return losses and weights, and how often Python went through the loss."""
    tg.manual_seed(0)
    with tg.use_backend(backend):
        model = Counting(CORPUS.vocab, hidden_size=6, **options)
        optimizer = make(model, lr=0.05)
        batches = CORPUS.batches(3, 7, steps=steps) if batches is None else batches
        seen = list(train(model, batches, optimizer, clip_norm=1.0, replay=replay))
    return [step.loss for step in seen], model.state_dict(), model.calls


needs_compiler = pytest.mark.skipif(shutil.which("g++") is None, reason="updates in place are made by g++")


@needs_compiler
@pytest.mark.parametrize("make", [Adam, SGD])
@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn", "mlstm"])
def test_a_run_that_replays_is_the_run_that_does_not_bit_for_bit(device, make, cell):
    """Several epochs, so that batches with a state and without one alternate."""
    (losses, weights, calls), (expected, expected_weights, all_calls) = (
        run("fake", make, replay=replay, cell=cell) for replay in (True, False)
    )
    assert losses == expected
    for name, array in weights.items():
        np.testing.assert_array_equal(array, expected_weights[name])
    assert (all_calls, calls) == (12, WARM + 3)  # warmed up, recorded; and the batches that begin the two epochs


@needs_compiler
def test_a_replayed_step_brings_the_batch_and_reads_loss_and_norm(device):
    crossings = []
    batches = iter(CORPUS.batches(3, 7, steps=12))

    def watched():
        for batch in batches:
            before = Counter(FakeBackend.transfers)
            yield batch
            crossings.append(dict(Counter(FakeBackend.transfers) - before))

    run("fake", batches=watched())
    assert crossings[-1] == {"to device": 2, "to host": 2}


@needs_compiler
def test_a_state_that_is_kept_is_not_written_over_by_the_next_step(device):
    tg.manual_seed(0)
    with tg.use_backend("fake"):
        model = CharLM(CORPUS.vocab, hidden_size=6)
        steps = train(model, CORPUS.batches(3, 4, steps=9), SGD(model, lr=0.5), replay=True)
        kept = [(step.state.h, step.state.h.numpy()) for step in steps]
    for state, before in kept:
        np.testing.assert_array_equal(state.numpy(), before)


@needs_compiler
@pytest.mark.parametrize("kernels", [True, False], ids=["kernels", "reference"])
def test_dropout_is_replayed_with_the_masks_of_each_step(device, monkeypatch, kernels):
    """They are read by the name of the step, which is set on the device."""
    if not kernels:
        monkeypatch.setattr(device, "kernels", {name: k for name, k in device.kernels.items() if name != "Dropout"})
    (losses, weights, calls), (expected, expected_weights, all_calls) = (
        run("fake", replay=replay, dropout=0.5, num_layers=2) for replay in (True, False)
    )
    assert losses == expected
    for name, array in weights.items():
        np.testing.assert_array_equal(array, expected_weights[name])
    assert (all_calls, calls) == (12, WARM + 3)


SHAPED = [
    {"cell": "lstm"},
    {"cell": "gru", "num_layers": 2, "dropout": 0.4},
    {"cell": "rnn", "embedding_size": 5},
    {"cell": "rnn", "embedding_size": 5, "steps": 7, "batches": "short"},  # fewer symbols than the table has rows
    {"cell": "mlstm", "weight_norm": True, "dtype": "float64"},
]


@pytest.mark.parametrize("numba", ["0", "1"])
@pytest.mark.parametrize("options", SHAPED, ids=str)
def test_on_numpy_too_it_is_the_run_that_is_not_replayed_bit_for_bit(monkeypatch, options, numba):
    monkeypatch.setenv("TINYGRAD_SEQ_NUMBA", numba)
    options = dict(options)
    if options.pop("batches", None):
        options["batches"] = [next(iter(CORPUS.batches(1, 4))) for _ in range(7)]
    ends = [run("numpy", replay=replay, **options) for replay in (True, False)]
    (losses, weights, calls), (expected, expected_weights, all_calls) = ends
    assert losses == expected
    np.testing.assert_equal(weights, expected_weights)
    assert calls < all_calls


def test_what_a_step_refuses_it_refuses_when_it_is_replayed():
    """The ids of a batch are looked at each time."""
    batches = [*CORPUS.batches(3, 7, steps=5)]
    batches[4].x[1, 2] = len(CORPUS.vocab)
    with pytest.raises(ShapeError, match=r"Counting.rnn': id 15 is outside 0 \.\. 14, the 15 known"):
        run("numpy", batches=batches)


class Looking(Counting):
    """Its loss is another one where it is large."""

    def loss(self, batch, state=None):
        loss, state = super().loss(batch, state)
        return (loss * 2, state) if loss.item() > 2 else (loss, state)


class Foreign(Counting):
    """Brings an array along that the batch knows nothing of."""

    def loss(self, batch, state=None):
        loss, state = super().loss(batch, state)
        return loss * np.array(2, "float32"), state


@pytest.mark.host("how NumPy replays")
@pytest.mark.parametrize("kind", [Looking, Foreign])
def test_on_numpy_a_step_that_looks_at_numbers_is_not_replayed(kind):
    ends = []
    for replay in (True, False):
        tg.manual_seed(0)
        model = kind(CORPUS.vocab, hidden_size=6)
        steps = train(model, CORPUS.batches(3, 7, steps=8), Adam(model, lr=0.05), replay=replay)
        ends.append(([step.loss for step in steps], model.state_dict()))
    np.testing.assert_equal(ends[0], ends[1])


@pytest.mark.host("how NumPy replays")
def test_on_numpy_weights_and_gradients_are_plain_arrays_again():
    tg.manual_seed(0)
    model = CharLM(CORPUS.vocab, hidden_size=6)
    before = [p.data for p in model.parameters()]
    for _ in train(model, CORPUS.batches(3, 7, steps=6), SGD(model, lr=0.5), replay=True):
        for p, array in zip(model.parameters(), before, strict=True):
            assert p.data is array
            assert type(p.grad.data) is np.ndarray


def test_a_replayed_step_on_numpy_holds_no_more_memory_than_one_that_is_not():
    """What no later line reads is let go, as the graph lets it go."""
    peaks = {}
    for replay in (False, True):
        tg.manual_seed(0)
        model = CharLM(CORPUS.vocab, hidden_size=32)
        for step in train(model, CORPUS.batches(4, 20, steps=13), SGD(model, lr=0.5), replay=replay):
            if step.number == 11:
                tracemalloc.start()
            if step.number == 12:
                peaks[replay] = tracemalloc.get_traced_memory()[1]
                tracemalloc.stop()
    assert peaks[True] <= 1.05 * peaks[False]


def test_who_watches_sees_every_step(device):
    seen = []

    class Watcher(scope.Watcher):
        def made(self, call):
            seen.append(call.op.name)

    with scope.switched(watcher=Watcher()):
        _, _, calls = run("fake", steps=6)
    assert calls == 6
    assert seen.count("CrossEntropy") + seen.count("LogSoftmax") >= 6


@needs_compiler
def test_weights_that_move_are_recorded_anew(device):
    """Every other array is replaced once on the way, as `model.to()` does."""
    ends = []
    for replay in (True, False):
        tg.manual_seed(0)
        with tg.use_backend("fake"):
            model = Counting(CORPUS.vocab, hidden_size=6)
            for step in train(model, CORPUS.batches(3, 7, steps=12), SGD(model, lr=0.5), replay=replay):
                if step.number == 5:
                    for p in list(model.parameters())[::2]:
                        p.data = device.from_host(p.detach().numpy())
        ends.append(model.state_dict())
        calls = model.calls
    assert calls == 12
    for name, array in ends[0].items():
        np.testing.assert_array_equal(array, ends[1][name])


@needs_compiler
def test_the_first_few_shapes_are_recorded_and_the_others_are_not(device):
    """The very first batch has no state to carry and is a kind of its own, so that its shape comes too late."""
    shapes, times = [3 + k for k in range(KEPT + 2)], WARM + 4
    several = [next(iter(CORPUS.batches(2, T))) for _ in range(times) for T in shapes]
    (losses, _, calls), (expected, _, _) = (run("fake", batches=iter(several), replay=r) for r in (True, False))
    assert losses == expected
    assert calls == KEPT * (WARM + 1) + (len(shapes) - KEPT) * times


def both(make_model, batches, backend="numpy", **settings):
    """Losses, norms and weights of a run that is replayed, and of one that is not."""
    ends = []
    for replay in (True, False):
        tg.manual_seed(0)
        with tg.use_backend(backend):
            model = make_model()
            steps = list(train(model, batches(model), Adam(model, lr=0.05), replay=replay, **settings))
        ends.append(([(step.loss, step.norm) for step in steps], model.state_dict()))
    return ends


def test_a_parameter_that_is_frozen_and_thawed_on_the_way_is_passed_over_meanwhile():
    def frozen_at(model):
        for number, batch in enumerate(CORPUS.batches(3, 7, steps=16), 1):
            if number in (1, 12):
                model.rnn.weight_hh_l0.requires_grad_(number == 12)
            yield batch

    np.testing.assert_equal(*both(lambda: CharLM(CORPUS.vocab, hidden_size=6), frozen_at))


def test_hooks_see_every_step():
    """Those that look at no number too, which could be recorded."""
    seen = []
    model = CharLM(CORPUS.vocab, hidden_size=6)
    model.head.bias.register_hook(lambda g: seen.append(g.shape))
    list(train(model, CORPUS.batches(3, 7, steps=6), SGD(model, lr=0.5), replay=True))
    assert seen == [model.head.bias.shape] * 6


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_numbers_of_a_batch_that_are_brought_to_the_type_of_the_weights_are(dtype):
    rng = np.random.default_rng(0)

    class Line(nn.Module):
        def __init__(self):
            self.net = nn.Linear(3, 2)

        def loss(self, batch, state=None):
            return F.mse_loss(self.net(batch.x), batch.y), None

    x, y = rng.standard_normal((5, 3)).astype(dtype), rng.standard_normal((5, 2)).astype(dtype)
    batches = [Batch(x, y, step=0, starts_epoch=True)] * 6
    np.testing.assert_equal(*both(Line, lambda model: batches))


def test_rows_of_another_batch_are_another_recording():
    """The shares of ranks may have one shape in batches of two sizes; dropout draws the mask of the whole batch."""

    class Several(Alone):
        def share(self, batch):
            return Share(batch, Rows(0, 3, 4 if batch.step % 2 else 5))

    def batches(model):
        return [replace(batch, step=i) for i, batch in enumerate(CORPUS.batches(3, 7, steps=12))]

    make = lambda: CharLM(CORPUS.vocab, hidden_size=6, dropout=0.5)  # noqa: E731
    np.testing.assert_equal(*both(make, batches, ranks=Several()))


def test_nothing_may_cross_while_a_step_is_recorded(device):
    x = device.from_host(np.ones(2))
    with pytest.raises(HostAccessError, match="to host"):
        device.capture(lambda weights, inputs: device.to_host(x), [], [])
    again = device.capture(lambda weights, inputs: [weights[0] * inputs[0]], [x], [x])
    x[...] = 5
    assert device.to_host(again(1, x * 2)[0]).tolist() == [50, 50]
