"""The recurrent cells, written once: every library that has no layer of its own runs these lines on its own arrays."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

__all__ = ["STEPS", "Functions", "gru", "lstm", "rnn"]


class Functions(NamedTuple):
    """What the cells take from a library besides its operators."""

    sigmoid: Callable[[Any], Any]
    tanh: Callable[[Any], Any]
    matmul: Callable[[Any, Any], Any]
    split: Callable[[Any, int], Sequence[Any]]  # (B, n H) into n times (B, H)


def lstm(f: Functions, Wx_t: Any, state: Any, W_hh: Any, b_hh: Any = None) -> tuple[Any, Any]:
    """Wx_t has the part of the input and both biases."""
    h, c = state
    i_t, f_t, g_t, o_t = f.split(Wx_t + f.matmul(h, W_hh), 4)
    c = f.sigmoid(f_t) * c + f.sigmoid(i_t) * f.tanh(g_t)
    h = f.sigmoid(o_t) * f.tanh(c)
    return h, c


def gru(f: Functions, Wx_t: Any, state: Any, W_hh: Any, b_hh: Any) -> tuple[Any]:
    """Wx_t has the part of the input and b_ih alone: r_t stands before b_hn."""
    (h,) = state
    xr_t, xz_t, xn_t = f.split(Wx_t, 3)
    hr_t, hz_t, hn_t = f.split(f.matmul(h, W_hh) + b_hh, 3)
    r_t, z_t = f.sigmoid(xr_t + hr_t), f.sigmoid(xz_t + hz_t)
    n_t = f.tanh(xn_t + r_t * hn_t)
    return (n_t + z_t * (h - n_t),)


def rnn(f: Functions, Wx_t: Any, state: Any, W_hh: Any, b_hh: Any = None) -> tuple[Any]:
    """Wx_t has the part of the input and both biases."""
    (h,) = state
    return (f.tanh(Wx_t + f.matmul(h, W_hh)),)


STEPS = {"lstm": lstm, "gru": gru, "rnn": rnn}
