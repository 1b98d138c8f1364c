"""What a recurrent module hands on: the state after the last step, and the result of a call."""

from __future__ import annotations

from typing import Any, NamedTuple

from .. import ops
from ..tensor import Tensor

__all__ = ["LSTMState", "RecurrentOutput"]


class LSTMState(NamedTuple):
    """The hidden state h and the cell state c; unpacks as `h, c = state`.

    Shapes: (layers * directions, batch, hidden) in a sequence module, (batch, hidden) in a cell.
    """

    h: Tensor
    c: Tensor

    def detach(self) -> LSTMState:
        """Return the same numbers without their history: truncated BPTT cuts here. The old state is unchanged."""
        return LSTMState(self.h.detach(), self.c.detach())


class RecurrentOutput(NamedTuple):
    """The result of a sequence module; unpacks as `output, state = lstm(x)`.

    Shapes: output (time, batch, directions * hidden), with `batch_first` (batch, time, ...); zero at masked steps.
    """

    output: Tensor
    state: Any

    @property
    def last(self) -> Tensor:
        """The top layer after its true last step, whatever the lengths: (batch, directions * hidden).

        Of a bidirectional module each direction at its own end; `output[-1]` has the reverse one after a single step.
        """
        h = self.state.h if isinstance(self.state, LSTMState) else self.state
        directions = self.output.shape[-1] // h.shape[-1]
        return ops.concat([h[i] for i in range(-directions, 0)], axis=-1)
