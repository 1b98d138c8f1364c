"""Text from a corpus in a picture: every character visible, none of them markup."""

from __future__ import annotations

__all__ = ["visible"]


def visible(text: str) -> str:
    r"""Return text with control characters and lone surrogates shown as symbols that XML may hold.

    >>> visible("if x:\n\t\x07")
    'if x:␊␉␇'
    """
    return "".join(symbol(c) for c in text)


def symbol(c: str) -> str:
    code = ord(c)
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "␡"
    if 0x80 <= code < 0xA0 or 0xD800 <= code < 0xE000 or code & 0xFFFE == 0xFFFE:
        return "\N{REPLACEMENT CHARACTER}"
    return c
