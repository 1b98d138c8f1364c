"""The plain recurrent net (Elman, Finding Structure in Time, 1990)."""

from __future__ import annotations

from typing import Any, Literal, Unpack

from .. import ops
from ..engine import FusedOp
from ..errors import ConfigError
from ..tensor import Tensor
from .arguments import State
from .recurrent import Cell, Options, Recurrent, docstring, projected, unrolled

__all__ = ["RNN", "RNNCell", "RNNSequence"]

Nonlinearity = Literal["tanh", "relu"]


def rnn_step(Wx_t: Tensor, h_prev: Tensor, W_hh_T: Tensor, nonlinearity: Nonlinearity) -> Tensor:
    r"""h_t = tanh(W_ih x_t + b_ih + W_hh h_prev + b_hh)      (or relu)

    Shapes: Wx_t (B, H), the part of x_t and of both biases; h_prev, h_t (B, H); W_hh_T (H, H).
    """
    a_t = Wx_t + h_prev @ W_hh_T
    return ops.tanh(a_t) if nonlinearity == "tanh" else ops.relu(a_t)


class RNNSequence(FusedOp):
    """The plain recurrence over a whole sequence in one direction."""

    @staticmethod
    def reference(
        x: Tensor,
        mask: Any,
        reset: Any,
        h: Tensor,
        W_ih: Tensor,
        W_hh: Tensor,
        b_ih: Tensor | None,
        b_hh: Tensor | None,
        *,
        reverse: bool,
        nonlinearity: Nonlinearity,
    ) -> tuple[Tensor, ...]:
        """Return the hidden states of all steps (T, B, H) and the last one (B, H)."""
        Wx, W_hh_T = projected(x, W_ih, b_ih, b_hh), W_hh.mT

        def step(t: int, state: State) -> State:
            (h_prev,) = state
            return (rnn_step(Wx[t], h_prev, W_hh_T, nonlinearity),)

        return unrolled(step, (h,), x.shape[0], mask, reset, reverse)


def check(nonlinearity: str) -> None:
    if nonlinearity not in ("tanh", "relu"):
        raise ConfigError(f"nonlinearity={nonlinearity!r}: expected 'tanh' or 'relu'.")


class RNNCell(Cell):
    r"""h_t = tanh(W_ih x_t + b_ih + W_hh h_prev + b_hh)

    Call: `h = cell(x_t, h)`. Names and layouts of the weights are those of `torch.nn.RNNCell`. The lecture's
    h_t = f(W_h h_{t-1} + W_x x_t + b) has W_h = W_hh, W_x = W_ih, b = b_ih + b_hh.
    """

    gates = 1

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        nonlinearity: Nonlinearity = "tanh",
        dtype: Any = "float32",
    ) -> None:
        check(nonlinearity)
        self.nonlinearity: Nonlinearity = nonlinearity
        super().__init__(input_size, hidden_size, bias, dtype)

    def forward(self, x_t: Any, state: Tensor | None = None) -> Tensor:
        """Return the next hidden state."""
        x_t, (h_prev,) = self.start(x_t, state)
        W_ih, W_hh, b_ih, b_hh = self.weights()
        return rnn_step(projected(x_t, W_ih, b_ih, b_hh), h_prev, W_hh.mT, self.nonlinearity)

    def settings(self) -> dict[str, Any]:
        """Return the nonlinearity."""
        return {"nonlinearity": self.nonlinearity}


class RNN(Recurrent):  # noqa: D101  its docstring is composed
    __doc__ = rf"""The plain recurrent net over sequences, in layers; `nonlinearity="relu"` for relu.

    {docstring(rnn_step)}

    {docstring(Recurrent)}
    Weights are called weight_ih_l0, weight_hh_l0, bias_ih_l0, bias_hh_l0, ... as in `torch.nn.RNN`: checkpoints load as
    they are.
    """

    gates = 1
    op = RNNSequence

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        *,
        nonlinearity: Nonlinearity = "tanh",
        **options: Unpack[Options],
    ) -> None:
        check(nonlinearity)
        self.nonlinearity: Nonlinearity = nonlinearity
        super().__init__(input_size, hidden_size, num_layers, **options)

    def settings(self) -> dict[str, Any]:
        """Return the nonlinearity."""
        return {"nonlinearity": self.nonlinearity}
