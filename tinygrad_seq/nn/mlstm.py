"""The multiplicative LSTM (Krause et al., 2016), the cell of the sentiment neuron (Radford et al., 2017)."""

from __future__ import annotations

from typing import Any, Unpack

from .. import ops
from ..backend import Shape
from ..engine import FusedOp
from ..tensor import Tensor
from .arguments import State
from .lstm import lstm_step
from .module import Parameter
from .recurrent import Cell, Options, Recurrent, Weighted, docstring, projected, unrolled
from .state import LSTMState

__all__ = ["MLSTM", "MLSTMCell", "MLSTMSequence"]


def mlstm_step(
    Wx_t: Tensor, Wmx_t: Tensor, h_prev: Tensor, c_prev: Tensor, W_mh_T: Tensor, W_hh_T: Tensor
) -> LSTMState:
    r"""m_t = (W_mx x_t) * (W_mh h_prev)                      # a recurrence of its own for every input
    i_t, f_t, g_t, o_t, c_t, h_t as in the LSTM, with m_t in the place of h_prev

    Shapes: Wx_t (B, 4 H), the part of x_t and the bias; Wmx_t (B, H); states (B, H); W_mh_T (H, H); W_hh_T (H, 4 H).
    """
    m_t = Wmx_t * (h_prev @ W_mh_T)
    return lstm_step(Wx_t, m_t, c_prev, W_hh_T)


def normalised(W: Tensor, g: Tensor | None) -> Tensor:
    """Return g W / |W|, the length of each row set by its gain (Salimans and Kingma, 2016); W itself without gains."""
    if g is None:
        return W
    return W * ops.expand_dims(g / row_lengths(W), axis=1)


def row_lengths(W: Tensor) -> Tensor:
    """Return |W| of every row."""
    return ops.sqrt((W * W).sum(axis=1))


class MLSTMSequence(FusedOp):
    """The mLSTM over a whole sequence in one direction."""

    @staticmethod
    def reference(
        x: Tensor,
        mask: Any,
        reset: Any,
        h: Tensor,
        c: Tensor,
        W_ih: Tensor,
        W_hh: Tensor,
        W_mx: Tensor,
        W_mh: Tensor,
        b_ih: Tensor | None,
        *,
        reverse: bool,
    ) -> tuple[Tensor, ...]:
        """Return the hidden states of all steps (T, B, H), the last hidden state and the last cell state (B, H)."""
        Wx, Wmx = projected(x, W_ih, b_ih), projected(x, W_mx)
        W_mh_T, W_hh_T = W_mh.mT, W_hh.mT

        def step(t: int, state: State) -> State:
            h_prev, c_prev = state
            return mlstm_step(Wx[t], Wmx[t], h_prev, c_prev, W_mh_T, W_hh_T)

        return unrolled(step, (h, c), x.shape[0], mask, reset, reverse)


class MultiplicativeWeights(Weighted):
    """The weights of an mLSTM: four matrices, one bias, and with `weight_norm` a gain for every row."""

    gates = 4
    parts = ("h", "c")
    weight_norm: bool

    def layout(self, input_size: int) -> dict[str, Shape]:
        """Return the weights of one layer by name, without the gains."""
        H = self.hidden_size
        matrices: dict[str, Shape] = {"weight_ih": (4 * H, input_size), "weight_hh": (4 * H, H)}
        matrices |= {"weight_mx": (H, input_size), "weight_mh": (H, H)}
        return matrices | ({"bias_ih": (4 * H,)} if self.bias else {})

    def add_weights(self, input_size: int, suffix: str = "") -> None:
        """Make the parameters of one layer; a gain starts as the length of its row, so W starts as it was drawn."""
        super().add_weights(input_size, suffix)
        if self.weight_norm:
            for name in ("ih", "hh", "mx", "mh"):
                W = getattr(self, f"weight_{name}{suffix}").detach()
                setattr(self, f"gain_{name}{suffix}", Parameter(row_lengths(W)))

    def weights(self, suffix: str = "") -> tuple[Any, ...]:
        """Return the four matrices, normalised where they are to be, and the bias."""
        matrices = (
            normalised(getattr(self, f"weight_{name}{suffix}"), getattr(self, f"gain_{name}{suffix}", None))
            for name in ("ih", "hh", "mx", "mh")
        )
        return (*matrices, getattr(self, "bias_ih" + suffix, None))

    def extra_repr(self) -> str:
        """Return the sizes and settings."""
        return super().extra_repr() + ", weight_norm=True" * self.weight_norm


class MLSTMCell(MultiplicativeWeights, Cell):  # noqa: D101  its docstring is composed
    __doc__ = rf"""One step of the mLSTM: `h, c = cell(x_t, (h, c))`.

    {docstring(mlstm_step)}

    `weight_norm=True` normalises the four matrices by row and gives each row a gain.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        weight_norm: bool = False,
        dtype: Any = "float32",
    ) -> None:
        self.weight_norm = weight_norm
        super().__init__(input_size, hidden_size, bias, dtype)

    def forward(self, x_t: Any, state: Any = None) -> LSTMState:
        """Return the next state (h, c)."""
        x_t, (h_prev, c_prev) = self.start(x_t, state)
        W_ih, W_hh, W_mx, W_mh, b_ih = self.weights()
        return mlstm_step(projected(x_t, W_ih, b_ih), projected(x_t, W_mx), h_prev, c_prev, W_mh.mT, W_hh.mT)


class MLSTM(MultiplicativeWeights, Recurrent):  # noqa: D101  its docstring is composed
    __doc__ = rf"""The mLSTM over sequences, in layers.

    {docstring(mlstm_step)}

    {docstring(Recurrent)}
    `weight_norm=True` normalises the four matrices by row, W = g W / |W|, once per call.
    """

    op = MLSTMSequence

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        *,
        weight_norm: bool = False,
        **options: Unpack[Options],
    ) -> None:
        self.weight_norm = weight_norm
        super().__init__(input_size, hidden_size, num_layers, **options)
