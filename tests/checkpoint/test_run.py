"""A run folder: a resumed run is the uninterrupted one, bit for bit; weights belong to their vocabulary."""

from __future__ import annotations

import json
import random
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tinygrad_seq import errors
from tinygrad_seq.checkpoint import load
from tinygrad_seq.data import ByteVocab, CharVocab, Corpus
from tinygrad_seq.train.fit import fit
from tinygrad_seq.train.run import BEST, CONFIG, LAST, LOG, VOCABULARY, Run
from tinygrad_seq.train.settings import OPTIMIZERS, Settings

DICE = random.Random(0)
TEXT = "".join(DICE.choice("abc de\n") for _ in range(220))
CORPUS = Corpus.from_text(TEXT)
SMALL = Settings(
    hidden_size=6, num_layers=2, dropout=0.3, batch_size=4, seq_length=10, steps=6, eval_every=2, save_every=100
)
SCHEDULES = {
    "none": {},
    "warm-up": {"warm_up": 4},
    "step": {"schedule": "step", "decay_after": 1},
    "exponential": {"schedule": "exponential", "decay_after": 1, "warm_up": 2},
    "cosine": {"schedule": "cosine", "warm_up": 2},
    "plateau": {"schedule": "plateau", "decay_after": 0, "lr": 1e-5},
}


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


CASES = [
    *({"cell": cell} for cell in ("rnn", "lstm", "gru", "mlstm")),
    *({"optimizer": optimizer} for optimizer in OPTIMIZERS),
    *SCHEDULES.values(),
    {"dtype": "float64"},
    {"backend": "fake"},
    {"validation": 0.0},
    {"clip": 0.0},
]


@pytest.mark.parametrize("options", CASES, ids=lambda options: ",".join(map(str, options.values())) or "plain")
def test_a_resumed_run_is_the_uninterrupted_one(tmp_path: Path, options: dict[str, Any]) -> None:
    whole = train(tmp_path / "whole", options)
    train(tmp_path / "parts", options, until=3)
    parts = train(tmp_path / "parts", options, resume=True)

    assert log(parts) == log(whole)
    assert [line["step"] for line in log(parts)] == [1, 2, 3, 4, 5, 6]
    for name in (BEST, LAST):
        (arrays, about), (arrays_whole, about_whole) = load(parts.folder / name), load(whole.folder / name)
        assert about == about_whole
        assert arrays.keys() == arrays_whole.keys()
        for key, array in arrays.items():
            np.testing.assert_array_equal(array, arrays_whole[key], err_msg=key)


def test_the_comparison_above_would_notice_a_difference(tmp_path: Path) -> None:
    one, other = train(tmp_path / "one", {}), train(tmp_path / "other", {"seed": 1})
    assert log(one) != log(other)
    for name in SCHEDULES.keys() - {"none"}:
        assert len({line["lr"] for line in log(train(tmp_path / name, SCHEDULES[name]))}) > 1, name
    assert load(one.folder / LAST)[0]["state.0"].any()


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
    assert config["environment"].keys() == {"tinygrad_seq", "python", "numpy", "platform", "blas", "blas_threads"}
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([CONFIG, VOCABULARY, LOG, BEST, LAST])


def test_an_opened_run_has_the_model_of_its_best_step(tmp_path: Path) -> None:
    run = train(tmp_path, {"steps": 4})
    best = min((line for line in run.log() if "held_out" in line), key=lambda line: line["held_out"])
    assert load(tmp_path / BEST)[1]["step"] == str(best["step"])
    model = Run.open(tmp_path).model()
    assert not model.training
    for name, array in model.state_dict().items():
        np.testing.assert_array_equal(array, load(tmp_path / BEST)[0][name])


def test_a_run_of_a_device_is_opened_without_it(tmp_path: Path) -> None:
    train(tmp_path, {"backend": "fake", "steps": 2})
    config = json.loads((tmp_path / CONFIG).read_text())
    config["settings"]["backend"] = "a device that is elsewhere"
    (tmp_path / CONFIG).write_text(json.dumps(config))
    assert {p.backend for p in Run.open(tmp_path).model().parameters()} == {"numpy"}


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


def test_a_folder_without_a_run_is_named(tmp_path: Path) -> None:
    with pytest.raises(errors.CheckpointError, match=r"There is no run in .*config\.json.*tinygrad-seq train"):
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
