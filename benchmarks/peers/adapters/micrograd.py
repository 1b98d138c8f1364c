"""micrograd knows scalars: an array of 64 is 64 chains, added up at the end."""

from micrograd.engine import Value

from ..workloads import Case, chain_arrays
from ..workloads import chain as run_chain

DISTRIBUTION = "micrograd"


def chain(ops):
    w, b = ([Value(float(number)) for number in array] for array in chain_arrays())

    def forward():
        return sum(run_chain(w_k, b_k, ops) for w_k, b_k in zip(w, b, strict=True))

    def backward(loss):
        for value in (*w, *b):
            value.grad = 0
        loss.backward()
        return [value.grad for value in w]

    return Case(forward, backward)
