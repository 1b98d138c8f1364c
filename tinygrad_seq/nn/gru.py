"""The gated recurrent unit (Cho et al., 2014), in both of the forms that go by the name."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Unpack

from .. import ops, scope
from ..tensor import Tensor
from .recurrent import Cell, Options, Recurrent, SequenceOp, docstring, projected

__all__ = ["GRU", "GRUCell", "GRUSequence"]


def gru_step(
    x_t: Tensor,
    h_prev: Tensor,
    W_ih: Tensor,
    W_hh: Tensor,
    b_ih: Tensor | None,
    b_hh: Tensor | None,
) -> Tensor:
    r"""r_t = sigma(W_ir x_t + b_ir + W_hr h_prev + b_hr)           # what of the past the candidate sees
    z_t = sigma(W_iz x_t + b_iz + W_hz h_prev + b_hz)           # how much of the past stays
    n_t = tanh(W_in x_t + b_in + r_t * (W_hn h_prev + b_hn))    # the candidate, reset after the product
    h_t = (1 - z_t) * n_t + z_t * h_prev

    Shapes: x_t (B, I) or integers (B,); h (B, H); W_ih (3 H, I), W_hh (3 H, H), b_ih and b_hh (3 H,), gates in the
    order r, z, n. b_hn stands inside the brackets: it cannot be added to b_in.
    """
    xr_t, xz_t, xn_t = ops.split(projected(x_t, W_ih, b_ih), 3, axis=-1)
    hr_t, hz_t, hn_t = ops.split(projected(h_prev, W_hh, b_hh), 3, axis=-1)
    r_t = ops.sigmoid(xr_t + hr_t)
    z_t = ops.sigmoid(xz_t + hz_t)
    n_t = ops.tanh(xn_t + r_t * hn_t)
    scope.named(r=r_t, z=z_t, n=n_t)
    h_t = (1 - z_t) * n_t + z_t * h_prev
    return h_t


def gru_step_before(
    x_t: Tensor,
    h_prev: Tensor,
    W_ih: Tensor,
    W_hrz: Tensor,
    W_hn: Tensor,
    b_ih: Tensor | None,
    b_hrz: Tensor | None,
    b_hn: Tensor | None,
) -> Tensor:
    r"""r_t = sigma(W_ir x_t + b_ir + W_hr h_prev + b_hr)
    z_t = sigma(W_iz x_t + b_iz + W_hz h_prev + b_hz)
    n_t = tanh(W_in x_t + b_in + W_hn (r_t * h_prev) + b_hn)    # the candidate, reset before the product
    h_t = (1 - z_t) * n_t + z_t * h_prev

    Shapes: x_t (B, I) or integers (B,); h (B, H); W_ih (3 H, I), W_hrz (2 H, H), W_hn (H, H), b_ih (3 H,), b_hrz
    (2 H,), b_hn (H,): the rows of W_hh and b_hh, parted.
    """
    xr_t, xz_t, xn_t = ops.split(projected(x_t, W_ih, b_ih), 3, axis=-1)
    hr_t, hz_t = ops.split(projected(h_prev, W_hrz, b_hrz), 2, axis=-1)
    r_t = ops.sigmoid(xr_t + hr_t)
    z_t = ops.sigmoid(xz_t + hz_t)
    n_t = ops.tanh(xn_t + projected(r_t * h_prev, W_hn, b_hn))
    scope.named(r=r_t, z=z_t, n=n_t)
    h_t = (1 - z_t) * n_t + z_t * h_prev
    return h_t


class GRUSequence(SequenceOp):
    """The GRU over a whole sequence in one direction."""

    activations = ("h", "r", "z", "n")

    @staticmethod
    def stepper(
        W_ih: Tensor, W_hh: Tensor, b_ih: Tensor | None, b_hh: Tensor | None, reset_after: bool
    ) -> Callable[..., Tensor]:
        """Return `step(x_t, h_prev)` of one of the two forms."""
        if reset_after:
            return partial(gru_step, W_ih=W_ih, W_hh=W_hh, b_ih=b_ih, b_hh=b_hh)
        rz, n = slice(2 * W_hh.shape[1]), slice(2 * W_hh.shape[1], None)
        b_hrz, b_hn = (None, None) if b_hh is None else (b_hh[rz], b_hh[n])
        return partial(gru_step_before, W_ih=W_ih, W_hrz=W_hh[rz], W_hn=W_hh[n], b_ih=b_ih, b_hrz=b_hrz, b_hn=b_hn)


class GRUCell(Cell):  # noqa: D101  its docstring is composed
    __doc__ = rf"""One step of the GRU: `h = cell(x_t, h)`.

    {docstring(gru_step)}

    With `reset_after=False`, as in Cho et al. and in Dive into Deep Learning:

    {docstring(gru_step_before)}

    The default is what PyTorch, cuDNN and Keras compute, with PyTorch's names and layouts. z_t = 1 keeps the past.
    """

    gates = 3
    op = GRUSequence

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
