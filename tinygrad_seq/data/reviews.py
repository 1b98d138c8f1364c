"""Reviews as a model of bytes reads them: one after another, each begun and ended in the same way."""

from __future__ import annotations

from html import unescape

from tinygrad_seq.data.vocab import as_bytes

BEFORE, AFTER = "\n ", " "


def prepared(review: str) -> bytes:
    r"""The bytes of a review: entities of HTML read, newlines made spaces, "\n " before it and a space after it.

    A newline written out, as a backslash and an n, is one too. A model trained on such reviews end to end has read
    what the last byte says: this was the whole review. Source: Radford et al., 2017.

    >>> prepared("Good &amp; cheap.\nBuy it!\n")
    b'\n Good & cheap. Buy it! '
    """
    line = unescape(review).replace("\n", " ").replace(r"\n", " ").strip()
    return as_bytes(BEFORE + line + AFTER)
