"""The recurrent nets that a model can be built on, by name."""

from __future__ import annotations

from typing import Any, Literal

from ..errors import ConfigError
from ..nn import GRU, LSTM, MLSTM, RNN
from ..nn.recurrent import Recurrent

__all__ = ["CELLS", "CellName", "recurrent"]

CellName = Literal["rnn", "lstm", "gru", "mlstm"]
CELLS: dict[str, type[Recurrent]] = {"rnn": RNN, "lstm": LSTM, "gru": GRU, "mlstm": MLSTM}


def recurrent(
    cell: str,
    input_size: int,
    hidden_size: int,
    num_layers: int,
    dropout: float,
    *,
    weight_norm: bool = False,
    batch_first: bool = True,
    **options: Any,
) -> Recurrent:
    """Return the net called `cell`, with dropout between its layers where there are several."""
    if cell not in CELLS:
        raise ConfigError(f"cell={cell!r}: expected one of {', '.join(CELLS)}.")
    if weight_norm:
        if cell != "mlstm":
            raise ConfigError(f"weight_norm=True with cell={cell!r}: only the mlstm has normalised weights.")
        options["weight_norm"] = True
    between = dropout if num_layers > 1 else 0.0
    return CELLS[cell](input_size, hidden_size, num_layers, dropout=between, batch_first=batch_first, **options)
