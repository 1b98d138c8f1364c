"""Numbers as the commands print them."""

from __future__ import annotations

from math import log

from ..data import ByteVocab, Corpus, Vocab

__all__ = ["bits", "losses", "size", "unit"]


def bits(nats: float) -> float:
    """Return information in bits."""
    return nats / log(2)


def losses(nats: float) -> str:
    """Return a loss in both units."""
    return f"{nats:.3f} nats ({bits(nats):.3f} bits)"


def unit(vocab: Vocab) -> str:
    """Return what a symbol of the vocabulary is called."""
    return "byte" if isinstance(vocab, ByteVocab) else "character"


def size(corpus: Corpus) -> str:
    """Return how much text there is, of how many symbols, and where it is from."""
    kinds = "" if isinstance(corpus.vocab, ByteVocab) else f", {len(corpus.vocab)} different"
    return f"{len(corpus):,} {unit(corpus.vocab)}s{kinds}: {corpus.source}"
