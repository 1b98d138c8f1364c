"""A folder that one process at a time writes in."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep

from ..errors import CheckpointError, FolderInUseError

__all__ = ["LOCK", "held", "made"]

LOCK = ".lock"
PAUSE = 0.05
TAKEN = {errno.EAGAIN, errno.EWOULDBLOCK, errno.EACCES, errno.EDEADLK}
"""What systems answer where another process has the lock; other errors mean that a file system has no locks."""


@contextmanager
def held(folder: str | Path, patience: float = 0.0) -> Iterator[None]:
    """Inside the `with` block no other process can hold this folder, which is made if need be.

    The system lets go of it when the process ends, however it ends; the empty file `.lock` stays and means nothing. On
    a file system without locks nobody is kept out.

    Raises:
        FolderInUseError: another process holds it, and has not let go of it for so many seconds.
        CheckpointError: it cannot be made or written in.
    """
    folder = made(folder)
    try:
        file = (folder / LOCK).open("wb")
    except OSError as error:
        raise CheckpointError(f"{folder} cannot be written in: {error.strerror}.") from error
    with file:
        patient_until = monotonic() + patience
        while not locked(file.fileno()):
            if monotonic() >= patient_until:
                raise FolderInUseError(
                    f"{folder} is in use: another process is training in it."
                    "\n    Wait until it has ended, or choose another folder (--out)."
                )
            sleep(PAUSE)
        yield


def locked(descriptor: int) -> bool:
    """Lock an open file until it is closed, and tell whether nobody else has."""
    try:
        try:
            import fcntl
        except ImportError:  # Windows
            import msvcrt

            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
        else:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return error.errno not in TAKEN
    return True


def made(folder: str | Path) -> Path:
    """Make a folder where there is none.

    Raises:
        CheckpointError: it cannot be made.
    """
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CheckpointError(f"{folder} cannot be made: {error.strerror}. Choose another folder (--out).") from error
    return Path(folder)
