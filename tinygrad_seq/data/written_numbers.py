"""Numbers in digits and in words: "4217" to "four thousand two hundred seventeen"."""

from __future__ import annotations

from tinygrad_seq.data.pairs import TextPair, TextPairs, draw_distinct
from tinygrad_seq.data.vocab import CharVocab

ONES = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)  # fmt: skip
TENS = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")

COUNT = 10_000
LONGEST = len("three thousand three hundred seventy-three")


def number_words(*, train: int = 5000, test: int = 500, seed: int = 0) -> TextPairs:
    """The numbers 0 to 9999 in digits and in words; no number occurs twice.

    Args:
        train: how many training pairs.
        test: how many test pairs.
        seed: the same seed draws the same pairs.

    Raises:
        DataError: there are not so many numbers.

    >>> task = number_words(train=9000, test=1000)
    >>> [pair.target.rstrip() for pair in task.train + task.test if pair.source == "4217"]
    ['four thousand two hundred seventeen']
    """
    drawn = draw_distinct(COUNT, train, test, seed, what="numbers")
    learned, tested = ([TextPair(str(n).ljust(4), in_words(n).ljust(LONGEST)) for n in part] for part in drawn)
    symbols = set("".join(ONES + TENS) + "thousand hundred-" + "0123456789")
    return TextPairs(learned, tested, CharVocab("".join(sorted(symbols))))


def in_words(n: int) -> str:
    """A number from 0 to 9999 in English words.

    >>> in_words(1070)
    'one thousand seventy'
    """
    if n < 20:
        return ONES[n]
    if n < 100:
        return TENS[n // 10] + (f"-{ONES[n % 10]}" if n % 10 else "")
    size, name = (1000, "thousand") if n >= 1000 else (100, "hundred")
    rest = f" {in_words(n % size)}" if n % size else ""
    return f"{ONES[n // size]} {name}{rest}"
