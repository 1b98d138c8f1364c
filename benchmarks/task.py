"""The training step that libraries are compared on: one language model in four sizes, with three kinds of input."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

__all__ = ["GATES", "INPUTS", "NAMES", "SIZES", "Task", "task"]

GATES = {"lstm": 4, "gru": 3, "rnn": 1}
INPUTS = ("onehot", "embedding", "dense")


class Task(NamedTuple):
    """A recurrent net over (T, B), a linear layer, softmax cross-entropy over all steps, backward, Adam; float32.

    `input` is what layer 0 reads: "onehot" whole numbers below V as one-hot vectors, "embedding" rows of a table (V, H)
    that is trained too, "dense" vectors of H features that are given.
    """

    cell: str
    input: str
    B: int
    T: int
    H: int
    layers: int = 1
    V: int = 96

    @property
    def gates(self) -> int:
        """Return how many blocks of H rows the weights of a layer have."""
        return GATES[self.cell]

    @property
    def features(self) -> int:
        """Return I, the features that layer 0 reads."""
        return self.V if self.input == "onehot" else self.H

    def data(self) -> tuple[np.ndarray, np.ndarray]:
        """Return x, integers (T, B) or vectors (T, B, H), and the targets y, integers (T, B)."""
        rng = np.random.default_rng(0)
        stream = rng.integers(0, self.V, (self.T + 1, self.B))
        x = stream[:-1].copy()
        if self.input == "dense":
            x = rng.standard_normal((self.T, self.B, self.H)).astype(np.float32)
        return x, stream[1:].copy()

    def weights(self) -> dict[str, np.ndarray]:
        """Return what training starts from: products are x W, gates stand side by side in PyTorch's order.

        W_ih_l0 (I, G H), W_hh_l0 (H, G H), b_ih_l0 and b_hh_l0 (G H,), one set a layer; W_ho (H, V) and b_o (V,); where
        there is an embedding, E (V, H) first.
        """
        shapes: dict[str, tuple[int, ...]] = {"E": (self.V, self.H)} if self.input == "embedding" else {}
        n = self.gates * self.H
        for k in range(self.layers):
            I = self.H if k else self.features
            shapes |= {f"W_ih_l{k}": (I, n), f"W_hh_l{k}": (self.H, n), f"b_ih_l{k}": (n,), f"b_hh_l{k}": (n,)}
        shapes |= {"W_ho": (self.H, self.V), "b_o": (self.V,)}
        rng, bound = np.random.default_rng(1), self.H**-0.5
        return {name: rng.uniform(-bound, bound, shape).astype(np.float32) for name, shape in shapes.items()}


SIZES = {"XS": (8, 20, 32), "S": (32, 50, 128), "M": (50, 100, 256), "L": (64, 64, 512, 2)}

# In the largest size the LSTM alone, on two layers; the smallest is about overhead, and one kind of input tells it.
CELLS = {"XS": tuple(GATES), "S": tuple(GATES), "M": tuple(GATES), "L": ("lstm",)}
NAMES = [
    f"{size}-{cell}" + ("" if kind == "onehot" else f"-{kind}")
    for kind in INPUTS
    for size, cells in CELLS.items()
    for cell in cells
    if kind == "onehot" or size != "XS"
]


def task(name: str) -> Task:
    """Return the task called SIZE-CELL or SIZE-CELL-INPUT: "S-lstm", "M-gru-dense". Raises KeyError, ValueError."""
    size, cell, kind = (*name.split("-"), "onehot")[:3]
    if cell not in GATES or kind not in INPUTS:
        raise ValueError(f"{name}: expected a cell of {', '.join(GATES)} and an input of {', '.join(INPUTS)}")
    return Task(cell, kind, *SIZES[size])
