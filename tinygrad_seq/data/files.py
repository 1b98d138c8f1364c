"""Files below a folder, in an order that does not depend on the machine."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path


def walk(root: Path, skip: Callable[[str], bool]) -> list[Path]:
    """The files below `root`, sorted by their path, leaving out every file and folder whose name `skip` is true of.

    Links to folders are not followed: they may lead back.
    """
    found: list[Path] = []
    for folder, folders, files in os.walk(root):
        folders[:] = [name for name in folders if not skip(name)]
        paths = (Path(folder, name) for name in files if not skip(name))
        found += (path for path in paths if path.is_file())
    return sorted(found, key=lambda path: path.relative_to(root).parts)


def count_files(count: int, kind: str = "") -> str:
    """A number of files in words for people: "1 file", "3 binary files"."""
    noun = "file" if count == 1 else "files"
    return f"{count} {kind} {noun}" if kind else f"{count} {noun}"
