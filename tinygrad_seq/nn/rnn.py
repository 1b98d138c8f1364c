"""The plain recurrent net (Elman, Finding Structure in Time, 1990)."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Literal, Unpack

from .. import ops
from ..errors import ConfigError
from ..tensor import Tensor
from .recurrent import Cell, Options, Recurrent, SequenceOp, docstring, projected

__all__ = ["RNN", "RNNCell", "RNNSequence"]

Nonlinearity = Literal["tanh", "relu"]


def rnn_step(
    x_t: Tensor,
    h_prev: Tensor,
    W_ih: Tensor,
    W_hh: Tensor,
    b_ih: Tensor | None,
    b_hh: Tensor | None,
    nonlinearity: Nonlinearity,
) -> Tensor:
    r"""h_t = tanh(W_ih x_t + b_ih + W_hh h_prev + b_hh)      (or relu)

    Shapes: x_t (B, I) or integers (B,); h_prev, h_t (B, H); W_ih (H, I); W_hh (H, H); b_ih and b_hh (H,).
    """
    a_t = projected(x_t, W_ih, b_ih) + projected(h_prev, W_hh, b_hh)
    h_t = ops.tanh(a_t) if nonlinearity == "tanh" else ops.relu(a_t)
    return h_t


class RNNSequence(SequenceOp):
    """The plain recurrence over a whole sequence in one direction."""

    activations = ("h",)

    @staticmethod
    def stepper(
        W_ih: Tensor, W_hh: Tensor, b_ih: Tensor | None, b_hh: Tensor | None, nonlinearity: Nonlinearity
    ) -> Callable[..., Tensor]:
        """Return `step(x_t, h_prev)`."""
        return partial(rnn_step, W_ih=W_ih, W_hh=W_hh, b_ih=b_ih, b_hh=b_hh, nonlinearity=nonlinearity)


def check(nonlinearity: str) -> None:
    if nonlinearity not in ("tanh", "relu"):
        raise ConfigError(f"nonlinearity={nonlinearity!r}: expected 'tanh' or 'relu'.")


class RNNCell(Cell):
    r"""h_t = tanh(W_ih x_t + b_ih + W_hh h_prev + b_hh)

    Call: `h = cell(x_t, h)`. Names and layouts of the weights are those of `torch.nn.RNNCell`. The lecture's
    h_t = f(W_h h_{t-1} + W_x x_t + b) has W_h = W_hh, W_x = W_ih, b = b_ih + b_hh.
    """

    gates = 1
    op = RNNSequence

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
