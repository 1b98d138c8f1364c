"""A run folder: what was asked, of which text, what came out, and all that is needed to go on."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import numpy as np

from .. import random
from ..atomic import move, replace_file
from ..backend import use_backend
from ..checkpoint import load, save
from ..data import Corpus, Vocab, vocab_from_json
from ..errors import AnomalyError, CheckpointError, ConfigError, DataError, TinygradSeqError
from ..models import CharLM
from ..nn import LSTMState
from ..optim import Optimizer
from ..tensor import Tensor
from .cure import cure
from .environment import environment
from .lock import made
from .memory import check, of_model
from .replay import parts
from .saved import alike
from .schedule import Schedule
from .settings import Settings

__all__ = ["Moment", "Run"]

CONFIG, VOCABULARY, LOG = "config.json", "vocab.json", "log.jsonl"
BEST, LAST, PREVIOUS = "best.safetensors", "last.safetensors", "previous.safetensors"


@dataclass
class Moment:
    """All that a training step changes: put back, the next step is the one that would have followed.

    Attributes:
        step: how many steps have been taken; it is the position in the text too.
        state: what the model carries from one batch to the next.
        best: the lowest held-out loss so far, in nats per symbol.
        instead_of: where `last.safetensors` was damaged or gone and the one before it had to do: what was wrong.
    """

    model: CharLM
    optimizer: Optimizer
    schedule: Schedule
    state: Any = None
    step: int = 0
    best: float | None = None
    instead_of: str = ""


class Run:
    """A folder with `config.json`, `vocab.json`, `log.jsonl` (a line per step) and the weights, best and last.

    `best.safetensors` holds the weights alone, under PyTorch's names; `last.safetensors` all that training goes on
    from, in one file, because two could not be replaced at the same moment. `previous.safetensors` is the one before.
    """

    def __init__(self, folder: str | Path, config: dict[str, Any], vocab: Vocab) -> None:
        alike(config["text"], {"source": "", "sha256": "", "symbols": 0}, f"text in {CONFIG}")
        if not isinstance(config["environment"], dict):
            raise CheckpointError(f"environment in {CONFIG} is no object.")
        self.folder, self.config, self.vocab = Path(folder), config, vocab
        self.settings = Settings.from_json(config["settings"])

    @classmethod
    def create(
        cls, folder: str | Path, settings: Settings, corpus: Corpus, *, force: bool = False, ranks: int = 1
    ) -> Self:
        """Begin a run in a folder that has none; with `force` the one that is there is given up.

        Raises:
            ConfigError: the folder holds a run already, or a setting is refused; then what is there is left alone.
            DataError: the text is too short for one batch.
            CheckpointError: it cannot be written.
        """
        folder = Path(folder)
        settings.check(corpus.vocab, settings.split(corpus)[0])
        if (folder / CONFIG).exists() and not force:
            raise ConfigError(
                f"{folder} holds a run already. Go on with it (--resume {folder}), choose another folder (--out), "
                "or give it up (--force)."
            )
        made(folder)
        text = {"source": corpus.source, "sha256": corpus.sha256, "symbols": len(corpus)}
        config = {"settings": settings.to_json(), "text": text, "environment": environment(ranks)}
        run = cls(folder, config, corpus.vocab)
        for name in (LAST, PREVIOUS, BEST, LOG):
            (folder / name).unlink(missing_ok=True)
        run.write_json(VOCABULARY, corpus.vocab.to_json())
        run.write_json(CONFIG, run.config)
        return run

    @classmethod
    def open(cls, folder: str | Path) -> Self:
        """Read what was asked and with which symbols; weights are read by `model` and `resume`.

        Raises:
            CheckpointError: there is no run in that folder, or its files are damaged.
        """
        folder = Path(folder)
        if not (folder / CONFIG).is_file():
            raise CheckpointError(
                f"There is no run in {folder}: it has no {CONFIG}. Make one: tinygrad-seq train TEXT --out {folder}"
            )
        try:
            config, vocab = (json.loads((folder / name).read_text("utf-8")) for name in (CONFIG, VOCABULARY))
            return cls(folder, config, vocab_from_json(vocab))
        except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
            raise CheckpointError(
                f"{folder} is not a whole run: {CONFIG} or {VOCABULARY} cannot be read ({error!r:.200}). "
                "Use a copy of it."
            ) from error

    def change(self, **changes: Any) -> None:
        """Change settings that a run may change on the way: `steps`, `eval_every`, `save_every`, `backend`.

        Raises:
            ConfigError: the schedule ends at the step that was set when the run began.
        """
        if changes.get("steps", self.settings.steps) != self.settings.steps and self.settings.schedule == "cosine":
            raise ConfigError(
                f"{self.folder} follows a cosine that ends at step {self.settings.steps:,}: its length is fixed. "
                "Begin another run with more steps (--out)."
            )
        self.settings = replace(self.settings, **changes)
        self.config["settings"] = self.settings.to_json()

    def corpus(self) -> Corpus:
        """Read the text of this run again.

        Raises:
            DataError: it is no longer the text that the run began with.
        """
        corpus = self.settings.read(self.vocab)
        if corpus.sha256 != self.config["text"]["sha256"]:
            raise DataError(
                f"{corpus.source} has changed since {self.folder} began: {len(corpus):,} symbols, and there were "
                f"{self.config['text']['symbols']:,}. Bring that text back, or begin a new run (--out)."
            )
        return corpus

    def new_model(self) -> CharLM:
        """Build the model with first weights drawn under the run's seed."""
        check(of_model(self.settings, len(self.vocab)))
        random.manual_seed(self.settings.seed)
        return self.settings.make_model(self.vocab)

    def model(self) -> CharLM:
        """Build the model and load its best weights; dropout is off. It is on the current backend: files carry none.

        Raises:
            CheckpointError: nothing was saved yet, the file is damaged, or it belongs to another model.
        """
        if not (self.folder / BEST).is_file():
            raise CheckpointError(
                f"{self.folder} has no weights yet: it stopped before the first were saved. "
                f"Go on with it: tinygrad-seq train --resume {self.folder}"
            )
        weights, about = load(self.folder / BEST, must_have_hash=True)
        self.check_vocab(about.get("vocab"), BEST)
        model = self.new_model()
        model.load_state_dict(weights)
        return model.eval()

    def save_best(self, moment: Moment) -> None:
        """Write the weights alone, for sampling and for other programs; raises AnomalyError as `save_last`."""
        about = {"step": str(moment.step), "vocab": self.vocab_hash, "held_out_nats": str(moment.best)}
        weights = moment.model.state_dict()
        check_finite(weights, moment, self.settings.clip)
        save(self.folder / BEST, weights, about)

    def save_last(self, moment: Moment) -> None:
        """Write everything that the next step depends on.

        Raises:
            AnomalyError: some number is not finite; the checkpoint before, which was good, is left alone.
        """
        arrays, about = packed(moment)
        check_finite(arrays, moment, self.settings.clip)
        metadata = {"training": json.dumps(about), "vocab": self.vocab_hash}
        save(self.folder / LAST, arrays, metadata, previous=PREVIOUS)

    def resume(self, training: Corpus) -> Moment:
        """Put back the moment that `save_last` wrote, or where that file is no good the one before; and the log.

        Where that was the one before, it takes the place of the other: the next save would put that one in its own.

        Raises:
            CheckpointError: nothing was saved yet, both files are damaged, or they belong to another model.
        """
        name, instead_of, arrays, about = self.newest()
        self.check_vocab(about.get("vocab"), name)
        try:
            saved = json.loads(about["training"])
            moment = self.begin(training)
            alike(saved, position(moment)[0], str(self.folder / name))
            self.put_back(moment, arrays, saved)
            moment.instead_of = instead_of
        except (KeyError, TypeError, IndexError, ValueError, RecursionError) as error:
            if isinstance(error, TinygradSeqError):
                raise
            raise CheckpointError(
                f"{self.folder / name} lacks what training goes on from ({error!r}). It was written by another version."
            ) from error
        if name == PREVIOUS:
            move(self.folder / PREVIOUS, self.folder / LAST)
        kept = [line for line in self.log() if line["step"] <= moment.step]
        replace_file(self.folder / LOG, "".join(json.dumps(line) + "\n" for line in kept).encode())
        self.write_json(CONFIG, self.config)
        return moment

    def newest(self) -> tuple[str, str, dict[str, np.ndarray], dict[str, str]]:
        """Read the newest checkpoint that is whole: its name, what is wrong with a newer one, and its content."""
        wrong: list[str] = []
        for name in (LAST, PREVIOUS):
            try:
                return name, " ".join(wrong), *load(self.folder / name, must_have_hash=True)
            except CheckpointError as error:
                is_there = (self.folder / name).is_file()
                wrong.append(str(error) if is_there else f"{self.folder / name} is missing.")
        if any((self.folder / name).exists() for name in (LAST, PREVIOUS)):
            raise CheckpointError("\n    ".join(wrong))
        raise CheckpointError(
            f"{self.folder} cannot be resumed: it stopped before anything was saved. Begin it again with --force."
        )

    def put_back(self, moment: Moment, arrays: dict[str, np.ndarray], saved: dict[str, Any]) -> None:
        """Make a moment the one that was `packed`."""
        moment.step, moment.best = saved["step"], saved["best"]
        moment.model.load_state_dict(below("model.", arrays))
        moment.optimizer.load_state_dict({**saved["optimizer"], "state": nested(below("optimizer.", arrays))})
        moment.schedule.load_state_dict(saved["schedule"])
        state = [Tensor(array, backend=self.settings.backend) for array in below("state.", arrays).values()]
        if moment.step:
            moment.state = LSTMState(*state) if len(state) > 1 else state[0]
        random.rewind(random.Key(*saved["random"]))

    def begin(self, training: Corpus) -> Moment:
        """Make the model and the optimizer as they are before the first step."""
        with use_backend(self.settings.backend):
            model = self.new_model()
        optimizer = self.settings.make_optimizer(model)
        return Moment(model, optimizer, self.settings.make_schedule(optimizer, self.settings.steps_per_epoch(training)))

    def log(self) -> list[dict[str, Any]]:
        """Return the lines of the log; it ends where a line was cut off when the process died."""
        lines: list[dict[str, Any]] = []
        if (self.folder / LOG).exists():
            for text in (self.folder / LOG).read_bytes().splitlines():
                try:
                    line = json.loads(text.decode())
                except (ValueError, RecursionError):
                    break
                if not isinstance(line, dict) or type(line.get("step")) is not int:
                    break
                lines.append(line)
        return lines

    @property
    def environment(self) -> dict[str, Any]:
        """The versions and the machine that the run began with, as `environment()` tells them."""
        return dict(self.config["environment"])

    @property
    def vocab_hash(self) -> str:
        """The SHA-256 of the vocabulary: weights belong to it."""
        return hashlib.sha256(json.dumps(self.vocab.to_json(), sort_keys=True).encode()).hexdigest()

    def check_vocab(self, found: str | None, name: str) -> None:
        """Raise CheckpointError where a file names another vocabulary than the folder's."""
        if found is not None and found != self.vocab_hash:
            raise CheckpointError(
                f"{self.folder / name} was trained with another vocabulary than {self.folder / VOCABULARY} "
                f"({len(self.vocab)} symbols). Put back the {VOCABULARY} of that run."
            )

    def write_json(self, name: str, content: dict[str, Any]) -> None:
        """Write one of the run's small files."""
        replace_file(self.folder / name, (json.dumps(content, indent=2, ensure_ascii=False) + "\n").encode())


