"""Vocabularies: text to integer ids and back."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from tinygrad_seq.errors import ConfigError, DataError

Ids: TypeAlias = npt.NDArray[np.integer[Any]]

UNKNOWN = "\N{REPLACEMENT CHARACTER}"


@dataclass(frozen=True)
class CharVocab:
    """One id per character: the id of a symbol is its place in `symbols`; one more id, the last, stands for all others.

    A vocabulary without that unknown symbol (`has_unknown=False`) refuses every character it does not know.

    Args:
        symbols: the known characters, each once.
        has_unknown: whether all other characters share one more id, which decodes to U+FFFD.

    >>> vocab = CharVocab.from_text("banana")
    >>> vocab.encode("nab")
    array([2, 0, 1])
    >>> vocab.decode([1, 0, 2])
    'ban'
    >>> vocab.encode("bandana")
    Traceback (most recent call last):
        ...
    tinygrad_seq.errors.DataError: 1 symbol is not in this vocabulary of 3: 'd' (first at character 3). ...
    """

    kind: ClassVar[Literal["chars"]] = "chars"

    symbols: str
    has_unknown: bool = False

    def __post_init__(self) -> None:
        if len(set(self.symbols)) != len(self.symbols):
            raise DataError("A vocabulary holds each symbol once; these symbols repeat.")
        if self.has_unknown and UNKNOWN in self.symbols:
            raise DataError("U+FFFD is how the unknown symbol is written: it cannot be one of the known symbols too.")
        if not len(self):
            raise DataError("A vocabulary needs at least one symbol; this text is empty.")

    @classmethod
    def from_text(cls, text: str, min_count: int = 1) -> CharVocab:
        """The characters of `text` in code point order; those rarer than `min_count` become the unknown symbol.

        With `min_count=1` nothing is rare, and there is no unknown symbol.
        """
        if min_count < 1:
            raise ConfigError(f"min_count must be at least 1, got {min_count}.")
        has_unknown = min_count > 1
        counts = np.bincount(_code_points(text)) if text else np.zeros(0, np.intp)
        symbols = _text(np.flatnonzero(counts >= min_count))
        return cls(symbols.replace(UNKNOWN, "") if has_unknown else symbols, has_unknown=has_unknown)

    def __len__(self) -> int:
        return len(self.symbols) + self.has_unknown

    @property
    def dtype(self) -> np.dtype[np.integer[Any]]:
        """The smallest unsigned integer type that holds every id."""
        return _smallest_dtype(len(self))

    def encode(self, text: str, *, strict: bool = False, dtype: npt.DTypeLike = np.intp) -> Ids:
        """The id of each character, shape (len(text),).

        Raises:
            DataError: a character is unknown and either `strict` is set or there is no unknown symbol.
        """
        codes = _code_points(text)
        if strict or not self.has_unknown:
            self._refuse_unknown(codes)
        return np.take(self._id_of_code, codes, mode="clip").astype(dtype, copy=False)

    def decode(self, ids: npt.ArrayLike) -> str:
        """The text of these ids; lone surrogates come back as they were given."""
        return _text(self._code_of_id[_checked(ids, len(self))])

    def to_json(self) -> dict[str, Any]:
        """A plain dict for `json.dump`."""
        # Code points, because two lone surrogates side by side in a JSON string are read back as one character.
        return {"kind": self.kind, "code_points": [ord(c) for c in self.symbols], "has_unknown": self.has_unknown}

    @classmethod
    def from_json(cls, saved: dict[str, Any]) -> CharVocab:
        """The inverse of `to_json`."""
        try:
            return cls("".join(map(chr, saved["code_points"])), has_unknown=bool(saved["has_unknown"]))
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise DataError(f"This is not a saved character vocabulary: {error!r}.") from error

    @cached_property
    def _is_known(self) -> npt.NDArray[np.bool_]:
        """By code point; the last entry stands for every code point beyond the largest known."""
        codes = _code_points(self.symbols)
        known = np.zeros(int(codes.max(initial=0)) + 2, np.bool_)
        known[codes] = True
        return known

    @cached_property
    def _id_of_code(self) -> Ids:
        """By code point, as `_is_known` is; 0 stands where there is no id to give."""
        ids = np.full(len(self._is_known), len(self.symbols) if self.has_unknown else 0, self.dtype)
        ids[_code_points(self.symbols)] = np.arange(len(self.symbols))
        return ids

    @cached_property
    def _code_of_id(self) -> npt.NDArray[np.uint32]:
        return _code_points(self.symbols + UNKNOWN * self.has_unknown)

    def _refuse_unknown(self, codes: npt.NDArray[np.uint32]) -> None:
        positions = np.flatnonzero(~np.take(self._is_known, codes, mode="clip"))
        if not len(positions):
            return
        unknown, first = np.unique(codes[positions], return_index=True)
        by_position = np.argsort(first)
        shown = ", ".join(f"{chr(unknown[i])!r} (first at character {positions[first[i]]})" for i in by_position[:5])
        more = f" and {len(unknown) - 5} more" if len(unknown) > 5 else ""
        count = f"{len(unknown)} symbol is" if len(unknown) == 1 else f"{len(unknown)} symbols are"
        raise DataError(
            f"{count} not in this vocabulary of {len(self)}: {shown}{more}. "
            "Leave them out of the text, or train with --vocab bytes, which knows every symbol."
        )


@dataclass(frozen=True)
class ByteVocab:
    """The 256 bytes of UTF-8, or of any file: nothing is unknown.

    >>> vocab = ByteVocab()
    >>> vocab.encode("né")
    array([110, 195, 169])
    >>> vocab.decode([110, 195, 169, 255])
    'né\N{REPLACEMENT CHARACTER}'
    """

    kind: ClassVar[Literal["bytes"]] = "bytes"

    def __len__(self) -> int:
        return 256

    @property
    def dtype(self) -> np.dtype[np.integer[Any]]:
        """The smallest unsigned integer type that holds every id."""
        return _smallest_dtype(len(self))

    def encode(self, text: str | bytes, *, strict: bool = False, dtype: npt.DTypeLike = np.intp) -> Ids:
        """The bytes of `text`, shape (bytes,); `strict` is here for `CharVocab`'s sake and changes nothing."""
        return np.frombuffer(as_bytes(text), np.uint8).astype(dtype)

    def decode(self, ids: npt.ArrayLike) -> str:
        """The text of these bytes; what is not UTF-8 becomes U+FFFD."""
        return self.to_bytes(ids).decode("utf-8", errors="replace")

    def to_bytes(self, ids: npt.ArrayLike) -> bytes:
        """The bytes themselves: the exact inverse of `encode`."""
        return _checked(ids, len(self)).astype(np.uint8).tobytes()

    def to_json(self) -> dict[str, Any]:
        """A plain dict for `json.dump`."""
        return {"kind": self.kind}

    @classmethod
    def from_json(cls, saved: dict[str, Any]) -> ByteVocab:
        """The inverse of `to_json`."""
        if saved.get("kind") != cls.kind:
            raise DataError(f"This is not a saved byte vocabulary: {saved!r:.200}.")
        return cls()


