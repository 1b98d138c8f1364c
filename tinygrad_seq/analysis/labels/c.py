"""Labels of C text: comments, strings, and what stands in an `if`. Preprocessor lines are passed over."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from .label import Label, spans

__all__ = ["C", "CText", "read_c"]

TOKEN = re.compile(
    r"""(?P<comment>//(?:\\\n|[^\n])*|/\*.*?(?:\*/|\Z))
    |(?P<directive>^[ \t]*\#(?:\\\n|/\*.*?\*/|[^\n])*)
    |(?P<string>"(?:\\.|[^"\\\n])*"?)
    |(?P<character>'(?:\\.|[^'\\\n])*'?)
    |(?P<word>[A-Za-z_]\w*)
    |(?P<mark>[(){}\[\];])""",
    re.VERBOSE | re.DOTALL | re.MULTILINE,
)
PAIRS = {"(": ")", "{": "}", "[": "]"}
WITH_CONDITION = ("if", "while", "for", "switch")


class Token(NamedTuple):
    """A word, a bracket or a semicolon, and where it stands."""

    string: str
    start: int
    stop: int


class CText:
    """The labels of one text. Code that no compiler would take gives what can be made of it."""

    def __init__(self, text: str) -> None:
        self.length = len(text)
        self.comments: list[tuple[int, int]] = []
        self.strings: list[tuple[int, int]] = []
        self.tokens: list[Token] = []
        for found in TOKEN.finditer(text):
            start, stop = found.span()
            if found.lastgroup == "comment":  # open once /* or // has been read; a block is closed by its last slash
                self.comments.append((start + 1, stop - 1 if found[0].endswith("*/") else stop))
            elif found.lastgroup == "string":
                self.strings.append((start, stop - 1))
            elif found.lastgroup in ("word", "mark"):
                self.tokens.append(Token(found[0], start, stop))
        self.partner = partners(self.tokens)

    def ifs(self) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
        """Yield where the condition of each `if` stands, inside its brackets, and its body, up to its closing mark."""
        for i, token in enumerate(self.tokens):
            close = self.partner.get(i + 1)
            if token.string != "if" or close is None or self.tokens[i + 1].string != "(":
                continue
            end = self.statement(close + 1)
            if close + 1 < len(self.tokens) and end > close:
                body = (self.tokens[close].stop, self.tokens[end - 1].stop - 1)
                yield (self.tokens[i + 1].start, self.tokens[close].start), body

    def statement(self, i: int) -> int:
        """Return the token after the statement that begins at token i."""
        while i < len(self.tokens):
            word = self.tokens[i].string
            if word == "{":
                return self.partner.get(i, len(self.tokens) - 1) + 1
            if word in WITH_CONDITION and i + 1 in self.partner:
                i = self.partner[i + 1] + 1
                if word == "if":
                    i = self.statement(i)
                    if i >= len(self.tokens) or self.tokens[i].string != "else":
                        return i
                    i += 1
            elif word in ("else", "do"):
                i = self.statement(i + 1) if word == "do" else i + 1
            elif word == "while":
                i += 1
            elif word == ";":
                return i + 1
            elif word == "}":
                return i
            else:
                i = self.partner.get(i, i) + 1
        return i

    def condition(self) -> np.ndarray:
        """Return what stands between the brackets of an `if`."""
        return spans(self.length, (condition for condition, _ in self.ifs()))

    def body(self) -> np.ndarray:
        """Return what stands in the statement or block after the brackets of an `if`; not in `else`."""
        return spans(self.length, (body for _, body in self.ifs()))


def partners(tokens: list[Token]) -> dict[int, int]:
    """Return for each opening bracket that is closed the token that closes it."""
    found, stack = {}, []
    for i, token in enumerate(tokens):
        if token.string in PAIRS:
            stack.append(i)
        elif stack and token.string == PAIRS[tokens[stack[-1]].string]:
            found[stack.pop()] = i
    return found


@lru_cache(maxsize=2)
def read_c(text: str) -> CText:
    """Return a text read once for all of its labels."""
    return CText(text)


C = (
    Label("C string", "inside a string", lambda text: spans(len(text), read_c(text).strings)),
    Label("C comment", "inside a comment", lambda text: spans(len(text), read_c(text).comments)),
    Label("C if condition", "between the brackets of an if", lambda text: read_c(text).condition()),
    Label("C if body", "in the body of an if", lambda text: read_c(text).body()),
)
