"""Random numbers that can be named: a dropout mask is a function of (seed, step, draw), never of a shared stream.

So a mask can be drawn again (recomputation under `checkpoint`), a resumed run draws what the uninterrupted one would
have drawn, and two threads do not disturb each other. Initial weights come from a host generator, the same on every
backend.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import NamedTuple

import numpy as np


class Key(NamedTuple):
    """The name of one random array: which seed, which training step, which draw within that step."""

    seed: int
    step: int
    draw: int


class Rows(NamedTuple):
    """Which rows of a batch are here, where several processes share it: `first` to `stop` (exclusive) of `total`."""

    first: int
    stop: int
    total: int


class Stream:
    """The counters of one thread of execution, and its generator of initial weights."""

    __slots__ = ("draw", "generator", "seed", "step")

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.step = 0
        self.draw = 0
        self.generator = np.random.default_rng(seed)


stream: ContextVar[Stream | None] = ContextVar("stream", default=None)
here: ContextVar[Rows | None] = ContextVar("here", default=None)


def current() -> Stream:
    """Return the stream of this thread; its seed is 0 without `manual_seed`: the same program, the same numbers."""
    s = stream.get()
    if s is None:
        s = Stream(0)
        stream.set(s)
    return s


def manual_seed(seed: int) -> None:
    """Start all random numbers of this thread anew from `seed`: initial weights, dropout, sampling."""
    stream.set(Stream(int(seed)))


def generator() -> np.random.Generator:
    """Return the host generator from which initial weights are drawn."""
    return current().generator


def at_step(step: int) -> None:
    """Say that training step `step` begins: its draws are numbered from 0, whatever was drawn before."""
    s = current()
    s.step, s.draw = step, 0


def next_key() -> Key:
    """Return the name of the next random array and count it."""
    s = current()
    key = Key(s.seed, s.step, s.draw)
    s.draw += 1
    return key


def position() -> Key:
    """Return where the counters stand, for `rewind`."""
    s = current()
    return Key(s.seed, s.step, s.draw)


def rewind(key: Key) -> None:
    """Set the counters back to an earlier `position`."""
    s = current()
    s.seed, s.step, s.draw = key


@contextmanager
def rows_here(rows: Rows | None) -> Iterator[None]:
    """Inside the `with` block dropout draws the masks of the whole batch and takes those of these rows; None: all."""
    token = here.set(rows)
    try:
        yield
    finally:
        here.reset(token)
