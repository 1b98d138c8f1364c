"""How much of a generated text is words that exist."""

from __future__ import annotations

import re
from collections.abc import Set as AbstractSet

__all__ = ["known_share", "words"]

WORD = re.compile(r"[^\W\d]\w*")


def words(text: str) -> list[str]:
    """Return the words of a text: letters, digits and underscores, not beginning with a digit."""
    return WORD.findall(text)


def known_share(text: str, known: AbstractSet[str]) -> float:
    """Return the share of the words in `text` that are known; the last may have been cut off and does not count.

    >>> known_share("for x in rnage(3): pas", {"for", "x", "in", "range", "pass"})
    0.75
    """
    written = words(text)[:-1]
    return sum(word in known for word in written) / max(1, len(written))
