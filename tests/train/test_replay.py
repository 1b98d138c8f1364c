"""Training that replays its steps takes the steps that it would have taken, and replays nothing that it must not."""

from __future__ import annotations

import shutil
from collections import Counter

import numpy as np
import pytest
from tinygrad_seq_cupy.kernels import kernels_on
from tinygrad_seq_cupy.kernels.program import runner
from tinygrad_seq_fake import DeviceArray, FakeBackend, HostAccessError

import tinygrad_seq as tg
from tinygrad_seq import scope
from tinygrad_seq.backend import get_backend
from tinygrad_seq.data import Corpus
from tinygrad_seq.models import CharLM
from tinygrad_seq.optim import SGD, Adam
from tinygrad_seq.train import train
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


def test_numpy_has_nothing_to_record():
    (losses, _, calls), (expected, _, _) = (run("numpy", replay=r) for r in (True, False))
    assert losses == expected
    assert calls == 12


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
def test_recordings_of_few_shapes_are_kept(device):
    """Of more shapes than are kept, each in turn, none is kept long enough to be replayed twice."""
    shapes = [3 + k for k in range(KEPT + 1)]
    several = [next(iter(CORPUS.batches(2, T))) for _ in range(WARM + 2) for T in shapes]
    (losses, _, calls), (expected, _, _) = (run("fake", batches=iter(several), replay=r) for r in (True, False))
    assert losses == expected
    assert calls == len(several)
    few = [next(iter(CORPUS.batches(2, T))) for _ in range(WARM + 2) for T in shapes[:KEPT]]
    _, _, calls = run("fake", batches=iter(few))
    assert calls == len(few) - KEPT + 1  # the very first batch has no state to carry: a kind of its own


def test_nothing_may_cross_while_a_step_is_recorded(device):
    x = device.from_host(np.ones(2))
    with pytest.raises(HostAccessError, match="to host"):
        device.capture(lambda: device.to_host(x))
    y = []
    again = device.capture(lambda: y.append(x * 2))
    x[...] = 5
    again(1)
    assert device.to_host(y[0]).tolist() == [10, 10]
