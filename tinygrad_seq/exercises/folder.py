"""The answers in a folder."""

from __future__ import annotations

from pathlib import Path

from ..errors import ConfigError
from .catalogue import EXERCISES

__all__ = ["answers"]


def answers(folder: str | Path) -> dict[Path, str]:
    """Return the answers in a folder and below it, and of which exercise each is.

    A file answers the exercise whose name is in its own: `ann/unroll.py`, `unroll_ben.py`, `carl_1234_unroll-2.py`.
    Raises ConfigError where there is none.
    """
    files = sorted(Path(folder).rglob("*.py"))
    named = {file: [name for name in EXERCISES if name in file.stem] for file in files}
    found = {file: names[0] for file, names in named.items() if len(names) == 1}
    if not found:
        raise ConfigError(
            f"No answer in {folder}: a file's name holds the name of its exercise, such as unroll.py or unroll_ann.py."
        )
    return found
