"""What a run folder holds, in words."""

from __future__ import annotations

import shlex
from itertools import count
from pathlib import Path

from ..train.lock import LOCK
from ..train.run import BEST, CONFIG, LAST, Run

__all__ = ["contents", "free", "kept", "quoted"]


def quoted(path: Path) -> str:
    """Return a path as a shell takes it."""
    return shlex.quote(str(path))


def free(folder: Path, holds: str = CONFIG) -> Path:
    """Return the folder, or where it holds such a file the first of folder-2, folder-3 ... that is not there."""
    numbered = (folder.with_name(f"{folder.name}-{n}") for n in count(2))
    return folder if not (folder / holds).exists() else next(path for path in numbered if not path.exists())


def contents(run: Run) -> str:
    """Return the folder of a run, its files, and which step the best weights are of."""
    names = ", ".join(path.name for path in sorted(run.folder.iterdir()) if path.is_file() and path.name != LOCK)
    evaluated = [line for line in run.log() if "held_out" in line]
    best = f" (best: step {min(evaluated, key=lambda line: line['held_out'])['step']:,})" if evaluated else ""
    return f"{run.folder}: {names}{best}"


def kept(run: Run) -> str:
    """Return what is left of a run that failed."""
    held = [name for name in (BEST, LAST) if (run.folder / name).exists()]
    if not held:
        return f"{run.folder} holds no weights yet: begin again with --force."
    if BEST not in held:
        return f"{run.folder} keeps {LAST} as it was saved, and no best weights yet: begin again with --force."
    return f"{run.folder} keeps {' and '.join(held)} as they were saved: tinygrad-seq sample {quoted(run.folder)}"
