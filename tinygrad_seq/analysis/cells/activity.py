"""What every unit of a model does while it reads a text: streamed to disk by the recorder, read back by columns."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any, Self

import numpy as np

from ...models import CharLM
from ...models.inference import inference
from ...nn import LSTMState, activation_bytes
from ...nn.arguments import beside
from ...record import record

__all__ = ["Activity", "activity", "bytes_needed", "layers_of", "shown"]

STREAMS, WINDOW = 32, 250
WARM = 200  # symbols that a stream reads first, so that it does not begin in a zero state


@dataclass
class Activity:
    """States and gates by layer and letter, (T, S, H): the text read as S streams of T symbols, N of them in all."""

    layers: dict[str, dict[str, np.ndarray]]
    symbols: int
    files: ExitStack

    def columns(self, layer: str, name: str, units: slice) -> np.ndarray:
        """Return some units over the whole text, shape (units, N); of c its tanh, which is what a cell shows."""
        values = self.layers[layer][name][:, :, units]
        flat = np.ascontiguousarray(values.transpose(2, 1, 0)).reshape(values.shape[2], -1)[:, : self.symbols]
        return np.tanh(flat) if name == "c" else flat

    def rows(self, layer: str, name: str, at: np.ndarray) -> np.ndarray:
        """Return all units at some symbols, shape (len(at), H); of c its tanh."""
        values = self.layers[layer][name]
        rows = values[at % len(values), at // len(values)]
        return np.tanh(rows) if name == "c" else rows

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.layers.clear()
        self.files.close()


def layers_of(model: CharLM) -> list[str]:
    """Return the layers of a model as a record names them."""
    return [f"rnn.l{k}" for k in range(model.num_layers)]


def shown(model: CharLM) -> str:
    """Return the letter of what a cell of this model shows: its cell state c where it has one, else h."""
    return "c" if "c" in model.rnn.op.activations else "h"


def streams_of(symbols: int) -> int:
    return max(1, min(STREAMS, symbols // WARM))


def bytes_needed(model: CharLM, symbols: int, only: Sequence[str] | None = None) -> int:
    """Return how much disk the activity on that many symbols takes."""
    streams = streams_of(symbols)
    return activation_bytes(model, -(-symbols // streams), streams, only)


def activity(model: CharLM, ids: np.ndarray, only: Sequence[str] | None = None) -> Activity:
    """Let a model read a text of N symbols; close what is returned, and its files are gone.

    >>> from tinygrad_seq.data import CharVocab
    >>> with activity(CharLM(CharVocab("ab"), hidden_size=4), np.zeros(500, int), only=["c"]) as seen:
    ...     seen.columns("rnn.l0", "c", slice(1, 3)).shape
    (2, 500)
    """
    streams = streams_of(len(ids))
    T = -(-len(ids) // streams)
    padded = np.zeros(WARM + streams * T, np.intp)
    padded[WARM : WARM + len(ids)] = ids
    x = np.lib.stride_tricks.sliding_window_view(padded, WARM + T)[::T]
    files = ExitStack()
    folder = Path(files.enter_context(TemporaryDirectory(prefix="tinygrad-seq-", ignore_cleanup_errors=True)))
    with inference(model):
        state = begun(model(x[:, :WARM])[1])
        with record(model, values=None, gradients=None, only=only, to=folder) as tape:
            for start in range(WARM, WARM + T, WINDOW):
                _, state = model(x[:, start : start + WINDOW], state)
    return Activity(tape.layers, len(ids), files)


def begun(state: Any) -> Any:
    """Return a state whose first row is zero: nothing stands before the beginning of the text."""
    if isinstance(state, LSTMState):
        return LSTMState(*map(begun, state))
    return state * beside((np.arange(state.shape[1]) > 0).astype(state.dtype)[:, None], state)
