"""A run resumed at any step is the uninterrupted one, bit for bit: every optimizer under every schedule, every cell."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tinygrad_seq as tg
from tinygrad_seq.checkpoint import load
from tinygrad_seq.data import Corpus
from tinygrad_seq.train.fit import fit
from tinygrad_seq.train.run import BEST, LAST, Run
from tinygrad_seq.train.settings import OPTIMIZERS, Settings

DICE = random.Random(0)
CORPUS = Corpus.from_text("".join(DICE.choice("abc de\n") for _ in range(100)))
STEPS = 7
Record = Callable[[str, object], None]
SIZES = {"hidden_size": 3, "dropout": 0.3, "batch_size": 3, "seq_length": 7}
SMALL = {**SIZES, "steps": STEPS, "eval_every": 2, "save_every": 1}
"""Four batches an epoch: the streams start again, and the state from zero, within the seven steps."""
SCHEDULES: dict[str, dict[str, Any]] = {
    "none": {},
    "warm-up": {"warm_up": 4},
    "step": {"schedule": "step", "decay_after": 1},
    "exponential": {"schedule": "exponential", "decay_after": 1, "warm_up": 2},
    "cosine": {"schedule": "cosine", "warm_up": 2},
    "plateau": {"schedule": "plateau", "decay_after": 0, "lr": 1e-5},
}


def go_through(run: Run, moment: Any, keep: Path | None = None) -> None:
    """Train to the end; with `keep` the folder as it was after each step is kept there, by the step's number."""
    training, held_out = run.settings.split(CORPUS)
    with closing(fit(run, moment, training, held_out)) as course:
        for progress in course:
            tg.random.next_key()  # what is drawn between steps belongs to no step
            if keep is not None:
                shutil.copytree(run.folder, keep / str(progress.step))


def check_any_step(folder: Path, options: dict[str, Any], stops: range = range(1, STEPS)) -> int:
    """Train, resume what was on disk after each step, and compare all files with those of the uninterrupted run.

    Returns how many times it was resumed.
    """
    whole = Run.create(folder / "whole", Settings(**{**SMALL, **options}), CORPUS)
    training, _ = whole.settings.split(CORPUS)
    go_through(whole, whole.begin(training), folder)
    for stop in stops:
        run = Run.open(folder / str(stop))
        tg.manual_seed(987)  # as another process would come
        moment = run.resume(training)
        assert moment.step == stop
        go_through(run, moment)
        for name in (BEST, LAST):
            (arrays, about), (expected, about_whole) = load(run.folder / name), load(whole.folder / name)
            assert about == about_whole
            assert arrays.keys() == expected.keys()
            for key, array in arrays.items():
                np.testing.assert_array_equal(array, expected[key], err_msg=f"{key}, resumed after step {stop}")
        assert without_speed(run) == without_speed(whole)
    return len(stops)


def without_speed(run: Run) -> list[dict[str, Any]]:
    return [{name: value for name, value in line.items() if name != "chars_per_s"} for line in run.log()]


@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_every_optimizer_under_every_schedule(
    tmp_path: Path, optimizer: str, schedule: str, record_property: Record
) -> None:
    record_property("resumed", check_any_step(tmp_path, {"optimizer": optimizer, **SCHEDULES[schedule]}))


@pytest.mark.parametrize(
    "options",
    [
        *({"cell": cell, "num_layers": 2} for cell in ("rnn", "lstm", "gru", "mlstm")),
        *({"dtype": "float64"}, {"validation": 0.0}, {"clip": 0.0}, {"backend": "fake"}),
    ],
    ids=lambda options: ",".join(map(str, options.values())) or "plain",
)
def test_at_any_step(tmp_path: Path, options: dict[str, Any], record_property: Record) -> None:
    record_property("resumed", check_any_step(tmp_path, options))


@pytest.mark.parametrize("schedule", [name for name in SCHEDULES if name != "none"])
def test_each_of_these_schedules_changes_the_learning_rate(tmp_path: Path, schedule: str) -> None:
    run = Run.create(tmp_path, Settings(**{**SMALL, **SCHEDULES[schedule]}), CORPUS)
    go_through(run, run.begin(run.settings.split(CORPUS)[0]))
    assert len({line["lr"] for line in run.log()}) > 1


@pytest.mark.parametrize("lost", ["step", "random", "state", "optimizer", "schedule"])
def test_each_part_of_the_moment_is_needed(tmp_path: Path, lost: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The comparison above notices what is not put back."""
    resume = Run.resume

    def forgetful(self: Run, training: Corpus) -> Any:
        moment = resume(self, training)
        fresh = self.begin(training)
        match lost:
            case "step":
                moment.step -= 1
            case "random":
                tg.manual_seed(987)
            case "state":
                moment.state = None
            case "optimizer":
                fresh.model.load_state_dict(moment.model.state_dict())
                moment.model, moment.optimizer = fresh.model, fresh.optimizer
                moment.schedule.by_step.optimizer = fresh.optimizer
            case "schedule":
                moment.schedule = fresh.schedule
        if lost != "random":
            tg.random.rewind(tg.random.Key(0, moment.step, 0))
        return moment

    monkeypatch.setattr(Run, "resume", forgetful)
    with pytest.raises(AssertionError):
        check_any_step(tmp_path, {"schedule": "cosine"}, range(2, 3))
