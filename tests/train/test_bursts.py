"""Steps of which the host waits for the last alone are the steps that it waits for one by one, bad ones included."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from contextlib import closing
from math import inf, nan

import numpy as np
import pytest
from tinygrad_seq_cupy.kernels import kernels_on
from tinygrad_seq_cupy.kernels.clip import clipped
from tinygrad_seq_cupy.kernels.program import runner
from tinygrad_seq_fake import DeviceArray, FakeBackend

import tinygrad_seq as tg
from tinygrad_seq import nn, optim
from tinygrad_seq.backend import get_backend
from tinygrad_seq.data import Corpus
from tinygrad_seq.errors import AnomalyError
from tinygrad_seq.models import CharLM
from tinygrad_seq.optim.lr_scheduler import ExponentialLR
from tinygrad_seq.train import pace
from tinygrad_seq.train.fit import fit
from tinygrad_seq.train.loop import Course
from tinygrad_seq.train.parallel import ALONE
from tinygrad_seq.train.run import LOG, Run
from tinygrad_seq.train.settings import Settings

from ..gpu.on_cpu import OnCpu

CORPUS = Corpus.from_text("to be or not to be, that is the question. " * 6)
needs_compiler = pytest.mark.skipif(shutil.which("g++") is None, reason="g++ compiles the kernels for the CPU")


@pytest.fixture
def device(monkeypatch):
    """The fake device with all that the GPU's host code does, its kernels compiled for the CPU."""
    fake, on = get_backend("fake"), OnCpu("fake")
    monkeypatch.setattr(fake, "kernels", kernels_on(on))
    monkeypatch.setattr(fake, "in_place", lambda program, dtype: runner(on, DeviceArray, program, dtype))
    monkeypatch.setattr(fake, "clipped", lambda arrays, max_norm: clipped(on, arrays, max_norm))
    return fake


class Poisoned(nn.Module):
    """Its loss is w, but for the step `at`: there `bad(w)` comes in its place."""

    def __init__(self, bad=None, at=0):
        self.w, self.bad, self.at = nn.Parameter([2.0, 0.0]), bad, at

    def loss(self, batch, state):
        w = self.bad(self.w) if batch == self.at else self.w
        return (w * w).sum(), None


def course_of(model, *, clip_norm=1.0, clip_value=inf, replay=False):
    optimizer = optim.Adam(model, lr=0.1)
    return Course(model, optimizer, ExponentialLR(optimizer, 0.9), clip_norm, clip_value, replay, ALONE)


def every(n):
    return lambda number: number % n == 0


def standing(course):
    """All that steps change."""
    weights = [p.detach().numpy() for p in course.parameters]
    return weights, course.optimizer.state_dict(), course.schedule.state_dict()


def run(backend, n, *, steps=11, **settings):
    tg.manual_seed(0)
    with tg.use_backend(backend):
        course = course_of(CharLM(CORPUS.vocab, 6, 2, dropout=0.3), **settings)
        bursts = list(course.bursts(CORPUS.batches(3, 7, steps=steps), None, 0, every(n)))
    return bursts, standing(course)


@pytest.mark.parametrize("settings", [{}, {"clip_norm": inf}, {"clip_value": 1e-3}], ids=str)
@pytest.mark.parametrize("backend", ["numpy", pytest.param("fake", marks=needs_compiler)])
def test_they_are_the_steps_taken_one_by_one_bit_for_bit(device, backend, settings):
    one_by_one, alone = run(backend, 1, **settings)
    bursts, together = run(backend, 4, **settings)
    assert [[step.number for step in steps] for steps in bursts] == [[1, 2, 3, 4], [5, 6, 7, 8], [9, 10, 11]]
    assert [step[:4] for steps in bursts for step in steps] == [steps[0][:4] for steps in one_by_one]
    np.testing.assert_equal(together, alone)


@needs_compiler
@pytest.mark.parametrize("replay", [False, True])
def test_a_burst_waits_for_the_device_once(device, replay):
    """For all losses and all norms; nothing is read before."""
    seen = []

    class Watched(Course):
        def ask(self, batch, state, number):
            asked = super().ask(batch, state, number)
            seen.append(FakeBackend.transfers["to host"])
            return asked

    tg.manual_seed(0)
    with tg.use_backend("fake"):
        model = CharLM(CORPUS.vocab, 6)
        course = Watched(model, optim.Adam(model), None, 1.0, inf, replay, ALONE)
        before = Counter(FakeBackend.transfers)["to host"]
        seen.extend("read" for _ in course.bursts(CORPUS.batches(3, 7, steps=8), None, 0, every(4)))
    assert [x - before if x != "read" else x for x in seen] == [0, 0, 0, 0, "read", 2, 2, 2, 2, "read"]


BAD = [
    (lambda w: tg.log(w - 5), "the loss is nan", "First: log in"),
    (lambda w: w + tg.exp(w + 1000), "the loss is inf", "First: exp in"),
    (lambda w: 0 * tg.sqrt(w - w.detach()) + w, "the gradient's norm is nan", "First: the backward pass of sqrt in"),
]


