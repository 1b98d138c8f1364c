"""Reaching in: a unit held at a value while the model writes, and what that does to what it expects."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from ..backend import owner
from ..errors import ConfigError
from ..models import CharLM
from ..models.inference import inference
from ..models.stepping import Change, by_layer
from ..ops import softmax, tanh, where
from ..tensor import Tensor

__all__ = ["Dose", "Pin", "dose", "pinned", "steered"]

WRITTEN = re.compile(r"\s*(?:(\d+):)?(\d+)\s*=\s*([+-]?[\d.]+(?:[eE][+-]?\d+)?)\s*")
STEPS = 5  # symbols that a context is read on with a unit held


@dataclass(frozen=True)
class Pin:
    """A unit held at a value: its cell state c where it has one, else h. Layers count from 1, units from 0."""

    layer: int
    unit: int
    value: float

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read what a user writes: 2:87=+1.0, or 87=1 of the first layer. Raises ConfigError for anything else.

        >>> Pin.parse("2:87=+1.0")
        Pin(layer=2, unit=87, value=1.0)
        """
        found = WRITTEN.fullmatch(text)
        try:
            if found is not None:
                return cls(int(found[1] or 1), int(found[2]), float(found[3]))
        except ValueError:
            pass
        raise ConfigError(
            f"{text!r}: a unit is held as LAYER:UNIT=VALUE, such as 2:87=+1.0; layers from 1, units from 0."
        )

    def check(self, model: CharLM) -> Self:
        """Return the pin. Raises ConfigError where the model has no such unit."""
        if not 1 <= self.layer <= model.num_layers or not 0 <= self.unit < model.hidden_size:
            raise ConfigError(
                f"{self.layer}:{self.unit}: this model has layers 1 to {model.num_layers} "
                f"with units 0 to {model.hidden_size - 1}."
            )
        return self


def pinned(pins: Sequence[Pin]) -> Change:
    """Return the change of a state that holds units: c_u = value and h_u = o_u tanh(value); without c, h_u = value."""

    def change(layer: int, state: tuple[Any, ...], gates: Mapping[str, Any]) -> tuple[Any, ...]:
        here = [pin for pin in pins if pin.layer == layer + 1]
        if not here:
            return state
        *shown, kept = state
        held, values = np.zeros((1, kept.shape[1]), bool), np.zeros((1, kept.shape[1]), kept.dtype)
        for pin in here:
            held[0, pin.unit], values[0, pin.unit] = True, pin.value
        to_backend = owner(kept.data if isinstance(kept, Tensor) else kept).from_host
        held, values = to_backend(held), to_backend(values)
        kept = where(held, values, kept)
        return (*(where(held, gates["o"] * tanh(kept), h) for h in shown), kept)

    return change


def steered(model: CharLM, pins: Sequence[Pin], *, start: int, prime: str = "", **options: Any) -> str:
    """Return what a model writes with units held from its symbol `start` >= 1 on; the options are `CharLM.stream`'s.

    With the same seed and no pins it writes the same up to there. Raises ConfigError where there is no such unit.
    """
    change = pinned([pin.check(model) for pin in pins])
    return "".join(model.stream(prime, change=lambda n: change if n >= start else None, **options))


@dataclass(frozen=True)
class Dose:
    """The mean probability of a symbol with a unit held at each value, and with the unit let be."""

    values: tuple[float, ...]
    probabilities: tuple[float, ...]
    natural: float


def dose(model: CharLM, contexts: np.ndarray, symbol: int, pin: Pin, values: Sequence[float]) -> Dose:
    """Measure P(symbol) after contexts that are read with a unit held over their last five symbols.

    Shapes: contexts (B, T), T > 5, whole numbers. The value of `pin` is not looked at.
    """
    pin.check(model)
    before, held = contexts[:, :-STEPS], contexts[:, -STEPS:]
    with inference(model):
        begun = by_layer(model(before)[1])

    after = model.stepping()

    def probability(change: Change) -> float:
        state = begun
        for ids in held.T:
            scores, state = after(ids, state, change)
        return float(np.mean(softmax(scores.astype(np.float64))[:, symbol]))

    found = [probability(pinned([Pin(pin.layer, pin.unit, value)])) for value in values]
    return Dose(tuple(values), tuple(found), probability(pinned([])))
