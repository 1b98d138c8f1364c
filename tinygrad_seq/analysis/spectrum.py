"""Why gradients vanish or explode: the Jacobians of the steps of a recurrent net, one by one and multiplied."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from .. import functional as F
from ..autograd import enable_grad
from ..engine import grad
from ..errors import ConfigError
from ..models import CharLM
from ..models.inference import evaluating
from ..nn.arguments import beside
from ..nn.recurrent import Recurrent
from ..tensor import Tensor
from .extremes import spectral_norm, spectral_radius
from .reading import encoded

__all__ = ["Spectrum", "spectrum", "spectrum_of", "step_jacobian"]


@dataclass(frozen=True)
class Spectrum:
    """What the steps of a net do to a gradient, J_t = ds_t / ds_{t-1}, t = 1 .. T - 1; s is all of the state.

    Attributes:
        sigma_max: the largest singular value of J_t: how much a step can stretch a gradient.
        radius: the largest |eigenvalue| of J_t.
        product: ||J_{T-1} ... J_{t+1}||, for t = 0 .. T - 1: how much of a gradient at the end can be left at t.
        bound: the product of the sigma_max of the same steps, which is never smaller.
        gradient: |dL/ds_t| / |dL/ds_{T-1}| as backpropagation finds it, never more than `product`.
    """

    name: str
    sigma_max: np.ndarray
    radius: np.ndarray
    product: np.ndarray
    bound: np.ndarray
    gradient: np.ndarray


def step_jacobian(net: Recurrent, x_t: np.ndarray, state: tuple[np.ndarray, ...]) -> np.ndarray:
    """Return J = ds_t / ds_{t-1} of one step of a net, s the whole state: all layers of h, then all layers of c.

    One backward pass: N copies of the state are a batch, and row n is asked for the gradient of element n.
    Shapes: x_t (input_size,), or () for a whole number; each part of the state (num_layers, H); J (N, N).
    Raises ConfigError for a bidirectional net, which has no state that a step could start from.
    """
    if net.bidirectional:
        raise ConfigError("A bidirectional net reads both ways: no step leads from one state to the next.")
    shape = state[0].shape
    N = len(state) * state[0].size
    backend = net.weight_ih_l0.backend
    xs = np.broadcast_to(x_t, (N, *np.shape(x_t)))
    xs = np.expand_dims(xs, 1 if net.batch_first else 0)
    parts = [np.broadcast_to(part[:, None], (shape[0], N, shape[1])) for part in state]
    before = [Tensor(part, backend=backend, requires_grad=True) for part in parts]
    with enable_grad():
        after = parts_of(net(Tensor(xs, backend=backend), tuple(before) if len(before) > 1 else before[0]).state)
    units = np.eye(N, dtype=state[0].dtype).reshape(N, len(state), *shape)
    seeds = [Tensor(np.moveaxis(units[:, p], 0, 1), backend=backend) for p in range(len(state))]
    rows = [np.moveaxis(g.numpy(), 1, 0).reshape(N, -1) for g in grad(after, before, seeds)]
    return np.concatenate(rows, axis=1)


def spectrum(net: Recurrent, x: np.ndarray, loss: Callable[[Tensor], Tensor], name: str = "") -> Spectrum:
    """Let a net read x_0 .. x_T from a zero state, and measure the steps between the states s_0 .. s_{T-1}.

    `loss` makes a scalar of the output at x_T, shape (1, 1, H): its gradient is the one that is measured.
    Shapes: x (T + 1, input_size), or whole numbers (T + 1,).
    """
    if len(x) < 3:
        raise ConfigError(f"A spectrum takes at least three inputs: two states and a loss after them; got {len(x)}.")
    states: list[Any] = []
    backend, state = net.weight_ih_l0.backend, None
    with enable_grad():
        for x_t in x:
            output, state = net(Tensor(np.expand_dims(x_t, (0, 1)), backend=backend), state)
            states.append(state)
        L = loss(output)
    del states[-1]
    found = grad(L, [part for state in states for part in parts_of(state)])
    lengths = np.array([length(g) for g in found]).reshape(len(states), -1)
    gradient = np.sqrt((lengths**2).sum(axis=1))
    numbers = [tuple(part.detach().numpy()[:, 0] for part in parts_of(state)) for state in states]
    jacobians = [
        step_jacobian(net, x_t, state).astype(np.float64) for x_t, state in zip(x[1:-1], numbers[:-1], strict=True)
    ]
    sigma_max = np.array([spectral_norm(J) for J in jacobians])
    P = np.eye(len(jacobians[0]))
    product = [1.0]
    for J in reversed(jacobians):
        P = P @ J
        product.append(spectral_norm(P))
    return Spectrum(
        name=name or type(net).__name__,
        sigma_max=sigma_max,
        radius=np.array([spectral_radius(J) for J in jacobians]),
        product=np.array(product[::-1]),
        bound=np.append(np.cumprod(sigma_max[::-1])[::-1], 1.0),
        gradient=gradient / (gradient[-1] or 1.0),
    )


def spectrum_of(model: CharLM, text: str, name: str = "") -> Spectrum:
    """Return the spectrum of a language model that reads all of a text but its last symbol, whose loss is measured."""
    ids = encoded(model, text, at_least=4)
    symbols = beside(ids, model.head.weight)
    x = ids[:-1] if model.embedding is None else model.embedding(symbols[:-1]).detach().numpy()
    with evaluating(model):
        return spectrum(model.rnn, x, lambda y: F.cross_entropy(model.head(y)[0], symbols[-1:]), name or model.cell)


def parts_of(state: Any) -> list[Tensor]:
    """Return h, or h and c."""
    return list(state) if isinstance(state, tuple) else [state]


def length(g: Tensor | None) -> float:
    return 0.0 if g is None else float(np.linalg.norm(g.numpy().astype(np.float64)))
