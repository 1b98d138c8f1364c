"""Data, in NumPy only: texts and vocabularies, batches, splits, series, n-gram floors, and small tasks to learn."""

from __future__ import annotations

from tinygrad_seq.data.arithmetic import addition
from tinygrad_seq.data.bptt import Batch, Batches, evaluation_batches
from tinygrad_seq.data.contrasts import Contrasts, contrasts
from tinygrad_seq.data.corpus import Corpus, Document
from tinygrad_seq.data.generated import fallback
from tinygrad_seq.data.labelled_texts import Labelled, labelled, sst2
from tinygrad_seq.data.ngram import Ngram
from tinygrad_seq.data.padding import IGNORE, Padded, PaddedBatch, pad, padded
from tinygrad_seq.data.pairs import TextPair, TextPairs
from tinygrad_seq.data.reading import read
from tinygrad_seq.data.reviews import prepared
from tinygrad_seq.data.scenes import Scenes, scenes
from tinygrad_seq.data.splitting import split
from tinygrad_seq.data.standard_library import stdlib
from tinygrad_seq.data.time_series import series, windows
from tinygrad_seq.data.valences import Valence, valence
from tinygrad_seq.data.vocab import ByteVocab, CharVocab, Vocab, vocab_from_json
from tinygrad_seq.data.written_dates import dates
from tinygrad_seq.data.written_numbers import number_words

__all__ = [
    "Corpus", "Document", "read", "stdlib", "fallback",
    "CharVocab", "ByteVocab", "Vocab", "vocab_from_json",
    "Batch", "Batches", "evaluation_batches",
    "Padded", "PaddedBatch", "pad", "padded", "IGNORE",
    "split",
    "series", "windows",
    "Ngram",
    "TextPair", "TextPairs", "addition", "dates", "number_words",
    "Labelled", "labelled", "sst2", "prepared", "Valence", "valence", "Contrasts", "contrasts",
    "Scenes", "scenes",
]  # fmt: skip
