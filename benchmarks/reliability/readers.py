"""The files that this library reads, each with what reads it and what a right load is."""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib.metadata import entry_points
from pathlib import Path
from random import Random

import numpy as np

from tinygrad_seq import functional as F
from tinygrad_seq import nn, viz
from tinygrad_seq.checkpoint import load, save
from tinygrad_seq.data import Corpus, read, vocab_from_json
from tinygrad_seq.record import Record, record
from tinygrad_seq.tensor import Tensor
from tinygrad_seq.train.fit import fit
from tinygrad_seq.train.run import BEST, CONFIG, LAST, LOG, PREVIOUS, VOCABULARY, Run
from tinygrad_seq.train.settings import Settings
from tinygrad_seq.viz.drawable import drawable

from .mutants import damaged, rewritten

entry_points(group="tinygrad_seq.backends")  # an unknown backend is looked up there: what that imports is imported now

__all__ = ["READERS", "Reader", "WrongLoadError"]

TEXT = "to be or not to be, that is the question:\n" * 4


class WrongLoadError(AssertionError):
    """A file was read without an error, and what came out is not what went in."""


def right(holds: bool, what: str) -> None:
    """Raise WrongLoadError unless a load is right."""
    if not holds:
        raise WrongLoadError(what)


class Reader:
    """Prepares a mutant of one kind of file and reads it."""

    def __init__(self, scratch: Path) -> None:
        self.scratch = scratch

    def prepare(self, dice: Random) -> None:
        """Write a mutant."""
        raise NotImplementedError

    def read(self) -> None:
        """Read it as the library's user does; raises WrongLoadError where that goes well and should not have."""
        raise NotImplementedError


class OfRun(Reader):
    """A file in the folder of a run that was trained for four steps."""

    name: str

    def __init__(self, scratch: Path) -> None:
        super().__init__(scratch)
        text = scratch / "text.txt"
        text.write_text(TEXT)
        settings = Settings(
            text=(str(text),), hidden_size=3, batch_size=2, seq_length=5, steps=4, save_every=2, eval_every=2
        )
        self.corpus = settings.read()
        run = Run.create(scratch / "run", settings, self.corpus)
        self.training, held_out = settings.split(self.corpus)
        for _ in fit(run, run.begin(self.training), self.training, held_out):
            pass
        (run.folder / PREVIOUS).unlink()
        self.path = run.folder / self.name
        self.whole = self.path.read_bytes()
        self.folder = run.folder

    def prepare(self, dice: Random) -> None:
        self.path.write_bytes(damaged(self.whole, dice))


class Weights(OfRun):
    """`best.safetensors`, as `sample` reads it."""

    name = BEST

    def read(self) -> None:
        model = Run.open(self.folder).model()
        self.path.write_bytes(self.whole)
        saved = load(self.path)[0]
        loaded = model.state_dict()
        right(all(np.array_equal(array, loaded[name]) for name, array in saved.items()), "other weights")


class Checkpoint(OfRun):
    """`last.safetensors`, as `train --resume` reads it."""

    name = LAST

    def read(self) -> None:
        moment = Run.open(self.folder).resume(self.training)
        self.path.write_bytes(self.whole)
        saved = load(self.path)[0]
        loaded = moment.model.state_dict()
        right(moment.step == 4, "another step")
        right(all(np.array_equal(array, saved[f"model.{name}"]) for name, array in loaded.items()), "other weights")


class ForgedCheckpoint(OfRun):
    """`last.safetensors` with the right hash of what an enemy wrote into it."""

    name = LAST

    def __init__(self, scratch: Path) -> None:
        super().__init__(scratch)
        self.arrays, self.about = load(self.path)

    def prepare(self, dice: Random) -> None:
        arrays, about = dict(self.arrays), dict(self.about)
        match dice.randrange(4):
            case 0:
                name = dice.choice(sorted(arrays))
                arrays[dice.choice(("model.x", "optimizer.x", "state.7", "", "state.x", *arrays))] = arrays.pop(name)
            case 1:
                name = dice.choice(sorted(arrays))
                arrays[name] = dice.choice((
                    *(arrays[name].T, arrays[name][None], arrays[name] * np.nan, arrays[name].astype("float16")),
                    *(arrays[name].astype("int8"), arrays[name].astype("bool"), np.zeros((0, 4)), np.float64(1.0)),
                    np.zeros((1, 1, 3), "float64"),
                ))  # fmt: skip
            case _:
                about["training"] = json.dumps(rewritten(json.loads(about["training"]), dice))
        save(self.path, arrays, about)

    def read(self) -> None:
        run = Run.open(self.folder)
        moment = run.resume(self.training)
        run.change(steps=moment.step + 1)
        for _ in fit(run, moment, self.training, None):
            break


