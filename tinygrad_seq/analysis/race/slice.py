"""A two-dimensional slice through the loss of a recurrent net: what clipping is for, seen."""

from __future__ import annotations

from typing import Any

import numpy as np

from ... import ops
from ...tensor import Tensor
from .surfaces import Surface

__all__ = ["filter_normalised", "rnn_slice"]


def filter_normalised(rng: np.random.Generator, W: np.ndarray) -> np.ndarray:
    """Return a random direction D with |row_i D| = |row_i W|: a step along it changes every unit by the same share.

    Without it a direction means more to small weights than to large ones. Source: Li et al., 2018, section 4.
    """
    D = rng.standard_normal(W.shape)
    scaled: np.ndarray = D * np.linalg.norm(W, axis=1, keepdims=True) / np.linalg.norm(D, axis=1, keepdims=True)
    return scaled


def rnn_slice(hidden_size: int = 12, steps: int = 30, gain: float = 0.8, seed: int = 5) -> Surface:
    """Return L(theta + x d_1 + y d_2) of an RNN that is to say, after `steps` steps, if its first input was positive.

    h_t = tanh(W_ih x_t + W_hh h_{t-1}),  o = W_ho h_T,  L = mean (o - sign(x_0) / 2)^2 over four sequences of noise;
    theta = (W_hh, W_ih, W_ho) are random weights, W_hh of spectral radius about `gain`; d_1 and d_2 are
    filter-normalised. Where the slice crosses the weights at which the net begins to remember stands a cliff.
    """
    rng = np.random.default_rng(seed)
    H = hidden_size
    theta = (
        rng.standard_normal((H, H)) / np.sqrt(H) * gain,
        rng.standard_normal((H, 1)),
        rng.standard_normal((1, H)) / np.sqrt(H),
    )
    d_1, d_2 = ([Tensor(filter_normalised(rng, W)) for W in theta] for _ in range(2))
    weights = [Tensor(W) for W in theta]
    xs = 0.1 * rng.standard_normal((steps, 4, 1))
    target = Tensor(np.sign(xs[0]) / 2)

    def loss(x: Any, y: Any) -> Any:
        a, b = (ops.reshape(along, (*along.shape, 1, 1)) for along in (x + 0 * y, y + 0 * x))
        W_hh, W_ih, W_ho = (W + a * u + b * v for W, u, v in zip(weights, d_1, d_2, strict=True))
        h = Tensor(np.zeros((4, H)))
        for x_t in xs:
            h = ops.tanh(Tensor(x_t) @ W_ih.mT + h @ W_hh.mT)
        return ((h @ W_ho.mT - target) ** 2).mean(axis=(-2, -1))

    return Surface(
        "rnn",
        "a slice through the loss of a recurrent net: gentle slopes, and the cliff that gradients are clipped for",
        loss,
        (-0.6, -1.0),
        (),
        (-1.5, 1.5),
        (-2.2, 0.8),
        logarithmic=True,
    )
