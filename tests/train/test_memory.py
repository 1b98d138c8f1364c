"""Memory is reckoned before it is taken: near what is used, and refused where it is not there."""

from __future__ import annotations

import resource
import sys
import tracemalloc
from dataclasses import replace
from pathlib import Path
from threading import Thread

import pytest

from tinygrad_seq.data import CharVocab, Corpus
from tinygrad_seq.errors import OutOfMemoryError
from tinygrad_seq.train import memory, room
from tinygrad_seq.train.fit import fit
from tinygrad_seq.train.memory import Need, check, of_model, of_training
from tinygrad_seq.train.room import available, may_take
from tinygrad_seq.train.run import Run
from tinygrad_seq.train.settings import OPTIMIZERS, TAKEN_BY_BYTES, TAKEN_BY_CHARACTERS, Settings

TEXT = "".join(chr(ord("!") + i) for i in range(90)) * 50
VOCAB = CharVocab.from_text(TEXT)


@pytest.mark.host("counts bytes of NumPy")
@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru", "mlstm"])
@pytest.mark.parametrize("layers", [1, 3])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_weights_of_a_model_are_counted(cell, layers, dtype):
    settings = Settings(cell=cell, num_layers=layers, hidden_size=40, dtype=dtype)
    used = sum(parameter.data.nbytes for parameter in settings.make_model(VOCAB).parameters())
    assert of_model(settings, len(VOCAB)).weights - layers * memory.OF_A_LAYER == pytest.approx(used, rel=0.01)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_what_an_optimizer_remembers_is_counted(name):
    make, lr, options = OPTIMIZERS[name]
    model = Settings(hidden_size=4).make_model(VOCAB)
    optimizer = make(model, lr=lr, **options)
    for parameter in model.parameters():
        parameter.grad = parameter.detach()
    optimizer.step()
    remembered = {len(slots) for slots in optimizer.state.values()} or {0}
    assert remembered == {memory.slots(Settings(optimizer=name))}


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru", "mlstm"])
@pytest.mark.parametrize(
    "size",
    [
        {"hidden_size": 256, "batch_size": 2, "seq_length": 8},
        {"hidden_size": 64, "batch_size": 32, "seq_length": 100},
        {"hidden_size": 96, "num_layers": 3, "batch_size": 16, "seq_length": 128, "dropout": 0.5},
    ],
    ids=["weights", "steps", "layers"],
)
def test_a_training_takes_about_what_was_reckoned_and_no_more(tmp_path: Path, cell, size):
    settings = Settings(cell=cell, steps=2, eval_every=2, save_every=2, **size)
    corpus = Corpus.from_text(TEXT)
    training, held_out = settings.split(corpus)
    run = Run.create(tmp_path / "warm", settings, corpus)
    list(fit(run, run.begin(training), training, held_out))
    run = Run.create(tmp_path / "run", settings, corpus)
    tracemalloc.start()
    # in a thread of its own: the kernels of this one have memory from before, which they would use again
    thread = Thread(target=lambda: list(fit(run, run.begin(training), training, held_out)))
    thread.start()
    thread.join()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    reckoned = of_training(settings, len(corpus.vocab), len(corpus)).total
    assert peak < reckoned < 2.5 * peak


def test_what_does_not_fit_is_refused_with_its_parts_and_the_cure():
    with may_take(4), pytest.raises(OutOfMemoryError) as caught:
        check(Need(3 * 10**9, 2 * 10**9, 10**8))
    said = str(caught.value)
    assert "5.1 GB (weights 3.0 GB, optimizer 2.0 GB, steps 0.1 GB), and there are 4.0 GB. Nothing was begun." in said
    assert "--hidden" in said
    assert "--memory" in said
    assert isinstance(caught.value, MemoryError)


@pytest.mark.parametrize("gigabytes", [10**7, float("inf")])
def test_the_user_may_say_that_there_is_more(gigabytes):
    with pytest.raises(OutOfMemoryError):
        check(Need(10**15))
    with may_take(gigabytes):
        check(Need(10**15))
    with pytest.raises(OutOfMemoryError):
        check(Need(10**15))


def test_the_user_may_say_that_there_is_less():
    check(Need(10**6))
    with may_take(0), pytest.raises(OutOfMemoryError):
        check(Need(10**6))


