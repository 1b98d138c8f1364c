"""Text that a model writes while one of its units is held."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ... import ops
from ...backend import owner
from ...data.reviews import BEFORE
from ...models import CharLM
from ...models.inference import inference
from ...models.sampling import choose, probabilities
from ...models.stepping import by_layer
from .features import check

__all__ = ["write_pinned"]


def write_pinned(
    model: CharLM,
    pins: Mapping[int, float],
    prime: str = BEFORE,
    *,
    length: int = 200,
    temperature: float = 1.0,
    seed: int = 0,
) -> str:
    """Return `length` bytes written after a prime, with units of the top layer's cell state held at values.

        c_{t-1}[unit] := value        before each byte that is read after the prime

    Without pins, and with the values that the units have anyway, it is `model.generate`'s text. The same seed draws the
    same random numbers, whatever is pinned.
    """
    check(model)
    rng = np.random.default_rng(seed)
    with inference(model):
        logits, last = model(model.vocab.encode(prime)[None, :])
    scores, state = logits[0, -1].numpy(), by_layer(last)
    held, values = np.zeros((1, model.hidden_size), bool), np.zeros((1, model.hidden_size), model.dtype)
    held[0, list(pins)], values[0, list(pins)] = True, list(pins.values())
    to_backend = owner(model.head.weight.data).from_host
    held, values = to_backend(held), to_backend(values)
    written = []
    for _ in range(length):
        written.append(choose(rng, probabilities(scores, temperature)))
        h, c = state[-1]
        scores, state = model.after(np.array(written[-1:]), [*state[:-1], (h, ops.where(held, values, c))])
    return model.vocab.decode(written)
