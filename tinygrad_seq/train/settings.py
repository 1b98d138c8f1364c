"""What a training run is asked to do."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields, replace
from functools import cache
from typing import Any, Literal, NamedTuple, Self, get_args, get_origin, get_type_hints

from ..data import ByteVocab, Corpus, Vocab, read, stdlib
from ..data.corpus import VocabKind
from ..errors import CheckpointError, ConfigError, OutOfMemoryError
from ..models import CharLM
from ..models.cells import CellName
from ..optim import SGD, Adadelta, Adagrad, Adam, AdamW, Optimizer, RMSprop
from .room import available, shown
from .schedule import Schedule, ScheduleName

__all__ = ["OPTIMIZERS", "OptimizerName", "Settings"]

STDLIB = "stdlib"
TAKEN_BY_BYTES, TAKEN_BY_CHARACTERS = 5, 25
"""Bytes of memory for each byte of text, at the peak: it is decoded, counted, split, and each part turned into ids."""

DTypeName = Literal["float32", "float64"]

OptimizerName = Literal[
    "sgd", "momentum", "nesterov", "adagrad", "adadelta", "rmsprop", "adam", "amsgrad", "adamw"
]  # fmt: skip


class Choice(NamedTuple):
    """An optimizer as the command line names it, and the learning rate it starts with if none is given."""

    make: Callable[..., Optimizer]
    lr: float
    options: dict[str, Any] = {}  # noqa: RUF012  never written to


OPTIMIZERS: dict[str, Choice] = {
    "sgd": Choice(SGD, 1.0),
    "momentum": Choice(SGD, 0.2, {"momentum": 0.9}),
    "nesterov": Choice(SGD, 0.2, {"momentum": 0.9, "nesterov": True}),
    "adagrad": Choice(Adagrad, 0.02),
    "adadelta": Choice(Adadelta, 1.0),
    "rmsprop": Choice(RMSprop, 2e-3, {"alpha": 0.95}),
    "adam": Choice(Adam, 3e-3),
    "amsgrad": Choice(Adam, 3e-3, {"amsgrad": True}),
    "adamw": Choice(AdamW, 3e-3, {"weight_decay": 0.03}),
}


@dataclass(frozen=True)
class Settings:
    """Everything that decides a run, but for the text itself and the machine.

    Attributes:
        text: files, folders, "-" for standard input, or "stdlib" alone.
        optimizer: a name in `OPTIMIZERS`.
        lr: the learning rate; None takes the optimizer's own.
        schedule, decay, decay_after, warm_up: how the learning rate goes on, see `Schedule`.
        clip: the norm that the gradient is clipped to; 0 leaves it as it is.
        steps: how many batches to train on in all.
        validation: the share of the text held out; 0 holds out nothing.
        eval_every, save_every: in steps.
    """

    text: tuple[str, ...] = ()
    vocab: VocabKind = "chars"
    cell: CellName = "lstm"
    hidden_size: int = 128
    num_layers: int = 1
    weight_norm: bool = False
    dropout: float = 0.0
    dtype: DTypeName = "float32"
    batch_size: int = 32
    seq_length: int = 64
    optimizer: OptimizerName = "adam"
    lr: float | None = None
    schedule: ScheduleName = "none"
    decay: float | None = None
    decay_after: int | None = None
    warm_up: int = 0
    clip: float = 5.0
    steps: int = 2000
    validation: float = 0.1
    seed: int = 0
    backend: str = "numpy"
    eval_every: int = 200
    save_every: int = 200

    def __post_init__(self) -> None:
        if self.optimizer not in OPTIMIZERS:
            raise ConfigError(f"optimizer={self.optimizer!r}: expected one of {', '.join(OPTIMIZERS)}.")
        for name in ("steps", "eval_every", "save_every"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name}={getattr(self, name)}: at least 1 is expected.")
        if self.seed < 0:
            raise ConfigError(f"seed={self.seed}: a whole number from 0 is expected.")
        if not self.clip >= 0:
            raise ConfigError(f"clip={self.clip}: a norm is expected, or 0 for no clipping.")

    def read(self, vocab: Vocab | None = None) -> Corpus:
        """Read the text; with `vocab` in the symbols of a model that there is already."""
        return read_text(self.text, self.vocab if vocab is None else vocab)

    def split(self, corpus: Corpus) -> tuple[Corpus, Corpus | None]:
        """Return the part to train on and the part held out, None where nothing is."""
        return corpus.split(self.validation, self.seed) if self.validation else (corpus, None)

    def steps_per_epoch(self, training: Corpus) -> int:
        """Return how many batches the training text gives; raises DataError where it is too short for one."""
        return training.batches(self.batch_size, self.seq_length).steps_per_epoch

    def make_model(self, vocab: Vocab) -> CharLM:
        """Build the model."""
        return CharLM(
            vocab,
            self.hidden_size,
            self.num_layers,
            cell=self.cell,
            weight_norm=self.weight_norm,
            dropout=self.dropout,
            dtype=self.dtype,
        )

    def make_optimizer(self, model: CharLM) -> Optimizer:
        """Build the optimizer."""
        make, lr, options = OPTIMIZERS[self.optimizer]
        return make(model, lr=lr if self.lr is None else self.lr, **options)

    def make_schedule(self, optimizer: Optimizer, steps_per_epoch: int) -> Schedule:
        """Build the schedule of the learning rate."""
        return Schedule.make(
            self.schedule,
            optimizer,
            decay=self.decay,
            decay_after=self.decay_after,
            warm_up=self.warm_up,
            steps=self.steps,
            steps_per_epoch=steps_per_epoch,
        )

    def check(self, vocab: Vocab, training: Corpus) -> None:
        """Raise ConfigError or DataError where text, model, optimizer or schedule refuse these settings.

        It costs a model of one unit.
        """
        steps_per_epoch = self.steps_per_epoch(training)
        model = replace(self, hidden_size=min(1, self.hidden_size)).make_model(vocab)
        self.make_schedule(self.make_optimizer(model), steps_per_epoch)

    def to_json(self) -> dict[str, Any]:
        """Return a plain dict for `json.dump`."""
        return asdict(self)

    @classmethod
    def from_json(cls, saved: dict[str, Any]) -> Self:
        """Return the settings that `to_json` gave. Raises CheckpointError where another version wrote other ones."""
        if not isinstance(saved, dict):
            raise CheckpointError(f"settings are an object, got {saved!r:.60}.")
        unknown = sorted(saved.keys() - {field.name for field in fields(cls)})
        if unknown:
            raise CheckpointError(f"these settings are of another version: {', '.join(unknown)} is not known here.")
        for name, value in saved.items():
            if not fits(value, kinds()[name]):
                raise CheckpointError(f"the setting {name} is {value!r:.60}, which cannot be.")
        return cls(**{**saved, "text": tuple(saved.get("text", ()))})


@cache
def kinds() -> dict[str, Any]:
    """Return the type of every setting."""
    return get_type_hints(Settings)


def fits(value: Any, kind: Any) -> bool:
    """Tell whether a value from JSON is of a setting's type: a whole number is a float too, a truth value no number."""
    choices = get_args(kind)
    if get_origin(kind) is Literal:
        return isinstance(value, str) and value in choices
    if get_origin(kind) is tuple:
        return isinstance(value, list | tuple) and all(isinstance(one, choices[0]) for one in value)
    if choices:
        return any(fits(value, choice) for choice in choices)
    return type(value) is kind or (kind is float and type(value) is int and abs(value) <= sys.float_info.max)


def read_text(paths: tuple[str, ...], vocab: VocabKind | Vocab) -> Corpus:
    """Read files, folders and "-", or Python's own library where `paths` is "stdlib" alone.

    Raises:
        OutOfMemoryError: there is less memory than reading and splitting the text takes.
    """
    if paths == (STDLIB,):
        return stdlib(vocab=vocab)
    if STDLIB in paths:
        raise ConfigError(f"{STDLIB} stands alone; a file of that name is ./{STDLIB}.")
    there = available()
    taken = TAKEN_BY_BYTES if vocab == "bytes" or isinstance(vocab, ByteVocab) else TAKEN_BY_CHARACTERS
    try:
        return read(list(paths), vocab=vocab, most=math.inf if there is None else there // taken)
    except OutOfMemoryError as error:
        raise OutOfMemoryError(
            f"{error} Reading takes about {taken} bytes of memory for each, and there are {shown(there or 0)}. "
            "Nothing was begun."
            "\n    Give less text; training may be told how much memory it may take (train --memory 64)."
        ) from None
