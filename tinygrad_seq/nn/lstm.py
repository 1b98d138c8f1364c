"""Long short-term memory (Hochreiter and Schmidhuber, 1997; the forget gate: Gers et al., 2000)."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Unpack

from .. import ops, scope
from ..errors import ConfigError
from ..tensor import Tensor
from .recurrent import Cell, Options, Recurrent, SequenceOp, Weighted, docstring, projected
from .state import LSTMState

__all__ = ["LSTM", "LSTMCell", "LSTMSequence", "lstm_step"]


def lstm_step(
    x_t: Tensor,
    h_prev: Tensor,
    c_prev: Tensor,
    W_ih: Tensor,
    W_hh: Tensor,
    b_ih: Tensor | None,
    b_hh: Tensor | None,
) -> LSTMState:
    r"""i_t = sigma(W_ii x_t + b_ii + W_hi h_prev + b_hi)     # what to write
    f_t = sigma(W_if x_t + b_if + W_hf h_prev + b_hf)     # what to keep
    g_t = tanh(W_ig x_t + b_ig + W_hg h_prev + b_hg)      # the candidate
    o_t = sigma(W_io x_t + b_io + W_ho h_prev + b_ho)     # what to show
    c_t = f_t * c_prev + i_t * g_t                        # the information highway
    h_t = o_t * tanh(c_t)

    Shapes: x_t (B, I) or integers (B,); states (B, H); W_ih (4 H, I), W_hh (4 H, H), b_ih and b_hh (4 H,), gates
    in the order i, f, g, o.
    """
    a_t = projected(x_t, W_ih, b_ih) + projected(h_prev, W_hh, b_hh)
    i_t, f_t, g_t, o_t = ops.split(a_t, 4, axis=-1)
    i_t, f_t, g_t, o_t = ops.sigmoid(i_t), ops.sigmoid(f_t), ops.tanh(g_t), ops.sigmoid(o_t)
    scope.named(i=i_t, f=f_t, g=g_t, o=o_t)
    c_t = f_t * c_prev + i_t * g_t
    h_t = o_t * ops.tanh(c_t)
    return LSTMState(h_t, c_t)


class LSTMSequence(SequenceOp):
    """The LSTM over a whole sequence in one direction."""

    parts = ("h", "c")
    results = ("output", "h", "c")
    activations = ("h", "c", "i", "f", "g", "o")

    @staticmethod
    def stepper(W_ih: Tensor, W_hh: Tensor, b_ih: Tensor | None, b_hh: Tensor | None) -> Callable[..., LSTMState]:
        """Return `step(x_t, h_prev, c_prev)`."""
        return partial(lstm_step, W_ih=W_ih, W_hh=W_hh, b_ih=b_ih, b_hh=b_hh)


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
    op = LSTMSequence

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
