"""A labelled text in three parts: one to search in, one to choose a threshold on, one to score on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...data import ByteVocab, Corpus, Vocab
from ...errors import DataError
from ..labels import Label

__all__ = ["Part", "Parts", "parts"]

SEARCH, THRESHOLD = 0.4, 0.2  # of the text; the rest is scored on
SNAP = 0.05  # of the text: as far a cut moves to fall between two documents
FEWEST = 1000  # symbols


@dataclass(frozen=True, eq=False)
class Part:
    """Symbols, shape (N,), and the values of each label for each of them, by its name."""

    ids: np.ndarray
    values: dict[str, np.ndarray]

    def __len__(self) -> int:
        return len(self.ids)

    def cut(self, start: int, stop: int) -> Part:
        """Return the symbols from start to stop."""
        return Part(self.ids[start:stop], {name: values[start:stop] for name, values in self.values.items()})


@dataclass(frozen=True, eq=False)
class Parts:
    """The three parts, the labels asked of them, and the documents whose labels could not be had."""

    labels: tuple[Label, ...]
    search: Part
    threshold: Part
    test: Part
    vocab: Vocab
    skipped: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.search) + len(self.threshold) + len(self.test)


def parts(corpus: Corpus, labels: Sequence[Label], *, limit: int = 1_000_000, seed: int = 0) -> Parts:
    """Label a text and cut it in three: 40 % to search in, 20 % for thresholds, 40 % to score on.

    Documents stay whole where there are several, in an order drawn under `seed`; of more than `limit` symbols the first
    ones are taken. A document that a label cannot read (no Python, say) is left out for all.

    Raises DataError where less than 1,000 symbols are left.
    """
    rng = np.random.default_rng(seed)
    read: list[Part] = []
    skipped: list[str] = []
    size = 0
    for i in rng.permutation(len(corpus.documents)):
        document = corpus.documents[i]
        if size >= limit:
            break
        content = corpus.content[document.start : document.stop]
        try:
            part = labelled(content, labels, corpus.vocab)
        except DataError:
            skipped.append(document.name)
            continue
        read.append(part.cut(0, limit - size))
        size += len(read[-1])
    if size < FEWEST:
        left_out = f"; no label could read {', '.join(skipped[:3])}" if skipped else ""
        raise DataError(
            f"{size:,} labelled symbols of {corpus.source} are too few to find cells in: {FEWEST:,} at least{left_out}."
            "\n    Give more text (--text), or labels that fit it (--label)."
        )
    whole = Part(
        np.concatenate([part.ids for part in read]),
        {label.name: np.concatenate([part.values[label.name] for part in read]) for label in labels},
    )
    bounds = np.cumsum([len(part) for part in read])
    first, second = (snapped(share * size, bounds, SNAP * size) for share in (SEARCH, SEARCH + THRESHOLD))
    return Parts(
        tuple(labels),
        whole.cut(0, first),
        whole.cut(first, second),
        whole.cut(second, size),
        corpus.vocab,
        tuple(skipped),
    )


def snapped(place: float, bounds: np.ndarray, most: float) -> int:
    """Return the bound nearest to a place, or the place itself where none is near."""
    nearest = int(bounds[np.abs(bounds - place).argmin()])
    return nearest if abs(nearest - place) <= most else int(place)


def labelled(content: str | bytes, labels: Sequence[Label], vocab: Vocab) -> Part:
    """Return a document's symbols with their labels; each byte has those of its character."""
    text = content if isinstance(content, str) else content.decode("utf-8", "surrogateescape")
    values = {label.name: label.of(text) for label in labels}
    if isinstance(vocab, ByteVocab):
        raw = content if isinstance(content, bytes) else text.encode("utf-8", "surrogatepass")
        sizes = bytes_per_character(text)
        return Part(vocab.encode(raw), {name: np.repeat(v, sizes) for name, v in values.items()})
    return Part(vocab.encode(text), values)


def bytes_per_character(text: str) -> np.ndarray:
    """Return how many bytes of UTF-8 each character has; one that stands for a stray byte has one.

    >>> bytes_per_character("aé€😀").tolist()
    [1, 2, 3, 4]
    """
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), "<u4")
    sizes = 1 + (codes >= 0x80) + (codes >= 0x800) + (codes >= 0x10000)
    return np.where((codes >= 0xDC80) & (codes <= 0xDCFF), 1, sizes)
