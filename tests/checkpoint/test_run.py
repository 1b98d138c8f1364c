"""A run folder: what it holds, what is left of it after a failure; weights belong to their vocabulary."""

from __future__ import annotations

import json
import math
import random
import shutil
from collections.abc import Callable
from contextlib import closing, suppress
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tinygrad_seq import errors
from tinygrad_seq.checkpoint import HASH, load, save
from tinygrad_seq.data import ByteVocab, CharVocab, Corpus
from tinygrad_seq.train.environment import environment
from tinygrad_seq.train.fit import fit
from tinygrad_seq.train.run import BEST, CONFIG, LAST, LOG, PREVIOUS, VOCABULARY, Run
from tinygrad_seq.train.settings import Settings

from .disk import Killed, failing

DICE = random.Random(0)
TEXT = "".join(DICE.choice("abc de\n") for _ in range(220))
CORPUS = Corpus.from_text(TEXT)
SMALL = Settings(
    hidden_size=6, num_layers=2, dropout=0.3, batch_size=4, seq_length=10, steps=6, eval_every=2, save_every=100
)


def settings(**options: Any) -> Settings:
    return Settings(**{**SMALL.to_json(), **options})


def train(folder: Path, options: dict[str, Any], until: int = 100, *, resume: bool = False) -> Run:
    """Train up to a step; what the next process would have to find is on disk then."""
    run = Run.open(folder) if resume else Run.create(folder, settings(**options), CORPUS)
    training, held_out = run.settings.split(CORPUS)
    moment = run.resume(training) if resume else run.begin(training)
    with closing(fit(run, moment, training, held_out)) as course:
        for progress in course:
            if progress.step == until:
                break
    return run


def log(run: Run) -> list[dict[str, Any]]:
    return [{name: value for name, value in line.items() if name != "chars_per_s"} for line in run.log()]


def test_what_was_logged_after_the_last_checkpoint_is_logged_anew(tmp_path: Path) -> None:
    run = train(tmp_path, {"save_every": 2, "steps": 4})
    with (tmp_path / LOG).open("a") as file:
        file.write(json.dumps({"step": 5, "loss": 9.0}) + '\n{"step": 6, "lo')  # the process died in mid-line
    run.change(steps=6)
    training, held_out = run.settings.split(CORPUS)
    for _ in fit(run, run.resume(training), training, held_out):
        pass
    assert [line["step"] for line in log(run)] == [1, 2, 3, 4, 5, 6]
    assert log(run) == log(train(tmp_path / "whole", {}))


def test_a_run_says_everything_that_decides_it(tmp_path: Path) -> None:
    run = train(tmp_path, {})
    config = json.loads((tmp_path / CONFIG).read_text())
    assert config["settings"] == json.loads(json.dumps(run.settings.to_json()))
    assert config["text"] == {"source": "a text", "sha256": CORPUS.sha256, "symbols": 220}
    assert config["environment"] == environment()
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([CONFIG, VOCABULARY, LOG, BEST, LAST])


def test_an_opened_run_has_the_model_of_its_best_step(tmp_path: Path) -> None:
    run = train(tmp_path, {"steps": 4})
    best = min((line for line in run.log() if "held_out" in line), key=lambda line: line["held_out"])
    assert load(tmp_path / BEST)[1]["step"] == str(best["step"])
    model = Run.open(tmp_path).model()
    assert not model.training
    for name, array in model.state_dict().items():
        np.testing.assert_array_equal(array, load(tmp_path / BEST)[0][name])


@pytest.mark.host("opened on the host")
def test_a_run_of_a_device_is_opened_without_it(tmp_path: Path) -> None:
    train(tmp_path, {"backend": "fake", "steps": 2})
    config = json.loads((tmp_path / CONFIG).read_text())
    config["settings"]["backend"] = "a device that is elsewhere"
    (tmp_path / CONFIG).write_text(json.dumps(config))
    assert {p.backend for p in Run.open(tmp_path).model().parameters()} == {"numpy"}


