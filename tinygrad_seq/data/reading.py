"""Text from files, folders and standard input."""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO, TypeAlias

from tinygrad_seq.data.corpus import Corpus, VocabKind
from tinygrad_seq.data.files import count_files, walk
from tinygrad_seq.data.vocab import ByteVocab, Vocab
from tinygrad_seq.errors import DataError, OutOfMemoryError

PathLike: TypeAlias = str | os.PathLike[str]
Documents: TypeAlias = list[tuple[str, str | bytes]]

STDIN = "-"
PIECE = 1 << 20


class Allowance:
    """How many bytes may still be read."""

    def __init__(self, most: float) -> None:
        self.most = self.left = most

    def check(self, size: int) -> None:
        """Raise OutOfMemoryError unless so many bytes may be read."""
        if size > self.left:
            raise OutOfMemoryError(
                f"This text has {self.most - self.left + size:,.0f} bytes or more, and {self.most:,.0f} may be read."
            )

    def contents(self, file: BinaryIO) -> bytes:
        """Read to the end of a file, which need not have one: a stream is read as far as is allowed."""
        pieces = []
        while piece := file.read(PIECE):
            self.check(len(piece))
            self.left -= len(piece)
            pieces.append(piece)
        return b"".join(pieces)


def read(
    paths: PathLike | Sequence[PathLike],
    *,
    vocab: VocabKind | Vocab = "chars",
    min_count: int = 1,
    most: float = math.inf,
) -> Corpus:
    r"""The text of files and folders, in the order given; "-" is standard input.

    Characters are read as UTF-8: a byte order mark at the beginning is dropped, every newline becomes "\n", and of
    several files each ends in one. A folder gives its text files, those of its folders too, in sorted order; hidden,
    empty and binary files (with a NUL byte, or not UTF-8) are skipped, and `Corpus.source` counts the binary ones.
    With `vocab="bytes"` every file is read as it is, and none counts as binary.

    Args:
        paths: one path or several.
        vocab: "chars", "bytes", or a vocabulary that there is already (to evaluate a trained model).
        min_count: characters rarer than this become the unknown symbol.
        most: bytes to read at most. Where files are larger, none is read; of standard input not more than that.

    Raises:
        OutOfMemoryError: the text has more than `most` bytes.
        DataError: a file named is missing, unreadable, empty or not UTF-8, or a folder holds no text.
    """
    as_bytes = vocab == "bytes" or isinstance(vocab, ByteVocab)
    paths = [paths] if isinstance(paths, str | os.PathLike) else paths
    allowance = Allowance(most)
    allowance.check(sum(map(_size, paths)))
    documents: Documents = []
    sources = []
    for path in paths:
        read_one = _read_folder if _is_folder(path) else _read_file
        found, source = read_one(path, as_bytes, allowance)
        documents += found
        sources.append(source)
    if not sources:
        raise DataError("No path to read. Give a UTF-8 text file, a folder of them, or '-' for standard input.")
    if len(documents) > 1:
        documents = [(name, _end_line(text)) for name, text in documents]
    return Corpus.from_documents(documents, vocab=vocab, min_count=min_count, source=", ".join(sources))


def decode_utf8(raw: bytes, name: str) -> str:
    r"""The text of UTF-8 bytes, without a byte order mark and with every newline as "\n".

    Raises:
        DataError: the bytes are not UTF-8; the message says where.
    """
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        is_utf16 = raw.startswith((b"\xff\xfe", b"\xfe\xff"))
        encoding, guess = ("utf-16", " It begins like UTF-16.") if is_utf16 else ("latin-1", "")
        raise DataError(
            f"{name} is not UTF-8: byte 0x{raw[error.start]:02x} at offset {error.start:,} (line {line:,}).{guess} "
            f"Convert it (iconv -f {encoding} -t utf-8), or train on bytes: --vocab bytes, in Python vocab='bytes'."
        ) from None
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


def read_bytes(path: PathLike, allowance: Allowance | None = None) -> bytes:
    """The bytes of a file.

    Raises:
        OutOfMemoryError: there are more than are allowed.
        DataError: there is no such file, or it cannot be read.
    """
    try:
        with Path(path).open("rb") as file:
            return (allowance or Allowance(math.inf)).contents(file)
    except FileNotFoundError:
        raise DataError(f"There is no file {os.fspath(path)!r} (looked in {Path.cwd()}).") from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise DataError(f"{os.fspath(path)!r} cannot be read: {reason}.") from error


def _read_file(path: PathLike, as_bytes: bool, allowance: Allowance) -> tuple[Documents, str]:
    name = os.fspath(path)
    if name == STDIN:
        name, raw = "standard input", allowance.contents(sys.stdin.buffer)
    else:
        raw = read_bytes(path, allowance)
    text = raw if as_bytes else decode_utf8(raw, name)
    if not text:
        raise DataError(f"{name} is empty. Give a file with text in it.")
    return [(name, text)], name


def _read_folder(folder: PathLike, as_bytes: bool, allowance: Allowance) -> tuple[Documents, str]:
    documents: Documents = []
    binary = 0
    for path in _files(folder):
        raw = read_bytes(path, allowance)
        text = raw if as_bytes else _text_or_none(raw)
        if text is None:
            binary += 1
        elif text:
            documents.append((path.relative_to(folder).as_posix(), text))
    skipped = f" ({count_files(binary, 'binary')} skipped)" if binary else ""
    if not documents:
        raise DataError(f"There is no text file in the folder {os.fspath(folder)!r}{skipped}.")
    return documents, f"{count_files(len(documents))} of {folder}{skipped}"


def _files(folder: PathLike) -> list[Path]:
    return walk(Path(folder), skip=lambda name: name.startswith("."))


def _size(path: PathLike) -> int:
    """The bytes that a file or a folder's files say they have: none of a stream, or of what cannot be read."""
    try:
        return sum(file.stat().st_size for file in (_files(path) if _is_folder(path) else [Path(path)]))
    except (OSError, ValueError):  # reading it will say why
        return 0


def _is_folder(path: PathLike) -> bool:
    try:
        return os.fspath(path) != STDIN and Path(path).is_dir()
    except (OSError, ValueError):  # reading it will say why
        return False


def _text_or_none(raw: bytes) -> str | None:
    try:
        return None if b"\0" in raw else decode_utf8(raw, "")
    except DataError:
        return None


def _end_line(text: str | bytes) -> str | bytes:
    return text if isinstance(text, bytes) or text.endswith("\n") else text + "\n"
