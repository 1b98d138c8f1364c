"""The committed numbers: what is expected of an answer, and what known mistakes give."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from .answer import Answer, WrongAnswerError, kind
from .probes import Probe

__all__ = ["VALUES", "compare", "described", "numbers"]

VALUES = Path(__file__).parent / "values.json"


@cache
def values() -> dict[str, Any]:
    """Return the committed values by exercise: what is expected by case, and what known mistakes give."""
    return dict(json.loads(VALUES.read_text(encoding="utf-8")))


def compare(name: str, probe: Probe, answer: Answer) -> None:
    """Raise WrongAnswerError where an answer differs from the committed values; a known mistake is called by name.

    A mistake is known by the cases in which it differs from what is expected: all of them that the probe asks for.
    """
    with np.errstate(all="ignore"):
        given = probe(answer)
    expected = {case: np.array(values()[name]["expected"][case], float) for case in given}
    said = {case: numbers(case, value, expected[case]) for case, value in given.items()}
    wrong = [case for case in said if not same(said[case], expected[case])]
    if not wrong:
        return
    for mistake in values()[name]["mistakes"]:
        cases = [case for case in mistake["values"] if case in said]
        if cases and all(same(said[case], np.array(mistake["values"][case], float)) for case in cases):
            raise WrongAnswerError(f"{mistake['says']}\n{described(cases[0], said[cases[0]], expected[cases[0]])}")
    raise WrongAnswerError(described(wrong[0], said[wrong[0]], expected[wrong[0]]))


def numbers(case: str, value: Any, expected: np.ndarray) -> np.ndarray:
    """Return a value as an array. Raises WrongAnswerError where it holds no numbers, or not in rows of one length."""
    try:
        array = np.asarray(value)
    except ValueError:
        array = np.array(None)
    if array.dtype.kind not in "biuf":
        wanted = f"an array of shape {expected.shape}" if expected.shape else "a number"
        raise WrongAnswerError(f"{case}: expected {wanted}, got {kind(value)}.")
    return array.astype(float)


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
