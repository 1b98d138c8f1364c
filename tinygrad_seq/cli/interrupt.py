"""Ctrl-C that lets the step in hand finish."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from .ctrl_c import interrupt, pressed

__all__ = ["Asked", "finishing_the_step"]


class Asked:
    """Whether Ctrl-C was pressed."""

    def __init__(self) -> None:
        self.to_stop = False


@contextmanager
def finishing_the_step() -> Iterator[Asked]:
    """Inside the `with` block the first Ctrl-C only says so; the second stops at once, as elsewhere in a command.

    One that came before, and was lost on the way, is raised here: nothing has begun.
    """
    if pressed.raised:
        raise KeyboardInterrupt
    asked = Asked()
    before = signal.getsignal(signal.SIGINT)

    def first(signum: int, frame: FrameType | None) -> None:
        pressed.noted += 1
        asked.to_stop = True
        signal.signal(signal.SIGINT, interrupt)

    signal.signal(signal.SIGINT, first)
    try:
        yield asked
    finally:
        signal.signal(signal.SIGINT, before)
