"""Dates as people write them, turned into ISO 8601."""

from __future__ import annotations

from ..data import dates
from .pairs import Pairs
from .recipe import Recipe, Settings

__all__ = ["DATES"]


def make(settings: Settings) -> Pairs:
    """Draw days of two hundred years; no day of the test was learnt in any form."""
    return Pairs(dates(train=settings.train, test=settings.test, seed=settings.seed), settings)


DATES = Recipe(
    name="dates",
    shape="many-to-many",
    about='dates into ISO form: "3rd of May 1997" becomes "1997-05-03"',
    settings=Settings(
        cell="gru",
        attention=False,
        bidirectional=True,
        hidden_size=128,
        steps=1500,
        batch_size=64,
        lr=5e-3,
        train=10_000,
        test=1000,
    ),
    make=make,
)
