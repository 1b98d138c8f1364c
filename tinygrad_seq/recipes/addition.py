"""Sums as text, the question written backwards: its last digit, with which adding begins, is read first."""

from __future__ import annotations

from ..data import addition
from .pairs import Pairs
from .recipe import Recipe, Settings

__all__ = ["ADDITION"]


def make(settings: Settings) -> Pairs:
    """Draw pairs of numbers of up to three digits; no pair of the test was learnt in either order."""
    pairs = addition(3, train=settings.train, test=settings.test, seed=settings.seed, reverse=True)
    return Pairs(pairs, settings, backwards=True)


ADDITION = Recipe(
    name="addition",
    shape="many-to-many",
    about='sums of numbers of three digits as text: "535+61" becomes "596"',
    settings=Settings(
        cell="lstm",
        attention=True,
        hidden_size=128,
        steps=9000,
        batch_size=64,
        lr=4e-3,
        train=50_000,
        test=1000,
    ),
    make=make,
)
