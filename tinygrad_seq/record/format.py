"""JSON of ours, read as what a stranger may have written: each value is checked, and an error says what and where."""

from __future__ import annotations

import json
import reprlib
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from ..errors import DataError

__all__ = [
    "COUNT", "LENGTH", "OBJECT", "REAL", "SPELLED", "TEXT", "TEXTS", "TRUTH", "WHOLE", "Check", "Format", "listed",
    "maybe", "real", "whole",
]  # fmt: skip

SPELLED = ("NaN", "Infinity", "-Infinity")
LARGEST = 2**1023  # whole numbers up to here are floats too

Check = tuple[Callable[[Any], bool], str]  # what a value has to satisfy, and how an error says it


class Format(NamedTuple):
    """A kind of file: what it is called inside, its version, what an error calls it, and how to get a new one."""

    name: str
    version: int
    what: str
    cure: str

    def read(self, text: str) -> dict[str, Any]:
        """Return the object in a JSON text. Raises DataError unless it is of this format and version."""
        try:
            given = json.loads(text)
        except (ValueError, TypeError, RecursionError) as e:
            raise DataError(f"this is no {self.what}: it is not JSON ({e}).") from e
        if not isinstance(given, dict) or given.get("format") != self.name:
            raise DataError(f'this is no {self.what}: expected a JSON object with "format": "{self.name}".')
        if given.get("version") != self.version:
            raise DataError(
                f"this {self.what} has version {given.get('version')!r:.40}, and version {self.version} is what can be "
                f"read here.\n    {self.cure}"
            )
        return given

    def objects(self, given: Mapping[str, Any], *names: str, where: str = "") -> None:
        """Raise DataError unless an object has lists of these names."""
        for name in names:
            if not isinstance(given.get(name), list):
                raise DataError(f"this {self.what} is damaged: {where}{name!r} is no list.")

    def expect(
        self, where: str, given: Any, keys: Mapping[str, Check], optional: Mapping[str, Check] | None = None
    ) -> None:
        """Raise DataError unless an object has these keys, optional ones perhaps, no others, and values that fit."""
        optional = optional or {}
        if not isinstance(given, dict):
            raise DataError(f"this {self.what} is damaged: {where} is no object.")
        for key, (fits, expected) in {**keys, **{k: v for k, v in optional.items() if k in given}}.items():
            if key not in given:
                raise DataError(f"this {self.what} is damaged: {where} has no {key!r}.")
            if not fits(given[key]):
                raise self.damaged(where, key, given[key], expected)
        if strange := sorted(given.keys() - keys.keys() - optional.keys()):
            raise DataError(
                f"this {self.what} is damaged: {where} has {reprlib.repr(strange[0])}, which version {self.version} "
                "does not know."
            )

    def damaged(self, where: str, key: str, given: Any, expected: str) -> DataError:
        """Return the error for a value that does not fit."""
        return DataError(f"this {self.what} is damaged: {where}.{key} is {reprlib.repr(given)}; expected {expected}.")


def whole(x: Any) -> bool:
    """Tell whether x is a whole number."""
    return type(x) is int


def real(x: Any) -> bool:
    """Tell whether x is a number, or the name of one that JSON cannot write."""
    return type(x) is float or (type(x) is int and abs(x) < LARGEST) or x in SPELLED


def listed(fits: Callable[[Any], bool]) -> Callable[[Any], bool]:
    """Return whether something is a list of what fits."""
    return lambda x: isinstance(x, list) and all(map(fits, x))


def maybe(check: Check) -> Check:
    """Return the check that lets null pass too."""
    return (lambda x: x is None or check[0](x)), f"{check[1]}, or null"


TEXT: Check = (lambda x: isinstance(x, str)), "text"
TRUTH: Check = (lambda x: isinstance(x, bool)), "true or false"
WHOLE: Check = whole, "a whole number"
COUNT: Check = (lambda x: whole(x) and x >= 0), "a whole number from 0"
REAL: Check = real, 'a number, "NaN", "Infinity" or "-Infinity"'
LENGTH: Check = (lambda x: real(x) and not float(x) < 0), f"{REAL[1]}, not below zero"
OBJECT: Check = (lambda x: isinstance(x, dict)), "an object"
TEXTS: Check = (lambda x: isinstance(x, dict) and all(isinstance(v, str) for v in x.values())), "an object of texts"
