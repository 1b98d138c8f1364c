"""A table of vectors, one per symbol."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import functional as F
from ..tensor import Tensor
from . import init
from .module import Module, Parameter

__all__ = ["Embedding"]


class Embedding(Module):
    """y = weight[id]

    Shapes: ids any, weight (num_embeddings, embedding_dim), y (*ids.shape, embedding_dim). Starts standard normal.
    """

    def __init__(self, num_embeddings: int, embedding_dim: int, dtype: Any = "float32") -> None:
        self.num_embeddings, self.embedding_dim = num_embeddings, embedding_dim
        self.weight = Parameter(np.zeros((num_embeddings, embedding_dim)), dtype=dtype)
        init.normal_(self.weight)

    def forward(self, ids: Any) -> Tensor:
        """Return a row of the table for every id."""
        return F.embedding(ids, self.weight)

    def extra_repr(self) -> str:
        """Return the settings."""
        return f"{self.num_embeddings}, {self.embedding_dim}"
