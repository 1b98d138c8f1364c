"""Passages to look at: short stretches of the text scored on, read by the model with all that its units do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...data import ByteVocab, Vocab
from ...models import CharLM
from ...models.inference import inference
from ...ops import softmax
from ...record import record
from .activity import layers_of
from .text import Part

__all__ = ["Passage", "passages", "read_passage", "symbols"]

LENGTH = 640
BEFORE = 400  # symbols read first, for a state that is not zero
GUESSES = 5


@dataclass(frozen=True, eq=False)
class Passage:
    """Symbols as text, the likeliest next ones with their probabilities, labels, and units by layer and letter.

    Shapes: `units` (N, H) by (layer from 1, letter); of c its tanh.
    """

    start: int
    text: tuple[str, ...]
    guesses: tuple[tuple[tuple[str, float], ...], ...]
    values: dict[str, np.ndarray]
    units: dict[tuple[int, str], np.ndarray]


def symbols(vocab: Vocab, ids: np.ndarray) -> tuple[str, ...]:
    """Return symbols as text, one by one; a byte that is no character of its own as its number, such as <e9>."""
    if isinstance(vocab, ByteVocab):
        return tuple(chr(i) if i < 0x80 else f"<{i:02x}>" for i in ids.tolist())
    return tuple(vocab.decode(ids))


def read_passage(model: CharLM, part: Part, start: int, stop: int, letters: Sequence[str]) -> Passage:
    """Let a model read a stretch of a text, after the 400 symbols before it."""
    before, ids = part.ids[max(0, start - BEFORE) : start].astype(np.intp), part.ids[start:stop].astype(np.intp)
    with inference(model):
        state = model(before[None])[1] if len(before) else None
        with record(model, values=None, gradients=None, only=letters) as tape:
            logits = model(ids[None], state)[0].numpy()[0].astype(np.float64)
    p = softmax(logits)
    likeliest = np.argsort(-p, axis=1, kind="stable")[:, :GUESSES]
    units = {
        (k, letter): np.tanh(values[:, 0]) if letter == "c" else values[:, 0]
        for k, layer in enumerate(layers_of(model), 1)
        for letter, values in tape.layers[layer].items()
    }
    return Passage(
        start,
        symbols(model.vocab, ids),
        tuple(
            tuple(zip(symbols(model.vocab, row), p_t[row].tolist(), strict=True))
            for row, p_t in zip(likeliest, p, strict=True)
        ),
        {name: values[start:stop] for name, values in part.values.items()},
        units,
    )


def passages(
    model: CharLM, part: Part, names: Sequence[str], letters: Sequence[str], *, most: int = 5, length: int = LENGTH
) -> tuple[list[Passage], dict[str, int]]:
    """Return up to `most` passages, and for each label the one that shows it best.

    What shows a label is how much it varies inside: a passage is taken for the label that those before it show least.
    """
    length = min(length, len(part))
    starts = np.arange(0, len(part) - length + 1, max(1, length // 2))
    shows = {}
    for name in names:
        values = part.values[name].astype(np.float64)
        spread = np.array([values[start : start + length].std() for start in starts])
        shows[name] = spread / (spread.max() or 1.0)
    taken: list[int] = []
    while len(taken) < most and len(taken) < len(starts):
        shown_so_far = {name: max((shows[name][i] for i in taken), default=0.0) for name in names}
        least = min(names, key=lambda name: shown_so_far[name], default=None)
        if least is None or (taken and shown_so_far[least] > 0.8):
            break
        total = sum(np.maximum(shows[name], shown_so_far[name]) for name in names)
        taken.append(int((total + len(names) * shows[least]).argmax()))
    taken = taken or [0]
    best = {name: int(np.argmax([shows[name][i] for i in taken])) for name in names}
    return [read_passage(model, part, int(starts[i]), int(starts[i]) + length, letters) for i in taken], best