Vocab: TypeAlias = CharVocab | ByteVocab


def vocab_from_json(saved: dict[str, Any]) -> Vocab:
    """The vocabulary that `to_json` saved, of either kind.

    >>> vocab_from_json(CharVocab("ab").to_json())
    CharVocab(symbols='ab', has_unknown=False)
    """
    match saved:
        case {"kind": "chars"}:
            return CharVocab.from_json(saved)
        case {"kind": "bytes"}:
            return ByteVocab.from_json(saved)
        case _:
            raise DataError(f"A saved vocabulary is a dict with kind 'chars' or 'bytes', got {saved!r:.200}.")


def as_bytes(text: str | bytes) -> bytes:
    """The UTF-8 of a text (lone surrogates too), or the bytes as they are."""
    return text.encode("utf-8", errors="surrogatepass") if isinstance(text, str) else text


def _code_points(text: str) -> npt.NDArray[np.uint32]:
    return np.frombuffer(text.encode("utf-32-le", errors="surrogatepass"), "<u4")


def _text(codes: npt.NDArray[np.integer[Any]]) -> str:
    return codes.astype("<u4").tobytes().decode("utf-32-le", errors="surrogatepass")


def _smallest_dtype(size: int) -> np.dtype[np.integer[Any]]:
    return np.min_scalar_type(size - 1)


def _checked(ids: npt.ArrayLike, size: int) -> Ids:
    array = np.asarray(ids)
    if not array.size:
        return np.zeros(0, np.intp)
    if array.ndim > 1 or array.dtype.kind not in "iu":
        raise DataError(f"decode takes a row of integers, got shape {array.shape} of {array.dtype}.")
    if array.min() < 0 or array.max() >= size:
        outside = array.min() if array.min() < 0 else array.max()
        raise DataError(f"Id {outside} is outside this vocabulary of {size} (0 to {size - 1}).")
    return np.atleast_1d(array)
