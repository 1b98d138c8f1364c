"""Many runs that differ in a few settings: a grid in a TOML file, a folder for each run, a line for each result."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from time import perf_counter, process_time
from typing import Any, Self

import numpy as np

from ..atomic import replace_file
from ..backend import use_backend
from ..errors import AnomalyError, CheckpointError, ConfigError
from .blas import use_one_thread
from .fit import fit
from .lock import held, made
from .run import CONFIG, LAST, PREVIOUS, Run
from .settings import Settings

__all__ = ["RESULTS", "Sweep", "outcome"]

RESULTS = "results.jsonl"
GRID = "grid"
FIXED = ("text", "vocab", "backend")
"""What all runs of a sweep have in common: losses on other texts, or of other symbols, cannot be compared."""
PATIENCE = 10.0
"""Seconds in which a worker of a sweep that was killed a moment ago has ended."""


@dataclass(frozen=True)
class Sweep:
    """The runs of a sweep and the folder that they and their results are in.

    Attributes:
        varied: the settings in which runs differ, in the order of the file.
        runs: the settings of each run, by its name.
    """

    folder: Path
    varied: tuple[str, ...]
    runs: dict[str, Settings]

    @classmethod
    def read(cls, file: str | Path, folder: str | Path, **instead: Any) -> Self:
        """Read the settings that all runs share, and under `[grid]` a list of values for each that varies.

        Every setting of `train` may stand there, under its name in `config.json`; `instead` overrules the shared ones.

        Raises:
            ConfigError: it is no TOML, a setting is unknown or cannot be, or nothing is held out to compare by.
        """
        try:
            shared = tomllib.loads(Path(file).read_text("utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise ConfigError(f"{file} is no TOML: {error}.") from error
        grid = shared.pop(GRID, {})
        shared |= {name: value for name, value in instead.items() if value is not None}
        check_grid(file, grid)
        runs = {}
        for values in product(*grid.values()):
            point = dict(zip(grid, values, strict=True))
            name = ",".join(f"{setting}={value}" for setting, value in point.items())
            try:
                runs[name] = Settings.from_json({**shared, **point})
            except (CheckpointError, ConfigError) as error:
                raise ConfigError(f"{file}: {error}") from error
        if not all(settings.text and settings.validation for settings in runs.values()):
            raise ConfigError(f'{file}: give a text (text = ["stdlib"]) and hold out some of it (validation = 0.1).')
        return cls(Path(folder), tuple(grid), runs)

    def results(self) -> dict[str, dict[str, Any]]:
        """Return what runs of this sweep have brought, by their names; a line that was cut off is left out.

        Raises:
            ConfigError: the folder has results of a run of that name with other settings.
        """
        found = {}
        for line in self.lines():
            settings = self.runs.get(line["run"])
            if settings is not None and line["settings"] != json.loads(json.dumps(settings.to_json())):
                raise ConfigError(
                    f"{self.folder / RESULTS} has a result of {line['run']} with other settings than are asked for now."
                    "\n    Take another folder (--out), or delete that line."
                )
            if settings is not None:
                found[line["run"]] = line
        return found

    def lines(self) -> Iterator[dict[str, Any]]:
        """Read the file of results as far as it is whole."""
        file = self.folder / RESULTS
        for text in file.read_bytes().splitlines() if file.exists() else ():
            try:
                line = json.loads(text)
            except (ValueError, RecursionError):
                continue
            if isinstance(line, dict) and {"run", "settings"} <= line.keys():
                yield line

    def to_do(self) -> list[tuple[str, str, dict[str, Any]]]:
        """Return the arguments of `outcome` for each run that has no result yet."""
        done = self.results()
        return [
            (name, str(self.folder / name), settings.to_json())
            for name, settings in self.runs.items()
            if name not in done
        ]

    def add(self, result: dict[str, Any]) -> None:
        """Write down the result of a run, on a line of its own even where the last one was cut off."""
        file = made(self.folder) / RESULTS
        before = file.read_bytes() if file.exists() else b""
        end = b"\n" if before and not before.endswith(b"\n") else b""
        replace_file(file, before + end + json.dumps(result).encode() + b"\n")


def check_grid(file: str | Path, grid: Any) -> None:
    """Raise ConfigError unless each setting that varies has some values, each once."""
    if not isinstance(grid, dict) or not grid:
        raise ConfigError(
            f'{file} varies nothing. Give lists of values: [{GRID}], and below it cell = ["rnn", "lstm"].'
        )
    for name, values in grid.items():
        if name in FIXED:
            raise ConfigError(f"{file}: {name} is the same for all runs of a sweep. Make a sweep for each.")
        if not isinstance(values, list) or not values or len(set(map(repr, values))) < len(values):
            raise ConfigError(f"{file}: {name} under [{GRID}] is {values!r:.60}; expected a list of different values.")


def outcome(name: str, folder: str, asked: dict[str, Any]) -> dict[str, Any]:
    """Train a run to its end, from where it stands, and return its line of the results.

    A run whose settings cannot be trained with, such as too high a learning rate, has its error for a result. What
    came from elsewhere, such as a full disk, is none: another try may go well.

    Raises:
        TinygradSeqError, OSError, MemoryError: it has not come to an end.
    """
    use_one_thread()
    settings = Settings.from_json(asked)
    clock, cpu = perf_counter(), process_time()
    result: dict[str, Any] = {"run": name, "settings": settings.to_json()}
    try:
        with held(folder, PATIENCE):
            run, start = trained(Path(folder), settings)
    except (AnomalyError, ConfigError) as error:
        result |= {"failed": str(error)}
    else:
        best = min((line for line in run.log() if "held_out" in line), key=lambda line: line["held_out"])
        weights = sum(parameter.size for parameter in run.model().parameters())
        result |= {"held_out": best["held_out"], "step": best["step"], "weights": weights, "begun_after": start}
    return result | {"seconds": round(perf_counter() - clock, 1), "cpu_seconds": round(process_time() - cpu, 1)}


def trained(folder: Path, settings: Settings) -> tuple[Run, int]:
    """Return a run that has taken all of its steps, and the step after which it was taken up."""
    has_begun = any((folder / name).exists() for name in (LAST, PREVIOUS))
    if has_begun and Run.open(folder).settings == settings:
        run = Run.open(folder)
        training, held_out = settings.split(run.corpus())
        moment = run.resume(training)
    else:
        corpus = settings.read()
        run = Run.create(folder, settings, corpus, force=(folder / CONFIG).exists())
        training, held_out = settings.split(corpus)
        moment = run.begin(training)
    start = moment.step
    with np.errstate(all="ignore"), use_backend(settings.backend):
        for _ in fit(run, moment, training, held_out):
            pass
    return run, start
