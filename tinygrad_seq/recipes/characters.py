"""The next character of a text, at every character: a language model."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..data import Corpus, Ngram, read, stdlib
from ..models import CharLM
from ..train import evaluate
from .recipe import Example, Figures, Recipe, Settings, Task

__all__ = ["CHARACTERS"]

HELD_OUT, AT_MOST = 0.01, 100_000
WINDOW = 32
PRIMES = ("def ", "class ", "import ")
MEASURE = "nats per character"


class Characters(Task):
    """A text, a hundredth of it held out."""

    unit = "character"

    def __init__(self, corpus: Corpus, settings: Settings) -> None:
        self.corpus, self.settings = corpus, settings
        self.learnt, held_out = corpus.split(HELD_OUT, settings.seed)
        self.tested = Corpus.from_text(held_out.text[:AT_MOST], vocab=corpus.vocab)
        self.units = settings.batch_size * WINDOW
        self.model: CharLM = CharLM(corpus.vocab, settings.hidden_size, cell=settings.cell or "lstm")

    def batches(self, steps: int) -> Iterator[Any]:
        """Yield windows of the text, each going on where the last one ended."""
        return iter(self.learnt.batches(self.settings.batch_size, WINDOW, steps=steps))

    def floors(self) -> dict[str, Figures]:
        """Return the loss of counting characters, and of counting pairs of them."""
        ids, V = self.learnt.ids, len(self.corpus.vocab)
        return {
            "how often each occurs (unigram)": {MEASURE: Ngram.fit(ids, V, order=1).nats(self.tested.ids)},
            "which one came before (bigram)": {MEASURE: Ngram.fit(ids, V, order=2).nats(self.tested.ids)},
        }

    def measure(self) -> Figures:
        """Return the loss on the text held out."""
        return {MEASURE: evaluate(self.model, self.tested)}

    def examples(self) -> list[Example]:
        """Return what the net writes after a few words."""
        known = set(self.corpus.text[:AT_MOST])
        primes = [prime for prime in PRIMES if known.issuperset(prime)] or [""]
        return [
            Example(prime, "", self.model.generate(prime, length=60, temperature=0.5).removeprefix(prime))
            for prime in primes
        ]

    def describe(self) -> str:
        """Return how much text there is."""
        return f"{len(self.learnt):,} characters to learn from, {len(self.tested):,} others: {self.corpus.source}"


def make(settings: Settings) -> Characters:
    """Read a text, or the sources of Python's own library."""
    return Characters(read(settings.data) if settings.data else stdlib(), settings)


CHARACTERS = Recipe(
    name="characters",
    shape="many-to-many, aligned",
    about="the next character at every character of Python's own library; --data reads a text of yours",
    settings=Settings(cell="lstm", hidden_size=128, steps=2600, batch_size=32, lr=1e-2, data=""),
    make=make,
    less_is_better=True,
)
