"""A disk of which the n-th call fails, or whose process dies with it."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import pytest

from tinygrad_seq import atomic

NO_ROOM = OSError(errno.ENOSPC, "No space left on device")


class Killed(BaseException):
    """The process is gone: from here on nothing of it reaches the disk."""


class Failing:
    """Counts the calls that touch the disk and lets the n-th fail, a write after half of it was done."""

    def __init__(self, n: int, dies: bool) -> None:
        self.n, self.dies, self.calls = n, dies, 0

    def call(self, function: Any) -> Any:
        def counted(*args: Any, **options: Any) -> Any:
            self.calls += 1
            if self.dies and self.calls >= self.n:
                raise Killed
            if self.calls == self.n:
                raise NO_ROOM
            return function(*args, **options)

        return counted

    def opened(self, open_file: Any) -> Any:
        def counted(*args: Any, **options: Any) -> Any:
            file = self.call(open_file)(*args, **options)
            write = file.write

            def half(content: bytes) -> None:
                write(content[: len(content) // 2])
                file.flush()
                self.call(write)(content[len(content) // 2 :])

            return Opened(file, half, self.call(file.flush))

        return counted


class Opened:
    def __init__(self, file: Any, write: Any, flush: Any) -> None:
        self.file, self.write, self.flush = file, write, flush

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.file.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.file, name)

    def fileno(self) -> int:
        return self.file.fileno()


@contextmanager
def failing(n: int, *, dies: bool = False) -> Iterator[Failing]:
    """Let the n-th call that touches the disk fail; with `dies` none that follows is made either, a kill's picture."""
    with pytest.MonkeyPatch.context() as patch:
        failing = Failing(n, dies)
        patch.setattr(Path, "open", failing.opened(Path.open))
        calls = [(Path, "replace"), (os, "fsync"), (os, "open"), (os, "link"), (atomic.shutil, "copyfile")]
        for owner, name in [*calls, *([(Path, "unlink")] if dies else [])]:
            patch.setattr(owner, name, failing.call(getattr(owner, name)))
        yield failing
