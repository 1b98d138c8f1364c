"""Initial values, written in place and drawn on the host: the same seed, the same model, on every backend."""

from __future__ import annotations

from math import sqrt

import numpy as np

from .. import random
from ..backend import owner
from ..errors import ShapeError
from ..tensor import Tensor

__all__ = [
    "constant_",
    "eye_",
    "kaiming_normal_",
    "kaiming_uniform_",
    "normal_",
    "orthogonal_",
    "uniform_",
    "xavier_normal_",
    "xavier_uniform_",
]


def fill(tensor: Tensor, values: np.ndarray) -> Tensor:
    tensor.assign_(owner(tensor.data).from_host(values.astype(tensor.dtype)), by="nn.init")
    return tensor


def constant_(tensor: Tensor, value: float) -> Tensor:
    """Fill with one value."""
    return fill(tensor, np.full(tensor.shape, value))


def uniform_(tensor: Tensor, low: float = 0.0, high: float = 1.0) -> Tensor:
    """Fill with numbers uniform in [low, high)."""
    return fill(tensor, random.generator().uniform(low, high, tensor.shape))


def normal_(tensor: Tensor, mean: float = 0.0, std: float = 1.0) -> Tensor:
    """Fill with normal numbers of a mean and a standard deviation."""
    return fill(tensor, random.generator().normal(mean, std, tensor.shape))


def fans(tensor: Tensor) -> tuple[int, int]:
    """Return (inputs, outputs) of a weight matrix of shape (outputs, inputs)."""
    if tensor.ndim != 2:
        raise ShapeError(f"this initialiser is for weight matrices (outputs, inputs); got shape {tensor.shape}.")
    outputs, inputs = tensor.shape
    return inputs, outputs


def xavier_uniform_(tensor: Tensor, gain: float = 1.0) -> Tensor:
    """Fill uniformly in +-gain sqrt(6 / (inputs + outputs)) (Glorot and Bengio, 2010)."""
    bound = gain * sqrt(6 / sum(fans(tensor)))
    return uniform_(tensor, -bound, bound)


def xavier_normal_(tensor: Tensor, gain: float = 1.0) -> Tensor:
    """Fill with normal numbers of standard deviation gain sqrt(2 / (inputs + outputs)) (Glorot and Bengio, 2010)."""
    return normal_(tensor, 0.0, gain * sqrt(2 / sum(fans(tensor))))


def kaiming_uniform_(tensor: Tensor, slope: float = 0.0) -> Tensor:
    """Fill uniformly in +-sqrt(6 / ((1 + slope^2) inputs)), for (leaky) relu (He et al., 2015)."""
    bound = sqrt(6 / ((1 + slope**2) * fans(tensor)[0]))
    return uniform_(tensor, -bound, bound)


def kaiming_normal_(tensor: Tensor, slope: float = 0.0) -> Tensor:
    """Fill with normal numbers of standard deviation sqrt(2 / ((1 + slope^2) inputs)) (He et al., 2015)."""
    return normal_(tensor, 0.0, sqrt(2 / ((1 + slope**2) * fans(tensor)[0])))


def orthogonal_(tensor: Tensor, gain: float = 1.0) -> Tensor:
    """Fill with gain Q, where the rows or the columns of Q are orthonormal (Saxe et al., 2014)."""
    inputs, outputs = fans(tensor)
    tall = random.generator().standard_normal((max(inputs, outputs), min(inputs, outputs)))
    q, r = np.linalg.qr(tall)
    q *= np.sign(np.diag(r))  # makes the distribution uniform over orthogonal matrices
    return fill(tensor, gain * (q if outputs >= inputs else q.T))


def eye_(tensor: Tensor, gain: float = 1.0) -> Tensor:
    """Fill with gain times the identity: W_hh of an RNN that remembers (Le et al., 2015)."""
    inputs, outputs = fans(tensor)
    return fill(tensor, gain * np.eye(outputs, inputs))
