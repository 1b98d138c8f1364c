"""Exact labels of Python text, from its own tokenizer and syntax tree; the same on Python 3.11 and later.

From 3.12 on an f-string comes as several tokens, its expressions among them. Here it is one string from its first
quote to its last, as it was before.
"""

from __future__ import annotations

import ast
import io
import keyword
import tokenize
import warnings
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from ...errors import DataError
from .label import Label, spans
from .lines import column, line_starts, to_newline

__all__ = ["PYTHON", "PythonText", "read_python"]

STARTS = {getattr(tokenize, name, None) for name in ("FSTRING_START", "TSTRING_START")} - {None}
ENDS = {getattr(tokenize, name, None) for name in ("FSTRING_END", "TSTRING_END")} - {None}
QUOTES = "'\""


class Piece(NamedTuple):
    """A token, or an f-string as a whole, with its place in the text."""

    kind: int
    string: str  # of an f-string: how it begins
    start: int
    stop: int


class String(NamedTuple):
    """A string: its quote, and from where to where it is open (see `Label`)."""

    quote: str
    start: int
    stop: int


class PythonText:
    """The labels of one text. Raises DataError for text that this Python cannot parse."""

    def __init__(self, text: str) -> None:
        self.text, self.starts = text, line_starts(text)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of the text's own: it is read, not run
                tree = ast.parse(text)
                self.pieces = list(self.read())
        except (SyntaxError, ValueError, tokenize.TokenError, RecursionError, MemoryError) as error:
            raise DataError(f"this is no Python text: {error}") from error
        self.nodes = list(ast.walk(tree))
        self.lines = text.split("\n")
        self.strings = [string_of(piece) for piece in self.pieces if piece.kind == tokenize.STRING]

    def read(self) -> Iterator[Piece]:
        """Yield the tokens that stand in the text, an f-string as one."""
        depth, first = 0, None
        for token in tokenize.generate_tokens(io.StringIO(self.text).readline):
            start = self.place(*token.start)
            stop = start + len(token.string)  # early 3.12 gives a wrong end of what has several lines
            if token.type in STARTS:
                first = first if depth else (token.string, start)
                depth += 1
            elif token.type in ENDS:
                depth -= 1
                if not depth and first is not None:
                    yield Piece(tokenize.STRING, first[0], first[1], stop)
            elif not depth:
                yield Piece(token.type, token.string, start, stop)

    def place(self, row: int, col: int) -> int:
        """Return the place in the text of a row, from 1, and a column in characters."""
        return int(self.starts[row - 1]) + col if row <= len(self.starts) else len(self.text)

    def place_of_bytes(self, row: int, col: int) -> int:
        """Return the place of a column of the syntax tree, which counts the bytes of UTF-8."""
        line = self.lines[row - 1]
        return self.place(row, col if line.isascii() else len(line.encode()[:col].decode(errors="ignore")))

    def extent(self, node: ast.expr | ast.stmt) -> tuple[int, int]:
        """Return where a node begins and ends; a function or class begins with its first decorator."""
        first = min([node, *getattr(node, "decorator_list", [])], key=lambda n: (n.lineno, n.col_offset))
        start = self.place_of_bytes(first.lineno, first.col_offset) - (first is not node)  # the @
        return start, self.place_of_bytes(node.end_lineno or 0, node.end_col_offset or 0)

    def inside(self, *quotes: str) -> np.ndarray:
        """Return whether a string with one of these quotes is open."""
        return spans(len(self.text), ((s.start, s.stop) for s in self.strings if s.quote in quotes))

    def docstring(self) -> np.ndarray:
        """Return whether a docstring is open: a string that is the first statement of a module, class or function."""
        found = []
        for node in self.nodes:
            if (
                not isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
                or not node.body
            ):
                continue
            first = node.body[0]
            if (
                isinstance(first, ast.Expr)
                and isinstance(first.value, ast.Constant)
                and isinstance(first.value.value, str)
            ):
                found.append(self.extent(first))
        inside = spans(len(self.text), found)
        return spans(len(self.text), ((s.start, s.stop) for s in self.strings if inside[s.start]))

    def comment(self) -> np.ndarray:
        """Return whether a comment is open, from its # to the end of the line."""
        return spans(len(self.text), ((p.start, p.stop) for p in self.pieces if p.kind == tokenize.COMMENT))

    def if_test(self) -> np.ndarray:
        """Return what stands in the test of an `if` or `elif` statement."""
        return spans(len(self.text), (self.extent(node.test) for node in self.nodes if isinstance(node, ast.If)))

    def if_body(self) -> np.ndarray:
        """Return what stands in the body of an `if` or `elif`, from its first statement to its last; not in `else`."""
        bodies = (node.body for node in self.nodes if isinstance(node, ast.If))
        return spans(len(self.text), ((self.extent(body[0])[0], self.extent(body[-1])[1]) for body in bodies))

    def bracket_depth(self) -> np.ndarray:
        """Return how many brackets ( [ { are open; those in strings and comments are none."""
        change = np.zeros(len(self.text), np.intp)
        for piece in self.pieces:
            if piece.kind == tokenize.OP and piece.string in "()[]{}":
                change[piece.start] = 1 if piece.string in "([{" else -1
        return np.cumsum(change)

    def indentation(self) -> np.ndarray:
        """Return how many blocks are open, by line: a blank line or a comment still belongs to the block before it."""
        change = np.zeros(len(self.text) + 1, np.intp)
        for piece in self.pieces:
            if piece.kind in (tokenize.INDENT, tokenize.DEDENT):
                row = int(np.searchsorted(self.starts, piece.start, side="right")) - 1
                at = (
                    self.starts[row]
                    if piece.kind == tokenize.INDENT or piece.start < len(self.text)
                    else len(self.text)
                )
                change[at] += 1 if piece.kind == tokenize.INDENT else -1
        return np.cumsum(change)[:-1]

    def name(self, is_keyword: bool) -> np.ndarray:
        """Return what stands in keywords, or in other names."""
        names = (p for p in self.pieces if p.kind == tokenize.NAME)
        return spans(len(self.text), ((p.start, p.stop) for p in names if keyword.iskeyword(p.string) == is_keyword))