class Config(OfRun):
    """`config.json`, as every command reads it."""

    name = CONFIG

    def prepare(self, dice: Random) -> None:
        if dice.random() < 0.3:
            super().prepare(dice)
        else:
            self.path.write_text(json.dumps(rewritten(json.loads(self.whole), dice)), "utf-8", "surrogatepass")

    def read(self) -> None:
        run = Run.open(self.folder)
        run.begin(self.training)
        run.model()


class Log(OfRun):
    """`log.jsonl`, as `train --resume` reads it."""

    name = LOG

    def prepare(self, dice: Random) -> None:
        lines = self.whole.splitlines()
        i = dice.randrange(len(lines))
        lines[i] = json.dumps(rewritten(json.loads(lines[i]), dice)).encode()
        self.path.write_bytes(damaged(self.whole, dice) if dice.random() < 0.5 else b"\n".join(lines))

    def read(self) -> None:
        run = Run.open(self.folder)
        right(all(type(line["step"]) is int for line in run.log()), "a line without a step")
        run.resume(self.training)


class Vocabulary(OfRun):
    """`vocab.json`, as every command reads it."""

    name = VOCABULARY

    def prepare(self, dice: Random) -> None:
        if dice.random() < 0.3:
            super().prepare(dice)
        else:
            self.path.write_text(json.dumps(rewritten(json.loads(self.whole), dice)))

    def read(self) -> None:
        run = Run.open(self.folder)
        right(vocab_from_json(run.vocab.to_json()) == run.vocab, "a vocabulary that cannot be saved")
        ids = np.arange(min(len(run.vocab), 300))
        right(len(run.vocab.decode(ids)) <= len(ids), "more characters than ids")
        run.vocab.encode(TEXT)
        run.model()


class Text(Reader):
    """A text to train on, as characters and as bytes."""

    def prepare(self, dice: Random) -> None:
        self.vocab = dice.choice(("chars", "bytes"))
        self.path = self.scratch / "text.txt"
        self.path.write_bytes(damaged(dice.choice((TEXT.encode(), "naïve 😀\r\n\ufeff".encode() * 9)), dice))

    def read(self) -> None:
        corpus = read(self.path, vocab=self.vocab)
        right(len(corpus.ids) == len(corpus), "symbols without ids")
        if self.vocab == "bytes":
            right(corpus.content == self.path.read_bytes(), "other bytes")
        else:
            right(corpus.vocab.decode(corpus.ids) == corpus.text, "another text")
        self.dealt_out(corpus)

    def dealt_out(self, corpus: Corpus) -> None:
        training, held_out = corpus.split()
        for batch in training.batches(2, 3, steps=2):
            right(batch.x.max() < len(corpus.vocab), "an id outside of the vocabulary")
        next(held_out.evaluation_batches(2, 3))


class Graph(Reader):
    """A recorded graph, as pictures and pages are made from it."""

    def __init__(self, scratch: Path) -> None:
        super().__init__(scratch)
        rnn = nn.RNN(2, 2)
        x = Tensor(np.ones((2, 1, 2), np.float32))
        with record(values="full", gradients="parts", expand=True) as tape:
            for _ in range(2):  # the second adds to what the first has left
                F.cross_entropy(rnn(x)[0][-1], Tensor(np.array([1]))).backward()
        self.whole = tape.to_json()
        self.data = json.loads(self.whole)

    def prepare(self, dice: Random) -> None:
        if dice.random() < 0.3:
            self.text = damaged(self.whole.encode(), dice).decode("utf-8", "replace")
        else:
            self.text = json.dumps(rewritten(self.data, dice))

    def read(self) -> None:
        tape = Record.from_json(self.text)
        right(Record.from_json(tape.to_json()).to_json() == tape.to_json(), "a record that cannot be saved")
        viz.graph(tape).dot  # noqa: B018  it is made when it is asked for
        drawable(tape)
        for node in tape.nodes:
            if node.kind == "parameter":
                list(tape.growth(node.id))


READERS: dict[str, Callable[[Path], Reader]] = {
    "weights": Weights,
    "checkpoint": Checkpoint,
    "forged checkpoint": ForgedCheckpoint,
    "config": Config,
    "log": Log,
    "vocabulary": Vocabulary,
    "text": Text,
    "recorded graph": Graph,
}
