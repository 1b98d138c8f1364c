"""Addition as text: "27+61" to "88"."""

from __future__ import annotations

import numpy as np

from tinygrad_seq.data.pairs import TextPair, TextPairs, check_counts
from tinygrad_seq.data.vocab import CharVocab
from tinygrad_seq.errors import ConfigError, DataError


def addition(digits: int = 2, *, train: int = 5000, test: int = 500, seed: int = 0, reverse: bool = False) -> TextPairs:
    """Sums of two numbers of at most `digits` digits, drawn from all of them; no pair occurs twice.

    No test pair is a training pair in either order: 27+61 and 61+27 count as the same. Sources are filled up with
    spaces to 2 * digits + 1 characters, targets to digits + 1.

    Args:
        digits: the most digits a summand has, 1 to 9.
        train: how many training pairs.
        test: how many test pairs, no two of which are the same sum in another order.
        seed: the same seed draws the same pairs.
        reverse: write each source backwards, which brings its first characters nearer to the answer's
            (Sutskever et al. 2014, section 3.3).

    Raises:
        DataError: there are not so many pairs.

    >>> task = addition(2, train=5000, test=500, seed=0)
    >>> len(task.train), len(task.test), task.vocab.symbols
    (5000, 500, ' +0123456789')
    >>> all(int(a) + int(b) == int(y) for x, y in task.test for a, b in [x.split("+")])
    True
    """
    check_counts(train, test)
    if not 1 <= digits <= 9:
        raise ConfigError(f"digits must be from 1 to 9, got {digits}.")
    base = 10**digits
    # 2 * test draws hold `test` different sums at least, and as many draws can be those sums again.
    draws = np.random.default_rng(seed).choice(base * base, min(train + 2 * test, base * base), replace=False)
    a, b = np.divmod(draws, base)
    sums = np.minimum(a, b) * base + np.maximum(a, b)
    tested = np.sort(np.unique(sums, return_index=True)[1])[:test]
    free = np.flatnonzero(~np.isin(sums, sums[tested]))[:train]
    if len(tested) < test or len(free) < train:
        raise DataError(
            f"There are {base * base:,} pairs of summands with digits={digits}, or {base * (base + 1) // 2:,} when a+b "
            f"and b+a are one: too few for train={train:,} beside test={test:,}. Lower one, or raise digits."
        )

    def pair(code: int) -> TextPair:
        a, b = divmod(code, base)
        source = f"{a}+{b}".ljust(2 * digits + 1)
        return TextPair(source[::-1] if reverse else source, str(a + b).ljust(digits + 1))

    learned = [pair(code) for code in draws[free].tolist()]
    return TextPairs(learned, [pair(code) for code in draws[tested].tolist()], CharVocab(" +0123456789"))
