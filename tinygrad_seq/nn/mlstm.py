"""The multiplicative LSTM (Krause et al., 2016), the cell of the sentiment neuron (Radford et al., 2017)."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Unpack

from .. import ops, scope
from ..backend import Shape
from ..tensor import Tensor
from .lstm import LSTMSequence, lstm_step
from .module import Parameter
from .recurrent import Cell, Options, Recurrent, SequenceOp, Weighted, docstring, projected
from .state import LSTMState

__all__ = ["MLSTM", "MLSTMCell", "MLSTMSequence"]


def mlstm_step(
    x_t: Tensor,
    h_prev: Tensor,
    c_prev: Tensor,
    W_ih: Tensor,
    W_hh: Tensor,
    W_mx: Tensor,
    W_mh: Tensor,
    b: Tensor | None,
) -> LSTMState:
    r"""m_t = (W_mx x_t) * (W_mh h_prev)                      # a recurrence of its own for every input
    i_t, f_t, g_t, o_t, c_t, h_t as in the LSTM, with m_t in the place of h_prev

    Shapes: x_t (B, I) or integers (B,); states (B, H); W_ih (4 H, I); W_hh (4 H, H); W_mx (H, I); W_mh (H, H);
    b (4 H,).
    """
    m_t = projected(x_t, W_mx) * projected(h_prev, W_mh)
    scope.named(m=m_t)
    return lstm_step(x_t, m_t, c_prev, W_ih, W_hh, b, None)


def normalised(W: Tensor, g: Tensor | None) -> Tensor:
    """Return g W / |W|, the length of each row set by its gain (Salimans and Kingma, 2016); W itself without gains."""
    if g is None:
        return W
    return W * ops.expand_dims(g / row_lengths(W), axis=1)


def row_lengths(W: Tensor) -> Tensor:
    """Return |W| of every row."""
    return ops.sqrt((W * W).sum(axis=1))


class MLSTMSequence(SequenceOp):
    """The mLSTM over a whole sequence in one direction; its matrices come normalised."""

    parts = ("h", "c")
    results = ("output", "h", "c")
    activations = (*LSTMSequence.activations, "m")

    @staticmethod
    def stepper(W_ih: Tensor, W_hh: Tensor, W_mx: Tensor, W_mh: Tensor, b: Tensor | None) -> Callable[..., LSTMState]:
        """Return `step(x_t, h_prev, c_prev)`."""
        return partial(mlstm_step, W_ih=W_ih, W_hh=W_hh, W_mx=W_mx, W_mh=W_mh, b=b)


class MultiplicativeWeights(Weighted):
    """The weights of an mLSTM: four matrices, one bias, and with `weight_norm` a gain for every row."""

    gates = 4
    op = MLSTMSequence
    reading = (0, 2)
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


class MLSTM(MultiplicativeWeights, Recurrent):  # noqa: D101  its docstring is composed
    __doc__ = rf"""The mLSTM over sequences, in layers.

    {docstring(mlstm_step)}

    {docstring(Recurrent)}
    `weight_norm=True` normalises the four matrices by row, W = g W / |W|, once per call.
    """

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
