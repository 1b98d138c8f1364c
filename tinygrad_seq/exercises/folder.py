"""The answers in a folder."""

from __future__ import annotations

from pathlib import Path

from ..errors import ConfigError
from .catalogue import EXERCISES

__all__ = ["answers"]


def answers(folder: str | Path) -> dict[Path, str | None]:
    """Return the programs in a folder and below it, and of each which exercise it answers, None if unclear.

    A file answers the exercise whose name is in its own: `ann/unroll.py`, `unroll_ben.py`, `carl_1234_unroll-2.py`.
    What begins with a dot is passed over. Raises ConfigError where there is no answer.
    """
    found: dict[Path, str | None] = {}
    for file in sorted(Path(folder).rglob("*.py")):
        if not any(part.startswith(".") for part in file.relative_to(folder).parts):
            names = [name for name in EXERCISES if name in file.stem]
            found[file] = names[0] if len(names) == 1 else None
    if not any(found.values()):
        raise ConfigError(
            f"No answer in {folder}: a file's name holds the name of its exercise, such as unroll.py or unroll_ann.py."
        )
    return found
