"""Dates as people write them, and as ISO 8601 does: "3rd of May 1997" to "1997-05-03"."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np

from tinygrad_seq.data.pairs import TextPair, TextPairs, draw_distinct
from tinygrad_seq.data.vocab import CharVocab

FIRST = date(1900, 1, 1)
DAYS = (date(2100, 1, 1) - FIRST).days

MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip

FORMS = (
    "{day}{suffix} of {month} {year}",
    "{day} {month} {year}",
    "{month} {day}, {year}",
    "{day} {short} {year}",
    "{month} {day}{suffix}, {year}",
)
LONGEST = len("22nd of September 1997")


def dates(*, train: int = 5000, test: int = 500, seed: int = 0) -> TextPairs:
    """Days of 1900 to 2099 in one of five forms, and in ISO 8601; a day of the test pairs is in no training pair.

    Args:
        train: how many training pairs.
        test: how many test pairs.
        seed: the same seed draws the same pairs.

    Raises:
        DataError: there are not so many days.

    >>> task = dates(train=3, test=1, seed=0)
    >>> len({pair.target for pair in task.train + task.test})
    4
    """
    drawn = draw_distinct(DAYS, train, test, seed, what="days")
    forms = np.random.default_rng([seed, 1]).integers(len(FORMS), size=DAYS)
    learned, tested = ([_pair(FIRST + timedelta(day), FORMS[forms[day]]) for day in part] for part in drawn)
    symbols = set("".join(MONTHS) + "".join(map(suffix, range(1, 32))) + "0123456789of ,-")
    return TextPairs(learned, tested, CharVocab("".join(sorted(symbols))))


def suffix(day: int) -> str:
    """The ending of an ordinal number up to 31st: "st", "nd", "rd" or "th"."""
    if day in {11, 12, 13}:
        return "th"
    return {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")


def _pair(day: date, form: str) -> TextPair:
    month = MONTHS[day.month - 1]
    written = form.format(day=day.day, suffix=suffix(day.day), month=month, short=month[:3], year=day.year)
    return TextPair(written.ljust(LONGEST), day.isoformat())
