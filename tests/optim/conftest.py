"""A small nonconvex problem that every optimizer is tried on, and the optimizers with all their options."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest

import tinygrad_seq as tg
from tinygrad_seq.optim import Optimizer


class Problem:
    """Fit y by tanh(x W + b) v + s: parameters of 2, 1 and 0 axes. As a module would, it offers `named_parameters`."""

    def __init__(self, dtype: str = "float64", backend: str = "numpy") -> None:
        rng = np.random.default_rng(3)
        self.x, self.y = (tg.tensor(rng.standard_normal(n).astype(dtype), backend=backend) for n in [(7, 3), (7,)])
        shapes = {"hidden.W": (3, 4), "hidden.b": (4,), "out.v": (4,), "out.s": ()}
        self.parameters = {
            name: tg.tensor(rng.standard_normal(shape).astype(dtype), requires_grad=True, backend=backend)
            for name, shape in shapes.items()
        }
        for name, parameter in self.parameters.items():
            parameter.name = name.split(".")[1]

    def named_parameters(self) -> Iterator[tuple[str, tg.Tensor]]:
        yield from self.parameters.items()

    def loss(self) -> tg.Tensor:
        W, b, v, s = self.parameters.values()
        error = (self.x @ W + b).tanh() @ v + s - self.y
        return (error * error).mean()

    def train(self, optimizer: Optimizer, steps: int, after_step: Callable[[float], None] | None = None) -> None:
        for _ in range(steps):
            optimizer.zero_grad()
            loss = self.loss()
            loss.backward()
            optimizer.step()
            if after_step is not None:
                after_step(loss.item())

    def values(self) -> dict[str, np.ndarray]:
        return {name: np.array(p.detach().numpy()) for name, p in self.parameters.items()}


@pytest.fixture
def problem() -> type[Problem]:
    return Problem
