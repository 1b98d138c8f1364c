"""Labels of any text: where in its line, in its word, in quotes and brackets a character stands."""

from __future__ import annotations

import numpy as np

from .label import Label, matching

__all__ = ["ANY_TEXT", "SPEAKER", "line_starts"]

OPENING, CLOSING = "([{", ")]}"


def code_points(text: str) -> np.ndarray:
    return np.frombuffer(text.encode("utf-32-le", errors="surrogatepass"), "<u4")


def line_starts(text: str) -> np.ndarray:
    r"""Return where each line begins; a line ends with its newline.

    >>> line_starts("ab\n\nc").tolist()
    [0, 3, 4]
    """
    return np.concatenate([[0], np.flatnonzero(code_points(text) == ord("\n")) + 1])


def since_last(marks: np.ndarray) -> np.ndarray:
    """Return how many places each one lies after the last True at or before it; from -1 on before the first.

    >>> since_last(np.array([False, True, False, False])).tolist()
    [1, 0, 1, 2]
    """
    places = np.arange(len(marks))
    last: np.ndarray = np.maximum.accumulate(np.where(marks, places, -1))
    return places - last


def column(text: str) -> np.ndarray:
    """Return the place in the line, from 0."""
    begins = np.zeros(len(text) + 1, np.bool_)
    begins[line_starts(text)] = True
    return since_last(begins[:-1])


def to_newline(text: str) -> np.ndarray:
    """Return how many characters are left before the newline, 0 where it is next or this is it; at the end of the text
    it counts as if one followed.
    """
    newline = np.append(code_points(text) == ord("\n"), True)
    ahead = since_last(newline[::-1])[::-1][:-1]
    return np.maximum(ahead - 1, 0)


def newline_next(text: str) -> np.ndarray:
    newline = code_points(text) == ord("\n")
    return np.append(newline[1:], False)[: len(text)]


def each(text: str, test: str) -> np.ndarray:
    """Return a method of `str` for each character, asked once for every different one."""
    different, which = np.unique(code_points(text), return_inverse=True)
    return np.array([getattr(chr(code), test)() for code in different], np.bool_)[which.ravel()]


def place_in_word(text: str) -> np.ndarray:
    """Return which letter of its word a character is, from 1; 0 outside of words."""
    return since_last(~each(text, "isalnum"))


def paragraphs(text: str) -> list[tuple[int, int]]:
    """Return the parts of the text between blank lines, each with the blank line that ends it."""
    bounds = [0]
    place = text.find("\n\n")
    while place >= 0:
        bounds.append(place + 2)
        place = text.find("\n\n", place + 2)
    return list(zip(bounds, [*bounds[1:], len(text)], strict=True))


def in_quotes(text: str) -> np.ndarray:
    """Return whether a double quotation is open, " or “ ”; a blank line closes it."""
    inside = np.zeros(len(text), np.bool_)
    for start, stop in paragraphs(text):
        is_open = False
        for i in range(start, stop):
            symbol = text[i]
            if symbol == '"':
                is_open = not is_open
            elif symbol in "“”":
                is_open = symbol == "“"
            inside[i] = is_open
    return inside


def in_brackets(text: str) -> np.ndarray:
    """Return whether a bracket ( [ { is open; a blank line closes all."""
    codes = code_points(text)
    change = np.isin(codes, list(map(ord, OPENING))).astype(np.intp) - np.isin(codes, list(map(ord, CLOSING)))
    inside = np.zeros(len(text), np.bool_)
    for start, stop in paragraphs(text):
        depth = np.cumsum(change[start:stop])
        inside[start:stop] = depth > np.minimum(
            np.minimum.accumulate(depth), 0
        )  # one that closes nothing counts for nothing
    return inside


ANY_TEXT = (
    Label("quotes", 'between double quotes, " or “ ”', in_quotes),
    Label("brackets", "between brackets ( [ {", in_brackets),
    Label("position in line", "characters since the line began", column),
    Label("to newline", "characters left before the newline", to_newline),
    Label("newline coming", "the next character is a newline", newline_next),
    Label("position in word", "which letter of its word, 0 outside", place_in_word),
    Label("capital", "a capital letter", lambda text: each(text, "isupper")),
    Label("digit", "a digit", lambda text: each(text, "isdigit")),
)
SPEAKER = matching("speaker", r"^[A-Z][^\n:]{0,40}:$")
