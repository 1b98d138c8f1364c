"""What the gates do over a text: how often each is shut or open, and how long each cell remembers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..errors import ConfigError
from ..models import CharLM
from .cells.activity import activity, layers_of

__all__ = ["GateUse", "gate_use", "gates_of", "half_life"]

LEFT, RIGHT = 0.1, 0.9
SIGMOID, KEEPS = ("i", "f", "o", "r", "z"), ("f", "z")
AT_ONCE = 32


@dataclass(frozen=True, eq=False)
class GateUse:
    """One gate of one layer: the shares of symbols at which each unit's is below 0.1 and above 0.9, shape (H,) each.

    `half_life` is there for the gate that keeps (f of an LSTM, z of a GRU), in symbols: see `half_life`.
    """

    layer: int
    letter: str
    left: np.ndarray
    right: np.ndarray
    half_life: np.ndarray | None


def gates_of(model: CharLM) -> list[str]:
    """Return the letters of a model's gates, those between 0 and 1. Raises ConfigError for a net without gates."""
    found = [letter for letter in model.rnn.op.activations if letter in SIGMOID]
    if not found:
        raise ConfigError(f"a net of kind {model.cell!r} has no gates. Train one with --cell lstm, gru or mlstm.")
    return found


def half_life(gate: np.ndarray) -> np.ndarray:
    r"""Return after how many steps half of what a cell holds is left, ln 2 / -mean(ln f_t), shape (H,) from (H, N).

    What a cell holds is multiplied by f_t at each step: over N steps by exp(N mean(ln f_t)).

    >>> half_life(np.array([[0.5, 0.5], [0.25, 1.0], [1.0, 1.0]]))
    array([ 1.,  1., inf])
    """
    rate = np.abs(np.mean(np.log(np.maximum(gate, np.finfo(gate.dtype).tiny), dtype=np.float64), axis=1))
    with np.errstate(divide="ignore"):
        return np.log(2) / rate


def gate_use(model: CharLM, ids: np.ndarray) -> list[GateUse]:
    """Let a model read a text and look at all of its gates; their values wait on disk meanwhile."""
    letters = gates_of(model)
    found = []
    with activity(model, ids, only=letters) as seen:
        for k, layer in enumerate(layers_of(model), 1):
            for letter in letters:
                pieces = []
                for start in range(0, model.hidden_size, AT_ONCE):
                    gate = seen.columns(layer, letter, slice(start, start + AT_ONCE))
                    kept = half_life(gate) if letter in KEEPS else np.zeros(len(gate))
                    pieces.append(np.stack([(gate < LEFT).mean(axis=1), (gate > RIGHT).mean(axis=1), kept]))
                left, right, kept = np.concatenate(pieces, axis=1)
                found.append(GateUse(k, letter, left, right, kept if letter in KEEPS else None))
    return found
