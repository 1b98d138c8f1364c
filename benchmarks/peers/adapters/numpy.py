"""No library at all: the floor. Of the chain the arithmetic by hand, of the training step the matrix products alone."""

import numpy as np

from ...floor import floor
from ..workloads import Case, chain_arrays

DISTRIBUTION = "numpy"


def chain(ops):
    w, b = chain_arrays()

    def forward():
        x, products = w, []
        for _ in range(ops // 2):
            products.append(x)
            x = x * w
            x = x + b
        return products

    def backward(products):
        dx, dw = np.ones_like(w), np.zeros_like(w)
        for x in reversed(products):
            dw += dx * x
            dx = dx * w
        return dw + dx

    return Case(forward, backward)


def train(task):
    return floor(task)