@pytest.mark.parametrize(("bad", "what", "first"), BAD)
@pytest.mark.parametrize("at", range(1, 8))
def test_one_that_must_not_be_taken_is_found_in_the_middle_of_a_burst(at, bad, what, first):
    """Weights, optimizer and schedule are those of the steps before it, wherever in a burst it stands."""
    course = course_of(Poisoned(bad, at))
    with pytest.raises(AnomalyError, match=rf"^step {at}: {what}\.") as caught:
        list(course.bursts(range(1, 10), None, 0, every(3)))
    assert first in str(caught.value)
    expected = course_of(Poisoned())
    list(expected.bursts(range(1, at), None, 0, every(1)))
    np.testing.assert_equal(standing(course), standing(expected))


def test_what_is_not_finite_once_and_is_the_second_time_goes_on():
    """Sums of a device that adds in no fixed order may overflow in one order alone."""

    class Moody(Poisoned):
        def loss(self, batch, state):
            self.at = 2 if not hasattr(self, "met") else 0
            if batch == 2:
                self.met = True
            return super().loss(batch, state)

    course = course_of(Moody(lambda w: w * nan))
    bursts = list(course.bursts(range(1, 7), None, 0, every(3)))
    expected = course_of(Poisoned())
    plain = list(expected.bursts(range(1, 7), None, 0, every(3)))
    assert [step[:4] for steps in bursts for step in steps] == [step[:4] for steps in plain for step in steps]
    np.testing.assert_equal(standing(course), standing(expected))


# When


class Moment:
    step = 5

    def __init__(self, backend):
        self.optimizer = optim.SGD([tg.tensor([1.0], requires_grad=True, backend=backend)])


def read(paced, numbers):
    return [number for number in numbers if paced.reads(number)]


def test_on_a_device_it_is_read_after_a_tenth_of_a_seconds_worth_of_steps():
    paced = pace.Pace(Moment("fake"), ALONE, lambda number: False)
    assert read(paced, [6]) == [6]  # the first, of which nobody knows how long it takes
    paced.took(1, 0.033)
    assert read(paced, range(7, 10)) == [9]
    paced.took(3, 1e-9)
    assert read(paced, range(10, 10 + pace.MOST)) == [9 + pace.MOST]
    paced.took(pace.MOST, 10 * pace.MOST)
    assert read(paced, [10 + pace.MOST]) == [10 + pace.MOST]


def test_it_is_read_where_it_must_be():
    paced = pace.Pace(Moment("fake"), ALONE, every(10))
    paced.took(1, 1e-9)
    assert read(paced, range(7, 35)) == [10, 20, 30]


@pytest.mark.parametrize(("backend", "size"), [("numpy", 1), ("fake", 2)])
def test_on_the_host_and_by_ranks_each_step_is_read(backend, size):
    ranks = type("Several", (type(ALONE),), {"size": size})()
    paced = pace.Pace(Moment(backend), ranks, lambda number: False)
    paced.took(1, 1e-9)
    assert read(paced, [7, 8]) == [7, 8]


# In a run


@needs_compiler
def test_a_run_on_a_device_logs_every_step_and_is_told_of_the_last_of_a_burst(device, monkeypatch, tmp_path):
    monkeypatch.setattr(pace, "STRETCH", 1e9)
    options = {"hidden_size": 6, "batch_size": 4, "seq_length": 8, "steps": 20, "eval_every": 9, "save_every": 12}
    told, logs, weights = {}, {}, {}
    for most in (1, 64):
        monkeypatch.setattr(pace, "MOST", most)
        run = Run.create(tmp_path / str(most), Settings(backend="fake", **options), CORPUS)
        training, held_out = run.settings.split(CORPUS)
        moment = run.begin(training)
        with tg.use_backend("fake"):
            told[most] = [p.step for p in fit(run, moment, training, held_out, told=[15])]
        lines = [json.loads(line) for line in (run.folder / LOG).read_text().splitlines()]
        logs[most] = [{name: x for name, x in line.items() if name != "chars_per_s"} for line in lines]
        weights[most] = moment.model.state_dict()
    assert told == {1: list(range(1, 21)), 64: [1, 9, 12, 15, 18, 20]}
    assert logs[64] == logs[1]
    np.testing.assert_equal(weights[64], weights[1])


@needs_compiler
def test_who_stops_a_run_on_a_device_finds_the_steps_saved_that_it_was_told_of(device, monkeypatch, tmp_path):
    monkeypatch.setattr(pace, "STRETCH", 1e9)
    options = {"hidden_size": 6, "batch_size": 4, "seq_length": 8, "steps": 20, "eval_every": 7}
    run = Run.create(tmp_path, Settings(backend="fake", **options), CORPUS)
    training, held_out = run.settings.split(CORPUS)
    with tg.use_backend("fake"):
        with closing(fit(run, run.begin(training), training, held_out)) as course:
            stopped = next(p.step for p in course if p.step > 1)
        assert stopped == 7
        assert run.resume(training).step == 7
    assert [line["step"] for line in run.log()] == list(range(1, 8))
