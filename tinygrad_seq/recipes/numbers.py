"""Numbers in digits, written out in words."""

from __future__ import annotations

from ..data import number_words
from .pairs import Pairs
from .recipe import Recipe, Settings

__all__ = ["NUMBERS"]


def make(settings: Settings) -> Pairs:
    """Draw numbers below ten thousand; none of the test was learnt."""
    return Pairs(number_words(train=settings.train, test=settings.test, seed=settings.seed), settings)


NUMBERS = Recipe(
    name="numbers",
    shape="many-to-many",
    about='numbers into words: "4217" becomes "four thousand two hundred seventeen"',
    settings=Settings(
        cell="gru",
        attention=True,
        bidirectional=True,
        hidden_size=128,
        steps=1500,
        batch_size=64,
        lr=8e-3,
        train=8000,
        test=1000,
    ),
    make=make,
)
