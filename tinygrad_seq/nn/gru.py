"""The gated recurrent unit (Cho et al., 2014), in both of the forms that go by the name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Unpack

from .. import ops
from ..engine import FusedOp
from ..tensor import Tensor
from .recurrent import Cell, Options, Recurrent, docstring, projected, unrolled

__all__ = ["GRU", "GRUCell", "GRUSequence"]


def gru_step(Wx_t: Tensor, h_prev: Tensor, W_hh_T: Tensor, b_hh: Tensor | None) -> Tensor:
    r"""r_t = sigma(W_ir x_t + b_ir + W_hr h_prev + b_hr)           # what of the past the candidate sees
    z_t = sigma(W_iz x_t + b_iz + W_hz h_prev + b_hz)           # how much of the past stays
    n_t = tanh(W_in x_t + b_in + r_t * (W_hn h_prev + b_hn))    # the candidate, reset after the product
    h_t = (1 - z_t) * n_t + z_t * h_prev

    Shapes: Wx_t (B, 3 H), the part of x_t and of b_ih, gates in the order r, z, n; h (B, H); W_hh_T (H, 3 H); b_hh
    (3 H,).
    """
    Wh_t = h_prev @ W_hh_T
    if b_hh is not None:
        Wh_t = Wh_t + b_hh  # b_hn stands inside the brackets: it cannot be added to b_in
    xr_t, xz_t, xn_t = ops.split(Wx_t, 3, axis=-1)
    hr_t, hz_t, hn_t = ops.split(Wh_t, 3, axis=-1)
    r_t = ops.sigmoid(xr_t + hr_t)
    z_t = ops.sigmoid(xz_t + hz_t)
    n_t = ops.tanh(xn_t + r_t * hn_t)
    h_t = (1 - z_t) * n_t + z_t * h_prev
    return h_t


def gru_step_before(Wx_t: Tensor, h_prev: Tensor, W_hrz_T: Tensor, W_hn_T: Tensor) -> Tensor:
    r"""r_t = sigma(W_ir x_t + b_ir + W_hr h_prev + b_hr)
    z_t = sigma(W_iz x_t + b_iz + W_hz h_prev + b_hz)
    n_t = tanh(W_in x_t + b_in + W_hn (r_t * h_prev) + b_hn)    # the candidate, reset before the product
    h_t = (1 - z_t) * n_t + z_t * h_prev

    Shapes: Wx_t (B, 3 H), the part of x_t and of both biases; h (B, H); W_hrz_T (H, 2 H); W_hn_T (H, H).
    """
    H = h_prev.shape[-1]
    r_t, z_t = ops.split(ops.sigmoid(Wx_t[:, : 2 * H] + h_prev @ W_hrz_T), 2, axis=-1)
    n_t = ops.tanh(Wx_t[:, 2 * H :] + (r_t * h_prev) @ W_hn_T)
    h_t = (1 - z_t) * n_t + z_t * h_prev
    return h_t


def stepper(
    x: Tensor, weights: tuple[Any, ...], reset_after: bool
) -> tuple[Tensor, Callable[[Tensor, Tensor], Tensor]]:
    """Return the projected input and `step(Wx_t, h_prev)` for one of the two forms."""
    W_ih, W_hh, b_ih, b_hh = weights
    W_hh_T = W_hh.mT
    if reset_after:
        return projected(x, W_ih, b_ih), lambda Wx_t, h_prev: gru_step(Wx_t, h_prev, W_hh_T, b_hh)
    H = W_hh.shape[1]
    W_hrz_T, W_hn_T = W_hh_T[:, : 2 * H], W_hh_T[:, 2 * H :]
    return projected(x, W_ih, b_ih, b_hh), lambda Wx_t, h_prev: gru_step_before(Wx_t, h_prev, W_hrz_T, W_hn_T)


class GRUSequence(FusedOp):
    """The GRU over a whole sequence in one direction."""

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
        reset_after: bool,
    ) -> tuple[Tensor, ...]:
        """Return the hidden states of all steps (T, B, H) and the last one (B, H)."""
        Wx, step = stepper(x, (W_ih, W_hh, b_ih, b_hh), reset_after)
        return unrolled(lambda t, state: (step(Wx[t], *state),), (h,), x.shape[0], mask, reset, reverse)


class GRUCell(Cell):  # noqa: D101  its docstring is composed
    __doc__ = rf"""One step of the GRU: `h = cell(x_t, h)`.

    {docstring(gru_step)}

    With `reset_after=False`, as in Cho et al. and in Dive into Deep Learning:

    {docstring(gru_step_before)}

    The default is what PyTorch, cuDNN and Keras compute, with PyTorch's names and layouts. z_t = 1 keeps the past.
    """

    gates = 3

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        reset_after: bool = True,
        dtype: Any = "float32",
    ) -> None:
        self.reset_after = reset_after
        super().__init__(input_size, hidden_size, bias, dtype)

    def forward(self, x_t: Any, state: Tensor | None = None) -> Tensor:
        """Return the next hidden state."""
        x_t, (h_prev,) = self.start(x_t, state)
        Wx_t, step = stepper(x_t, self.weights(), self.reset_after)
        return step(Wx_t, h_prev)

    def settings(self) -> dict[str, Any]:
        """Return which of the two forms it is."""
        return {"reset_after": self.reset_after}


class GRU(Recurrent):  # noqa: D101  its docstring is composed
    __doc__ = rf"""The GRU over sequences, in layers.

    {docstring(gru_step)}

    With `reset_after=False` the reset gate acts before the product with W_hn: see `GRUCell`.

    {docstring(Recurrent)}
    Weights are called weight_ih_l0, weight_hh_l0, bias_ih_l0, bias_hh_l0, ... as in `torch.nn.GRU`: checkpoints load as
    they are.
    """

    gates = 3
    op = GRUSequence

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        *,
        reset_after: bool = True,
        **options: Unpack[Options],
    ) -> None:
        self.reset_after = reset_after
        super().__init__(input_size, hidden_size, num_layers, **options)

    def settings(self) -> dict[str, Any]:
        """Return which of the two forms it is."""
        return {"reset_after": self.reset_after}