def test_a_word_of_nothing_leaves_it_to_the_system():
    with may_take(None):
        check(Need(10**6))
        with pytest.raises(OutOfMemoryError):
            check(Need(10**18))


def test_a_size_beyond_all_floats_is_refused_too():
    with pytest.raises(OutOfMemoryError, match="GB"):
        check(Need(10**400))


def test_where_the_system_tells_nothing_nothing_is_refused(monkeypatch):
    for source in ("free_of_machine", "free_of_container", "free_of_process"):
        monkeypatch.setattr(room, source, lambda: None)
    assert available() is None
    check(Need(10**30))


def test_the_least_that_is_told_counts(monkeypatch):
    for source, told in (("free_of_machine", 8), ("free_of_container", 3), ("free_of_process", 5)):
        monkeypatch.setattr(room, source, lambda told=told: told)
    assert available() == 3


@pytest.mark.skipif(sys.platform != "linux", reason="as Linux tells it")
def test_a_limit_of_this_process_counts(monkeypatch):
    now = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    monkeypatch.setattr(resource, "getrlimit", lambda which: (now + 10**7, -1))
    assert 0 < available() <= 10**7 + 10**6


def test_a_model_that_is_too_large_is_not_begun(tmp_path):
    corpus = Corpus.from_text(TEXT)
    run = Run.create(tmp_path, Settings(hidden_size=4), corpus)
    run.settings = replace(run.settings, hidden_size=10**9)
    with pytest.raises(OutOfMemoryError):
        run.begin(corpus)
    run.settings = replace(run.settings, hidden_size=1, num_layers=10**12)
    with pytest.raises(OutOfMemoryError):
        run.new_model()


READ = {
    "ascii": "to be or not to be\n" * 20_000,
    "Greek": "ἄειδε θεά\n" * 20_000,
    "one emoji among much ASCII": "to be or not to be\r\n" * 20_000 + "\N{GRINNING FACE}",
}


@pytest.mark.parametrize("vocab", ["chars", "bytes"])
@pytest.mark.parametrize("text", READ.values(), ids=READ)
@pytest.mark.parametrize("files", [1, 8])
def test_a_text_takes_what_was_reckoned_at_most(tmp_path, text, vocab, files):
    for i in range(files):
        (tmp_path / f"{i}.txt").write_text(text, "utf-8")
    size = sum(file.stat().st_size for file in tmp_path.iterdir())
    settings = Settings(text=(str(tmp_path),), vocab=vocab)
    tracemalloc.start()
    for part in settings.split(settings.read()):
        part.ids  # noqa: B018  they are made when they are asked for
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    reckoned = size * (TAKEN_BY_BYTES if vocab == "bytes" else TAKEN_BY_CHARACTERS)
    assert peak < reckoned < 5 * peak


@pytest.mark.parametrize(("vocab", "fits", "too_much"), [("chars", 0.000025, 0.000024), ("bytes", 5e-6, 4.9e-6)])
def test_a_text_that_is_too_large_is_refused_before_it_is_read(tmp_path, vocab, fits, too_much):
    file = tmp_path / "text.txt"
    file.write_text("abcd" * 250)
    settings = Settings(text=(str(file),), vocab=vocab)
    with may_take(fits):
        assert len(settings.read()) == 1000
    with (
        may_take(too_much),
        pytest.raises(OutOfMemoryError, match=r"1,000 bytes or more.*memory.*\n.*--memory") as error,
    ):
        settings.read()
    assert "Nothing was begun" in str(error.value)


def test_a_file_of_a_thousand_gigabytes_is_not_begun(tmp_path):
    file = tmp_path / "hollow.txt"
    with file.open("wb") as hollow:
        hollow.truncate(10**12)
    with pytest.raises(OutOfMemoryError, match="1,000,000,000,000 bytes or more"):
        Settings(text=(str(file),)).read()


def test_where_the_system_tells_nothing_any_text_is_read(tmp_path, monkeypatch):
    for source in ("free_of_machine", "free_of_container", "free_of_process"):
        monkeypatch.setattr(room, source, lambda: None)
    (tmp_path / "text.txt").write_text("abcd")
    assert len(Settings(text=(str(tmp_path / "text.txt"),)).read()) == 4