def damage(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


@pytest.mark.parametrize(
    ("harm", "words"), [(damage, "is damaged"), (truncate, "is damaged"), (Path.unlink, "is missing")]
)
def test_a_damaged_or_missing_checkpoint_gives_way_to_the_one_before(
    tmp_path: Path, harm: Callable[[Path], None], words: str
) -> None:
    whole = train(tmp_path / "whole", {"save_every": 2})
    run = train(tmp_path / "run", {"save_every": 2, "steps": 4})
    harm(run.folder / LAST)
    run.change(steps=6)
    training, held_out = run.settings.split(CORPUS)
    moment = run.resume(training)
    assert moment.step == 2
    assert f"last.safetensors {words}" in moment.instead_of
    assert [line["step"] for line in run.log()] == [1, 2]
    for _ in fit(run, moment, training, held_out):
        pass
    assert load(run.folder / LAST)[1] == load(whole.folder / LAST)[1]
    assert log(run) == log(whole)


def step_of(path: Path) -> int:
    return int(json.loads(load(path)[1]["training"])["step"])


def test_after_a_damage_the_good_one_is_the_one_before_the_next(tmp_path: Path) -> None:
    train(tmp_path, {"save_every": 2, "steps": 4})
    damage(tmp_path / LAST)
    train(tmp_path, {}, resume=True)
    assert (step_of(tmp_path / PREVIOUS), step_of(tmp_path / LAST)) == (2, 4)


@pytest.mark.parametrize("dies", [False, True], ids=["fails", "dies"])
@pytest.mark.parametrize("harm", [damage, truncate, Path.unlink])
def test_whichever_call_fails_after_a_damage_a_good_checkpoint_is_left(
    tmp_path: Path, harm: Callable[[Path], None], dies: bool, record_property: Callable[[str, object], None]
) -> None:
    start = train(tmp_path / "start", {"save_every": 2, "steps": 4}).folder
    harm(start / LAST)
    steps = []
    for n in count(1):
        folder = shutil.copytree(start, tmp_path / str(n))
        with failing(n, dies=dies) as watched, suppress(errors.CheckpointError, OSError, Killed):
            train(folder, {}, resume=True)
        steps.append(Run.open(folder).resume(CORPUS).step)
        assert steps[-1] in (2, 4)
        if watched.calls < n:
            break
    assert len(steps) > 20
    assert steps[-1] == 4
    record_property("deaths after a damage" if dies else "calls that failed after a damage", len(steps) - 1)


def test_two_damaged_checkpoints_are_an_error_that_names_both(tmp_path: Path) -> None:
    run = train(tmp_path, {"save_every": 2})
    damage(tmp_path / LAST)
    damage(tmp_path / PREVIOUS)
    with pytest.raises(
        errors.CheckpointError, match=r"last\.safetensors is damaged(.|\n)*previous\.safetensors is damaged"
    ):
        run.resume(CORPUS)
    (tmp_path / PREVIOUS).unlink()
    with pytest.raises(
        errors.CheckpointError, match=r"last\.safetensors is damaged(.|\n)*previous\.safetensors is missing"
    ):
        run.resume(CORPUS)


def test_a_checkpoint_without_its_hash_is_no_longer_whole(tmp_path: Path) -> None:
    run = train(tmp_path, {})
    for name in (BEST, LAST):
        content = (tmp_path / name).read_bytes()
        (tmp_path / name).write_bytes(content.replace(HASH.encode(), HASH.upper().encode()))
    with pytest.raises(errors.CheckpointError, match="the hash of its content is missing"):
        run.model()
    with pytest.raises(errors.CheckpointError, match="the hash of its content is missing"):
        run.resume(CORPUS)


@pytest.mark.parametrize("junk", [b"\xff\xfe", b"[" * 100_000, b"[]", b"5", b'{"loss": 1}', b'{"step": "7"}', b"{"])
def test_a_log_ends_where_it_is_no_log_any_more(tmp_path: Path, junk: bytes) -> None:
    run = train(tmp_path, {})
    lines = (tmp_path / LOG).read_bytes().splitlines()
    (tmp_path / LOG).write_bytes(b"\n".join([*lines[:3], junk, *lines[3:]]))
    assert [line["step"] for line in run.log()] == [1, 2, 3]


@pytest.mark.oracle
def test_torch_loads_the_best_weights(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    train(tmp_path, {})
    weights = pytest.importorskip("safetensors.torch").load_file(tmp_path / BEST)
    lstm = torch.nn.LSTM(len(CORPUS.vocab), 6, num_layers=2)
    lstm.load_state_dict({name.removeprefix("rnn."): w for name, w in weights.items() if name.startswith("rnn.")})


def test_a_nan_leaves_what_was_saved(tmp_path: Path) -> None:
    run = Run.create(tmp_path, settings(save_every=2), CORPUS)
    training, held_out = run.settings.split(CORPUS)
    moment = run.begin(training)
    course = fit(run, moment, training, held_out)
    for _ in range(3):
        next(course)
    moment.model.head.bias.assign_(moment.model.head.bias.data * np.nan, by="the test")
    with pytest.raises(errors.AnomalyError, match="step 4: the loss is nan"):
        next(course)
    assert run.resume(training).step == 2


@pytest.mark.parametrize("held_out", [True, False])
def test_a_step_that_went_too_far_is_not_saved(tmp_path: Path, held_out: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    options = {"save_every": 1, "optimizer": "sgd", "validation": 0.1 if held_out else 0.0, "eval_every": 100}
    run = Run.create(tmp_path, settings(**options), CORPUS)
    training, rest = run.settings.split(CORPUS)
    moment = run.begin(training)
    course = fit(run, moment, training, rest)
    next(course)
    bias = moment.model.head.bias
    monkeypatch.setattr(moment.optimizer, "step", lambda: bias.assign_(bias.data + np.inf, by="the test"))
    with (
        np.errstate(all="ignore"),
        pytest.raises(
            errors.AnomalyError, match=r"step 2: after SGD\.step\(\) not all of (model.)?head.bias is finite"
        ),
    ):
        next(course)
    assert run.resume(training).step == 1
    assert all(
        np.isfinite(array).all()
        for name in (BEST, LAST)
        if (tmp_path / name).exists()
        for array in load(tmp_path / name)[0].values()
    )


def test_a_held_out_loss_that_is_no_number_is_not_the_best(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tinygrad_seq.train.fit.evaluate", lambda model, corpus: float("nan"))
    with pytest.raises(errors.AnomalyError, match="step 2: the loss on the held-out text is nan"):
        train(tmp_path, {})
    assert not (tmp_path / BEST).exists()


def test_a_failed_save_leaves_the_one_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = train(tmp_path, {"steps": 4, "save_every": 2})
    before = load(tmp_path / LAST)

    def full(*args: object) -> None:
        raise OSError(28, "No space left on device")

    run.change(steps=6)
    training, held_out = run.settings.split(CORPUS)
    moment = run.resume(training)
    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(errors.CheckpointError, match="No space left on device"):
        for _ in fit(run, moment, training, held_out):
            pass
    monkeypatch.undo()
    assert load(tmp_path / LAST)[1] == before[1]


def test_a_folder_with_a_run_is_left_alone(tmp_path: Path) -> None:
    train(tmp_path, {})
    with pytest.raises(errors.ConfigError, match=r"holds a run already.*--resume.*--out.*--force"):
        Run.create(tmp_path, SMALL, CORPUS)
    assert (tmp_path / BEST).exists()
    Run.create(tmp_path, SMALL, CORPUS, force=True)
    assert not (tmp_path / BEST).exists()


def test_a_text_too_short_for_a_batch_leaves_no_folder(tmp_path: Path) -> None:
    with pytest.raises(errors.DataError, match="--batch-size"):
        Run.create(tmp_path / "run", SMALL, Corpus.from_text("too short " * 4))
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("options", "words"),
    [({"lr": math.inf}, "lr"), ({"schedule": "step", "decay": -1.0}, "gamma|decay"), ({"weight_norm": True}, "mlstm")],
)
def test_a_setting_that_is_refused_leaves_the_folder_as_it_was(
    tmp_path: Path, options: dict[str, Any], words: str
) -> None:
    with pytest.raises(errors.ConfigError, match=words):
        Run.create(tmp_path / "new", settings(**options), CORPUS)
    assert not (tmp_path / "new").exists()
    before = train(tmp_path / "old", {}).log()
    with pytest.raises(errors.ConfigError, match=words):
        Run.create(tmp_path / "old", settings(**options), CORPUS, force=True)
    assert (tmp_path / "old" / BEST).exists()
    assert Run.open(tmp_path / "old").log() == before


@pytest.mark.parametrize("best", [6e30, 1e300, 3.0, 3])
def test_a_loss_that_has_grown_beyond_all_bounds_is_still_a_number(tmp_path: Path, best: float) -> None:
    run = Run.create(tmp_path, SMALL, CORPUS)
    moment = run.begin(CORPUS)
    moment.best = best
    run.save_last(moment)
    assert run.resume(CORPUS).best == best


@pytest.mark.parametrize("best", ["Infinity", "NaN", str(2**63), str(-(10**400)), "true", '"1"', "[]"])
def test_what_is_no_number_of_a_training_is_refused(tmp_path: Path, best: str) -> None:
    run = Run.create(tmp_path, SMALL, CORPUS)
    moment = run.begin(CORPUS)
    moment.best = 3.0
    run.save_last(moment)
    arrays, about = load(tmp_path / LAST)
    save(tmp_path / LAST, arrays, {**about, "training": about["training"].replace('"best": 3.0', f'"best": {best}')})
    with pytest.raises(errors.CheckpointError, match=r"\.best is .* a number is expected"):
        run.resume(CORPUS)


def test_a_folder_without_a_run_is_named(tmp_path: Path) -> None:
    with pytest.raises(errors.CheckpointError, match=r"There is no run in .*config\.json.*tinygrad-seq train"):
        Run.open(tmp_path)


def test_settings_of_a_wrong_type_or_range_are_named(tmp_path: Path) -> None:
    train(tmp_path, {})
    config = json.loads((tmp_path / CONFIG).read_text())
    for name, wrong in (
        *(("seed", -1), ("steps", True), ("lr", "1e-3"), ("hidden_size", 2.5), ("cell", "perceptron"), ("dtype", [])),
        *(("text", "ab"), ("text", [1]), ("validation", None), ("decay_after", 0.5)),
    ):
        (tmp_path / CONFIG).write_text(json.dumps({**config, "settings": {**config["settings"], name: wrong}}))
        with pytest.raises(errors.CheckpointError, match=name):
            Run.open(tmp_path)


@pytest.mark.parametrize("content", ["{", "[]", "{}", '{"settings": {"cell": "lstm", "wings": 2}}'])
def test_a_damaged_config_is_named(tmp_path: Path, content: str) -> None:
    train(tmp_path, {})
    (tmp_path / CONFIG).write_text(content)
    with pytest.raises(errors.CheckpointError):
        Run.open(tmp_path)


def test_a_run_without_weights_says_how_to_get_them(tmp_path: Path) -> None:
    run = Run.create(tmp_path, SMALL, CORPUS)
    with pytest.raises(errors.CheckpointError, match=r"no weights yet.*--resume"):
        run.model()
    with pytest.raises(errors.CheckpointError, match=r"before anything was saved.*--force"):
        run.resume(CORPUS)


@pytest.mark.parametrize("vocab", [CharVocab("xyz"), CharVocab("".join(reversed(CORPUS.vocab.symbols))), ByteVocab()])
def test_weights_of_another_vocabulary_are_refused(tmp_path: Path, vocab: CharVocab | ByteVocab) -> None:
    train(tmp_path, {})
    (tmp_path / VOCABULARY).write_text(json.dumps(vocab.to_json()))
    run = Run.open(tmp_path)
    with pytest.raises(errors.CheckpointError, match=r"best\.safetensors was trained with another vocabulary"):
        run.model()
    with pytest.raises(errors.CheckpointError, match=r"last\.safetensors was trained with another vocabulary"):
        run.resume(CORPUS)


def test_weights_of_another_model_are_refused_by_shape(tmp_path: Path) -> None:
    train(tmp_path / "a", {})
    train(tmp_path / "b", {"hidden_size": 7})
    (tmp_path / "b" / BEST).replace(tmp_path / "a" / BEST)
    with pytest.raises(errors.CheckpointError, match=r"head\.weight: shape \(7, 7\), the model has \(7, 6\)"):
        Run.open(tmp_path / "a").model()


def test_a_text_that_has_changed_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "text.txt"
    file.write_text(TEXT)
    asked = settings(text=(str(file),))
    run = Run.create(tmp_path / "run", asked, asked.read())
    assert run.corpus().text == TEXT
    file.write_text(TEXT + "more")
    with pytest.raises(errors.DataError, match="has changed since"):
        run.corpus()


def test_a_cosine_keeps_its_length(tmp_path: Path) -> None:
    run = train(tmp_path, {"schedule": "cosine"})
    with pytest.raises(errors.ConfigError, match="ends at step 6"):
        run.change(steps=7)
