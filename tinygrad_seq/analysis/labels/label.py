"""What a label is: a property that each character of a text has or has not, or has so much of."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from ...errors import ConfigError, ShapeError

__all__ = ["Label", "Values", "matching", "spans"]

Values: TypeAlias = np.ndarray


@dataclass(frozen=True)
class Label:
    """A name, what it means, and the function from a text to its values: truth or numbers, one per character.

    What holds of a character holds once it has been read: after an opening quote one is inside the string, after the
    closing one no longer. That is what a state that has read it can know.
    """

    name: str
    about: str
    values: Callable[[str], Values]

    def of(self, text: str) -> Values:
        """Return the values, shape (len(text),), bool or float64. Raises ShapeError for another length."""
        values = np.asarray(self.values(text))
        if values.shape != (len(text),):
            raise ShapeError(f"label {self.name!r} gave {values.shape} for {len(text)} characters: one value for each.")
        return values if values.dtype == np.bool_ else values.astype(np.float64)


def spans(length: int, found: Iterable[tuple[int, int]]) -> np.ndarray:
    """Return truth for `length` characters, True from start to stop (exclusive) of each span.

    >>> spans(5, [(1, 3)])
    array([False,  True,  True, False, False])
    """
    inside = np.zeros(length, np.bool_)
    for start, stop in found:
        inside[start:stop] = True
    return inside


def matching(name: str, pattern: str) -> Label:
    r"""Return the label of what a regular expression matches; ^ and $ are the ends of lines.

    Raises ConfigError for a pattern that is none.

    >>> matching("number", r"\d+").of("a 42").tolist()
    [False, False, True, True]
    """
    try:
        compiled = re.compile(pattern, re.MULTILINE)
    except re.error as error:
        raise ConfigError(f"label {name!r}: {pattern!r} is no regular expression: {error}.") from error
    return Label(
        name,
        f"matches {pattern}",
        lambda text: spans(len(text), (match.span() for match in compiled.finditer(text))),
    )