def check_finite(arrays: dict[str, np.ndarray], moment: Moment, clip: float) -> None:
    """Raise AnomalyError that names an array with numbers that are not finite."""
    for name, array in arrays.items():
        if not np.isfinite(array).all():
            raise AnomalyError(
                f"step {moment.step}: after {type(moment.optimizer).__name__}.step() not all of {name} is finite."
                f"\n    It was not saved. {cure(clip)}"
            )


def packed(moment: Moment) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Return everything that the next step depends on: arrays by name, and the rest ready for JSON."""
    about, slots = position(moment)
    arrays = {f"model.{name}": array for name, array in moment.model.state_dict().items()}
    arrays |= {f"optimizer.{name}.{slot}": array for name, held in slots.items() for slot, array in held.items()}
    arrays |= {f"state.{i}": part.numpy() for i, part in enumerate(parts(moment.state))}
    return arrays, about


def position(moment: Moment) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return where a training stands, ready for JSON, and apart from it the arrays that the optimizer remembers."""
    optimizer = moment.optimizer.state_dict()
    slots = optimizer.pop("state")
    about = {
        "step": moment.step,
        "best": moment.best,
        "random": random.position(),
        "optimizer": optimizer,
        "schedule": moment.schedule.state_dict(),
    }
    return about, slots


def below(prefix: str, arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return the arrays whose names begin with the prefix, in order, by the rest of their names."""
    return {name.removeprefix(prefix): arrays[name] for name in sorted(arrays) if name.startswith(prefix)}


def nested(arrays: dict[str, np.ndarray]) -> dict[str, dict[str, np.ndarray]]:
    """Turn `name.slot` into `[name][slot]`."""
    result: dict[str, dict[str, np.ndarray]] = {}
    for path, array in arrays.items():
        name, _, slot = path.rpartition(".")
        result.setdefault(name, {})[slot] = array
    return result
