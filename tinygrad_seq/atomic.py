"""Files replaced whole: after a crash, a power cut or on a full disk there is the old one or the new one."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from glob import escape
from pathlib import Path
from time import sleep

from .errors import CheckpointError

__all__ = ["replace_file"]

LOCKS_OPEN_FILES = os.name == "nt"
PAUSES = (0.01, 0.03, 0.1, 0.3, 1.0)
"""Seconds between attempts to replace a file that another program has open, such as a virus scanner."""
FOLDER_CANNOT_SYNC = {errno.EINVAL, errno.ENOTSUP, errno.EACCES, errno.EPERM, errno.EBADF}


def replace_file(path: str | os.PathLike[str], content: bytes, *, previous: str | None = None) -> None:
    """Write a file so that after a crash or a full disk there is the old one or the new one, whole.

    With `previous` the old one stays beside it under that name. There is a file at `path` at every moment, and the one
    before the old one is there until the new one is: where the old one is damaged, it may be the only good one.

    Raises:
        CheckpointError: it cannot be written; at `path` is the old one, or the new one whole.
    """
    target = Path(path).resolve()  # a link stays a link
    names = [target.name] if previous is None else [target.name, previous]
    try:
        try:
            temporary = beside(target)
            with temporary.open("wb") as file:
                file.write(content)
                file.flush()
                to_disk(file.fileno())
            kept = target.with_name(previous) if previous is not None and target.exists() else None
            if kept is not None:
                link(target, beside(kept))
            move(temporary, target)
            if kept is not None:
                move(beside(kept), kept)
        finally:
            for orphan in orphans(target.parent, names):
                orphan.unlink(missing_ok=True)
        sync_folder(target.parent)
    except OSError as error:
        found = "There is the old one still, or the new one whole. " if target.exists() else ""
        raise CheckpointError(
            f"{path} cannot be written: {error.strerror or error}. {found}Make room, or choose another folder (--out)."
        ) from error


def beside(target: Path) -> Path:
    """Return the name under which this process writes a file before it takes its place."""
    return target.with_name(f".{target.name}.{os.getpid()}.tmp")


def orphans(folder: Path, names: list[str]) -> Iterator[Path]:
    """Find what this process has not moved into place, or one that was killed."""
    for name in names:
        yield from folder.glob(f".{escape(name)}.*.tmp")


def link(target: Path, second: Path) -> None:
    """Give the file that is about to be replaced a second name, under which it stays."""
    second.unlink(missing_ok=True)
    try:
        os.link(target, second)
    except OSError:  # FAT and some network folders have no links
        shutil.copyfile(target, second)


def move(source: Path, target: Path) -> None:
    """Rename a file over another; Windows refuses while some program has that one open, so it is asked again."""
    for pause in (*PAUSES, None) if LOCKS_OPEN_FILES else (None,):
        try:
            source.replace(target)
        except PermissionError:
            if pause is None:
                raise
            sleep(pause)
        else:
            return


def to_disk(descriptor: int) -> None:
    """Make what was written outlive a power cut; on macOS fsync alone leaves it in the drive's own memory."""
    try:
        import fcntl

        fcntl.fcntl(descriptor, fcntl.F_FULLFSYNC)  # type: ignore[attr-defined,unused-ignore]
    except (ImportError, AttributeError, OSError):  # another system, or a network folder that knows fsync alone
        os.fsync(descriptor)


def sync_folder(folder: Path) -> None:
    """Make a rename in this folder outlive a power cut; Windows and some network folders have no such call."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in FOLDER_CANNOT_SYNC:
            raise
    finally:
        os.close(descriptor)
