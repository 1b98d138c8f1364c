"""Text from a corpus in a picture or a page: every character visible, none of them markup."""

from __future__ import annotations

__all__ = ["visible"]


def visible(text: str, keep: str = "") -> str:
    r"""Return text with what XML cannot hold, control characters and lone surrogates, shown as symbols.

    So are the characters that turn the direction of writing: they would turn what stands around the text too.

    Characters in `keep` stay, such as the newline in a block of text.

    >>> visible("if x:\n\t\x07")
    'if x:␊␉␇'
    """
    return "".join(c if c in keep else symbol(c) for c in text)


def symbol(c: str) -> str:
    code = ord(c)
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "␡"
    if 0x202A <= code <= 0x202E or 0x2066 <= code <= 0x2069:
        return "\N{REPLACEMENT CHARACTER}"
    if 0x80 <= code < 0xA0 or 0xD800 <= code < 0xE000 or code & 0xFFFE == 0xFFFE:
        return "\N{REPLACEMENT CHARACTER}"
    return c
