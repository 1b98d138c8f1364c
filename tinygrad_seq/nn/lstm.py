"""Long short-term memory (Hochreiter and Schmidhuber, 1997; the forget gate: Gers et al., 2000)."""

from __future__ import annotations

from typing import Any, Unpack

from .. import ops
from ..engine import FusedOp
from ..errors import ConfigError
from ..tensor import Tensor
from .arguments import State
from .recurrent import Cell, Options, Recurrent, Weighted, docstring, projected, unrolled
from .state import LSTMState

__all__ = ["LSTM", "LSTMCell", "LSTMSequence", "lstm_step"]


def lstm_step(Wx_t: Tensor, h_prev: Tensor, c_prev: Tensor, W_hh_T: Tensor) -> LSTMState:
    r"""i_t = sigma(W_ii x_t + b_ii + W_hi h_prev + b_hi)     # what to write
    f_t = sigma(W_if x_t + b_if + W_hf h_prev + b_hf)     # what to keep
    g_t = tanh(W_ig x_t + b_ig + W_hg h_prev + b_hg)      # the candidate
    o_t = sigma(W_io x_t + b_io + W_ho h_prev + b_ho)     # what to show
    c_t = f_t * c_prev + i_t * g_t                        # the information highway
    h_t = o_t * tanh(c_t)

    Shapes: Wx_t (B, 4 H), the part of x_t and of both biases, gates in the order i, f, g, o; states (B, H); W_hh_T
    (H, 4 H).
    """
    i_t, f_t, g_t, o_t = ops.split(Wx_t + h_prev @ W_hh_T, 4, axis=-1)
    i_t, f_t, g_t, o_t = ops.sigmoid(i_t), ops.sigmoid(f_t), ops.tanh(g_t), ops.sigmoid(o_t)
    c_t = f_t * c_prev + i_t * g_t
    h_t = o_t * ops.tanh(c_t)
    return LSTMState(h_t, c_t)


class LSTMSequence(FusedOp):
    """The LSTM over a whole sequence in one direction."""

    @staticmethod
    def reference(
        x: Tensor,
        mask: Any,
        reset: Any,
        h: Tensor,
        c: Tensor,
        W_ih: Tensor,
        W_hh: Tensor,
        b_ih: Tensor | None,
        b_hh: Tensor | None,
        *,
        reverse: bool,
    ) -> tuple[Tensor, ...]:
        """Return the hidden states of all steps (T, B, H), the last hidden state and the last cell state (B, H)."""
        Wx, W_hh_T = projected(x, W_ih, b_ih, b_hh), W_hh.mT

        def step(t: int, state: State) -> State:
            h_prev, c_prev = state
            return lstm_step(Wx[t], h_prev, c_prev, W_hh_T)

        return unrolled(step, (h, c), x.shape[0], mask, reset, reverse)


def set_forget_bias(module: Weighted, value: float, suffix: str = "") -> None:
    """Make b_if + b_hf = value, written once: a gate that keeps at first (Jozefowicz et al., 2015)."""
    if not module.bias:
        raise ConfigError(f"forget_bias={value} and bias=False: there is no bias to write it into.")
    for name, bias in (("bias_ih", value), ("bias_hh", 0.0)):
        b = getattr(module, name + suffix)
        i, f, g, o = ops.split(b.detach(), 4)
        b.assign_(ops.concat([i, f * 0 + bias, g, o]).data, by="forget_bias")


class LSTMCell(Cell):  # noqa: D101  its docstring is composed
    __doc__ = rf"""One step of the LSTM: `h, c = cell(x_t, (h, c))`.

    {docstring(lstm_step)}

    Names and layouts of the weights are those of `torch.nn.LSTMCell`. The lecture's b_f is b_if + b_hf: both are kept,
    as there, and their sum moves at twice the rate of one. `forget_bias=1.0` starts with the gate open.
    """

    gates = 4
    parts = ("h", "c")

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        forget_bias: float | None = None,
        dtype: Any = "float32",
    ) -> None:
        super().__init__(input_size, hidden_size, bias, dtype)
        if forget_bias is not None:
            set_forget_bias(self, forget_bias)

    def forward(self, x_t: Any, state: Any = None) -> LSTMState:
        """Return the next state (h, c)."""
        x_t, (h_prev, c_prev) = self.start(x_t, state)
        W_ih, W_hh, b_ih, b_hh = self.weights()
        return lstm_step(projected(x_t, W_ih, b_ih, b_hh), h_prev, c_prev, W_hh.mT)


class LSTM(Recurrent):  # noqa: D101  its docstring is composed
    __doc__ = rf"""The LSTM over sequences, in layers.

    {docstring(lstm_step)}

    {docstring(Recurrent)}
    Weights are called weight_ih_l0, weight_hh_l0, bias_ih_l0, bias_hh_l0, ... as in `torch.nn.LSTM`: checkpoints load
    as they are. `forget_bias=1.0` starts with b_if + b_hf = 1 in every layer: a gate that keeps.

    >>> import tinygrad_seq as tg
    >>> lstm = LSTM(8, 16, bidirectional=True)
    >>> output, (h, c) = result = lstm(tg.randn(5, 3, 8), lengths=[5, 2, 4])
    >>> output.shape, h.shape, result.last.shape
    ((5, 3, 32), (2, 3, 16), (3, 32))
    """

    gates = 4
    op = LSTMSequence
    parts = ("h", "c")

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        *,
        forget_bias: float | None = None,
        **options: Unpack[Options],
    ) -> None:
        super().__init__(input_size, hidden_size, num_layers, **options)
        if forget_bias is not None:
            for k in range(num_layers):
                for suffix in self.suffixes(k):
                    set_forget_bias(self, forget_bias, suffix)
