"""A text, the vocabulary that reads it, and how it is dealt out for training."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, pairwise
from typing import Literal, NamedTuple, TypeAlias

import numpy as np

from tinygrad_seq.data.bptt import Batch, Batches, evaluation_batches
from tinygrad_seq.data.files import count_files
from tinygrad_seq.data.splitting import check_share
from tinygrad_seq.data.vocab import ByteVocab, CharVocab, Ids, Vocab, as_bytes
from tinygrad_seq.errors import ConfigError, DataError

VocabKind: TypeAlias = Literal["chars", "bytes"]


class Document(NamedTuple):
    """Where one file lies in the text: symbols `start` to `stop` (exclusive)."""

    name: str
    start: int
    stop: int


@dataclass(frozen=True, eq=False, repr=False)
class Corpus:
    """A text to learn from: one document or several, end to end. Made by `read`, `stdlib`, `fallback` or `from_text`.

    Attributes:
        content: the whole text; bytes where the vocabulary is `ByteVocab`.
        vocab: what turns it into ids.
        source: where it came from, in a sentence for people.
        documents: the name and the place of each file.

    >>> corpus = Corpus.from_text("to be or not to be")
    >>> corpus
    Corpus(18 symbols of 7: a text)
    >>> corpus.vocab.decode(corpus.ids[:5])
    'to be'
    """

    content: str | bytes
    vocab: Vocab
    source: str
    documents: tuple[Document, ...]

    @classmethod
    def from_text(
        cls,
        text: str | bytes,
        *,
        vocab: VocabKind | Vocab = "chars",
        min_count: int = 1,
        source: str = "a text",
    ) -> Corpus:
        """One document from memory; the arguments are `from_documents`'s."""
        return cls.from_documents([(source, text)], vocab=vocab, min_count=min_count, source=source)

    @classmethod
    def from_documents(
        cls,
        documents: Sequence[tuple[str, str | bytes]],
        *,
        vocab: VocabKind | Vocab = "chars",
        min_count: int = 1,
        source: str,
    ) -> Corpus:
        """Documents end to end, in the order given.

        Args:
            documents: the name and the text of each; bytes only where the vocabulary is of bytes.
            vocab: "chars" and "bytes" build a vocabulary, the first from the text; or one that there is already.
            min_count: characters rarer than this become the unknown symbol.
            source: where the text came from, in a sentence.

        Raises:
            DataError: there is no text in it.
        """
        if not any(text for _, text in documents):
            raise DataError(f"There is no text in {source}.")
        content: str | bytes
        if vocab == "bytes" or isinstance(vocab, ByteVocab):
            pieces = [as_bytes(text) for _, text in documents]
            content, sizes, vocab = b"".join(pieces), map(len, pieces), ByteVocab()
        elif vocab == "chars" or isinstance(vocab, CharVocab):
            texts = [_as_text(text) for _, text in documents]
            content, sizes = "".join(texts), map(len, texts)
            vocab = CharVocab.from_text(content, min_count) if vocab == "chars" else vocab
        else:
            raise ConfigError(f"vocab is 'chars', 'bytes' or a vocabulary, got {vocab!r}.")
        names = (name for name, _ in documents)
        places = pairwise(accumulate(sizes, initial=0))
        found = tuple(Document(name, *place) for name, place in zip(names, places, strict=True))
        return cls(content, vocab, source, found)

    @cached_property
    def text(self) -> str:
        """The text; bytes that are not UTF-8 show as U+FFFD."""
        return self.content if isinstance(self.content, str) else self.content.decode("utf-8", errors="replace")

    @cached_property
    def ids(self) -> Ids:
        """The text in ids, shape (symbols,), in the vocabulary's smallest integer type; encoded once.

        Raises:
            DataError: the vocabulary has no unknown symbol and does not know a character.
        """
        if isinstance(self.vocab, ByteVocab):
            return self.vocab.encode(self.content, dtype=self.vocab.dtype)
        return self.vocab.encode(self.text, dtype=self.vocab.dtype)

    @cached_property
    def sha256(self) -> str:
        """The SHA-256 of the text in UTF-8, in hexadecimal: state it with any result."""
        return hashlib.sha256(as_bytes(self.content)).hexdigest()

    def __len__(self) -> int:
        return len(self.content)

    def __repr__(self) -> str:
        return f"Corpus({len(self):,} symbols of {len(self.vocab)}: {self.source})"

    def split(self, validation: float = 0.1, seed: int = 0) -> tuple[Corpus, Corpus]:
        """A training and a validation part that share the vocabulary.

        A corpus of many files holds out whole ones, drawn under `seed`: the model has read nothing of them, and they
        are like the rest, which the last files of an alphabet are not. Where whole files cannot come near the share
        wanted (one file, or a few large ones), the end of the text is held out instead.

        Args:
            validation: the share of the symbols to hold out.
            seed: which files are drawn.

        Raises:
            DataError: a part would have fewer than two symbols.

        >>> train, held_out = Corpus.from_text("abcdefghij" * 10).split(validation=0.2)
        >>> len(train), len(held_out), held_out.source
        (80, 20, 'the last 20.0 % of a text')
        """
        check_share(validation)
        drawn = self._draw_files(validation, seed)
        if not drawn:
            return self._cut(int(len(self) * (1 - validation)))
        kept = [document for i, document in enumerate(self.documents) if i not in drawn]
        held_out = [self.documents[i] for i in sorted(drawn)]
        return (
            self._part(kept, f"the training part ({count_files(len(kept))}) of {self.source}"),
            self._part(held_out, f"the held-out part ({count_files(len(held_out))}) of {self.source}"),
        )

    def batches(self, batch_size: int, seq_len: int, steps: int | None = None, start: int = 0) -> Batches:
        """Contiguous batches for truncated backpropagation through time: see `Batches`.

        >>> corpus = Corpus.from_text("to be or not to be")
        >>> for x, y in corpus.batches(batch_size=2, seq_len=4, steps=1):
        ...     print([corpus.vocab.decode(row) for row in x], [corpus.vocab.decode(row) for row in y])
        ['to b', ' not'] ['o be', 'not ']
        """
        return Batches(self.ids, batch_size, seq_len, steps, start)

    def evaluation_batches(self, batch_size: int, seq_len: int) -> Iterator[Batch]:
        """Windows that predict every symbol but the first exactly once: see `evaluation_batches`."""
        return evaluation_batches(self.ids, batch_size, seq_len)

    def _draw_files(self, validation: float, seed: int) -> set[int]:
        """Which files to hold out; none if that would miss the smaller part's size by more than half of it."""
        wanted = validation * len(self)
        drawn: set[int] = set()
        size = 0
        for i in np.random.default_rng(seed).permutation(len(self.documents)).tolist():
            length = self.documents[i].stop - self.documents[i].start
            if 0 < length < 2 * (wanted - size):  # it brings the size nearer to the one wanted
                drawn.add(i)
                size += length
            elif size > wanted / 2:
                break  # near enough: to go on would pick out small files
        return drawn if abs(size - wanted) <= min(wanted, len(self) - wanted) / 2 else set()

    def _cut(self, place: int) -> tuple[Corpus, Corpus]:
        before = [d._replace(stop=min(d.stop, place)) for d in self.documents if d.start < place]
        after = [d._replace(start=max(d.start, place)) for d in self.documents if d.stop > place]
        share = 100 * place / len(self)
        return (
            self._part(before, f"the first {share:.1f} % of {self.source}"),
            self._part(after, f"the last {100 - share:.1f} % of {self.source}"),
        )

    def _part(self, documents: Sequence[Document], source: str) -> Corpus:
        size = sum(d.stop - d.start for d in documents)
        if size < 2:
            raise DataError(
                f"This text has {len(self)} symbols: too few to split, a part would have {size} and needs 2. "
                "Give more text, or another share (--validation)."
            )
        pieces = [(d.name, self.content[d.start : d.stop]) for d in documents]
        return Corpus.from_documents(pieces, vocab=self.vocab, source=source)


def _as_text(text: str | bytes) -> str:
    if isinstance(text, bytes):
        raise DataError("A vocabulary of characters reads str, got bytes. Decode them, or use vocab='bytes'.")
    return text
