"""Ctrl-C, from the first line of `main` to the last: it ends in words, and with exit code 130.

Python's own handler raises KeyboardInterrupt in whatever code is running: where no command can catch it yet that is a
traceback, in a callback of compiled code or a `__del__` it is lost, and in a long kernel nothing happens until that
returns. Here it ends the process as long as no command has begun; in a command it is raised and remembered; and a
second one ends the process even where no Python code is running. An end at once is like `kill -9`: files are whole.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from socket import socket

__all__ = ["INTERRUPTED", "end", "interrupt", "interruptible", "listen", "pressed"]

INTERRUPTED = 130
PATIENCE = 0.5
"""Seconds that Python code has to come to its own end after a second Ctrl-C."""


class Pressed:
    """What is known of Ctrl-C.

    Attributes:
        noted: how often Python code was told of it.
        raised: whether it was raised in a command, and has not arrived at its end.
    """

    def __init__(self) -> None:
        self.noted, self.raised = 0, False


pressed = Pressed()


def listen() -> None:
    """Have Ctrl-C end this process from now on, at once, and a second one in a command whatever that is doing."""
    signal.signal(signal.SIGINT, end)

    from socket import socketpair
    from threading import Thread

    receiver, sender = socketpair()
    sender.setblocking(False)
    signal.set_wakeup_fd(sender.fileno(), warn_on_full_buffer=False)
    if hasattr(os, "register_at_fork"):  # a copy of this process gets signals of its own
        os.register_at_fork(after_in_child=lambda: signal.set_wakeup_fd(-1))
    Thread(target=watch, args=(receiver, sender), daemon=True).start()


def watch(receiver: socket, sender: socket) -> None:
    """Get a byte for each signal, while compiled code runs too; end the process where Python code hears of no second.

    `sender` is not to be closed as long as signals are written to it.
    """
    from time import sleep

    times = 0
    while True:
        times += receiver.recv(64).count(signal.SIGINT)
        if times > 1:
            sleep(PATIENCE)
            if pressed.noted < times:
                quit_now()


def quit_now() -> NoReturn:
    """End this process, without another line of Python."""
    with suppress(OSError, ValueError, AttributeError):  # nobody may be reading
        if sys.stdout.isatty():
            os.write(sys.stdout.fileno(), b"\x1b[?25h\r\n")  # a live display hides the cursor
        os.write(sys.stderr.fileno(), b"Interrupted.\n")
    os._exit(INTERRUPTED)


def end(signum: int, frame: FrameType | None) -> None:
    """Handle Ctrl-C where no command has begun: there is nothing to clean up."""
    quit_now()


def interrupt(signum: int, frame: FrameType | None) -> None:
    """Handle Ctrl-C in a command."""
    pressed.noted += 1
    pressed.raised = True
    raise KeyboardInterrupt


@contextmanager
def interruptible() -> Iterator[None]:
    """Inside the `with` block Ctrl-C is a KeyboardInterrupt that arrives at the end of the block.

    What it met on the way may have made another exception of it, or none. Where Python can only drop it, in
    callbacks of compiled code and in `__del__`, it ends the process.
    """
    before, hook = signal.getsignal(signal.SIGINT), sys.unraisablehook

    def dropped(what: Any) -> None:
        if what.exc_type is KeyboardInterrupt:
            quit_now()
        hook(what)

    pressed.raised = False
    try:
        sys.unraisablehook = dropped
        signal.signal(signal.SIGINT, interrupt)
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        sys.unraisablehook = hook
        if pressed.raised:
            pressed.raised = False
            raise KeyboardInterrupt