def string_of(piece: Piece) -> String:
    """Return the quote of a string and where it is open: from the end of the opening quote to that of the closing."""
    prefix = len(piece.string) - len(piece.string.lstrip("rRbBuUfFtT"))
    quote = piece.string[prefix]
    quote = 3 * quote if piece.string[prefix:].startswith(3 * quote) else quote
    return String(quote, piece.start + prefix + len(quote) - 1, piece.stop - 1)


@lru_cache(maxsize=2)
def read_python(text: str) -> PythonText:
    """Return a text read once for all of its labels."""
    return PythonText(text)


ONE_LINE, TRIPLE = tuple(QUOTES), tuple(3 * quote for quote in QUOTES)

PYTHON = (
    Label("string", "inside a string of any kind", lambda text: read_python(text).inside(*ONE_LINE, *TRIPLE)),
    Label("one-line string", "inside a string between ' or \"", lambda text: read_python(text).inside(*ONE_LINE)),
    Label("string '", "inside a string between '", lambda text: read_python(text).inside("'")),
    Label('string "', 'inside a string between "', lambda text: read_python(text).inside('"')),
    Label("triple string", "inside a string between three quotes", lambda text: read_python(text).inside(*TRIPLE)),
    Label("docstring", "inside a docstring", lambda text: read_python(text).docstring()),
    Label("comment", "inside a comment", lambda text: read_python(text).comment()),
    Label("if test", "in the test of an if or elif", lambda text: read_python(text).if_test()),
    Label("if body", "in the body of an if or elif", lambda text: read_python(text).if_body()),
    Label("bracket depth", "brackets that are open", lambda text: read_python(text).bracket_depth()),
    Label("indentation", "blocks that are open", lambda text: read_python(text).indentation()),
    Label("column", "characters since the line began", column),
    Label("to newline", "characters left before the newline", to_newline),
    Label("keyword", "a letter of a keyword", lambda text: read_python(text).name(is_keyword=True)),
    Label("identifier", "a letter of any other name", lambda text: read_python(text).name(is_keyword=False)),
)
