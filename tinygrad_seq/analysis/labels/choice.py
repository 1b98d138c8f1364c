"""Which labels to ask of a text, by what kind of text it is and by what the user says."""

from __future__ import annotations

from collections.abc import Sequence

from ...errors import ConfigError
from .c import C
from .label import Label, matching
from .lines import ANY_TEXT, SPEAKER
from .python import PYTHON

__all__ = ["chosen", "known", "usual"]

PYTHON_FILES, C_FILES = (".py", ".pyi"), (".c", ".h")
OF_PROSE = (*ANY_TEXT, SPEAKER)


def known() -> dict[str, Label]:
    """Return all labels by name; a name that two kinds share means the same."""
    return {label.name: label for label in (*PYTHON, *C, *OF_PROSE)}


def usual(names: Sequence[str]) -> list[Label]:
    """Return the labels that fit files of these names: those of Python or C where most are of it, those of any text.

    >>> [label.name for label in usual(["a.c", "b.h"])][:2]
    ['C string', 'C comment']
    """

    def most(endings: tuple[str, ...]) -> bool:
        return 2 * sum(name.endswith(endings) for name in names) > len(names)

    if most(PYTHON_FILES):
        coming = next(label for label in ANY_TEXT if label.name == "newline coming")
        return [*PYTHON, coming]
    return [*C, *ANY_TEXT] if most(C_FILES) else list(OF_PROSE)


def chosen(asked: Sequence[str], names: Sequence[str]) -> list[Label]:
    r"""Return the labels that a user asked for: names, or NAME=REGEX of their own; the usual ones where none is asked.

    Raises ConfigError for a name that is not known.

    >>> [label.about for label in chosen(["comment", r"loop=\bfor\b"], [])]
    ['inside a comment', 'matches \\bfor\\b']
    """
    if not asked:
        return usual(names)
    labels = known()
    found = []
    for word in asked:
        name, equals, pattern = word.partition("=")
        if not equals and name not in labels:
            raise ConfigError(
                f"there is no label {name!r}. Known are: {', '.join(labels)}."
                r" Or a regular expression under a name of your own: --label 'loop=\bfor\b'."
            )
        found.append(matching(name, pattern) if equals else labels[name])
    return found
