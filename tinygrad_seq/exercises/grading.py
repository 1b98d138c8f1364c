"""Running the checks of an exercise on an answer."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np

from ..errors import ConfigError
from .catalogue import Exercise, found
from .properties import WrongAnswerError

__all__ = ["Outcome", "check", "gradescope", "load"]

VALUES = Path(__file__).parent / "values.json"


class Outcome(NamedTuple):
    """One check: what it asks, whether it holds, and if not, what was expected, in words."""

    name: str
    holds: bool
    says: str


@cache
def values() -> dict[str, Any]:
    """Return the committed values by exercise: what is expected by case, and what known mistakes give."""
    return dict(json.loads(VALUES.read_text(encoding="utf-8")))


def load(path: str | Path) -> ModuleType:
    """Return a student's file as a module. Raises ConfigError where there is none, or where it cannot be read."""
    path = Path(path)
    spec = importlib.util.spec_from_file_location(f"answer_{path.stem}", path)
    if not path.exists() or spec is None or spec.loader is None:
        raise ConfigError(f"There is no {path}. Begin with: tinygrad-seq exercise new {path.stem}")
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise ConfigError(f"{path} cannot be read: {type(error).__name__}: {error}") from error
    return module


def check(name: str, answer: ModuleType) -> list[Outcome]:
    """Return what came of every check of an exercise."""
    exercise = found(name)
    asked: list[tuple[str, Callable[[], None]]] = [
        (f"values: {exercise.about}", lambda: compare(exercise, answer)),
        (f"property: {exercise.property_says}", lambda: exercise.property(answer)),
    ]
    return [outcome(says, run) for says, run in asked]


def outcome(name: str, run: Callable[[], None]) -> Outcome:
    """Run one check; whatever a student's code raises is an answer too."""
    try:
        run()
    except NotImplementedError:
        return Outcome(name, False, "not written yet: there is still a `raise NotImplementedError`.")
    except WrongAnswerError as wrong:
        return Outcome(name, False, str(wrong))
    except Exception as error:  # noqa: BLE001  it is theirs
        return Outcome(name, False, f"it raised {type(error).__name__}: {error}")
    return Outcome(name, True, "")


def compare(exercise: Exercise, answer: ModuleType) -> None:
    """Raise WrongAnswerError where an answer differs from the committed values; a known mistake is called by name."""
    with np.errstate(all="ignore"):
        said = {case: np.asarray(value, float) for case, value in exercise.probe(answer).items()}
    expected = arrays(values()[exercise.name]["expected"])
    wrong = [case for case in expected if not same(said[case], expected[case])]
    if not wrong:
        return
    where = described(wrong[0], said[wrong[0]], expected[wrong[0]])
    for mistake in values()[exercise.name]["mistakes"]:
        if all(same(said[case], value) for case, value in arrays(mistake["values"]).items()):
            raise WrongAnswerError(f"{mistake['says']}\n{where}")
    raise WrongAnswerError(where)


def arrays(cases: Mapping[str, Any]) -> dict[str, np.ndarray]:
    return {case: np.array(value, float) for case, value in cases.items()}


def same(a: np.ndarray, b: np.ndarray) -> bool:
    return a.shape == b.shape and bool(np.allclose(a, b, rtol=1e-6, atol=1e-8, equal_nan=True))


def described(case: str, said: np.ndarray, expected: np.ndarray) -> str:
    """Return in words where a result is not what was expected."""
    if said.shape != expected.shape:
        return f"{case}: expected shape {expected.shape}, got {said.shape}."
    apart = np.where(np.isfinite(said), np.abs(said - expected), np.inf)
    place = tuple(int(i) for i in np.unravel_index(apart.argmax(), apart.shape))
    where = f" at index {place}" if place else ""
    return f"{case}: expected {expected[place]:.6g}{where}, got {said[place]:.6g}."


def gradescope(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Return outcomes as Gradescope's results.json: one point for each check."""
    tests = [
        {
            "name": outcome.name,
            "score": float(outcome.holds),
            "max_score": 1.0,
            "status": "passed" if outcome.holds else "failed",
            "output": outcome.says,
        }
        for outcome in outcomes
    ]
    return {"score": sum(float(outcome.holds) for outcome in outcomes), "tests": tests}
