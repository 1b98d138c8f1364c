"""First and second derivatives of all cells and sequence modules, by input, state and weights, against differences."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_seq as tg
from tinygrad_seq.autograd import gradcheck, gradgradcheck

I, H, B, T = 2, 2, 2, 3
MASK = np.array([[False, True], [True, False], [True, True]])
RESET = np.array([[False, False], [False, True], [True, False]])


def as_function_of_one_vector(module, shapes, rng, **options):
    """The module as f(v), where v holds the input, the state (of these shapes) and all weights."""
    named = dict(module.named_parameters())
    shapes = [*shapes, *(p.shape for p in named.values())]
    sizes = [int(np.prod(shape)) for shape in shapes]
    ends = np.cumsum(sizes)

    def f(v):
        x, *rest = (v[int(e - n) : int(e)].reshape(shape) for e, n, shape in zip(ends, sizes, shapes, strict=True))
        state, weights = rest[: len(module.op.parts)], rest[len(module.op.parts) :]
        module.__dict__.update(zip(named, weights, strict=True))  # tensors in the place of parameters
        return flat(module(x, tuple(state), **options))

    return f, tg.Tensor(rng.standard_normal(ends[-1]), requires_grad=True)


def flat(result):
    """Nested tuples of tensors as one vector."""
    return tg.concat([flat(part) for part in result]) if isinstance(result, tuple) else result.reshape(-1)


def test_cells(cell_of, rng):
    cell = cell_of(I, H, dtype="float64")
    f, v = as_function_of_one_vector(cell, [(B, I), *[(B, H)] * len(cell.op.parts)], rng)
    assert gradcheck(f, [v])
    assert gradgradcheck(f, [v], full=False)


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("bidirectional", [False, True], ids=["one-way", "both-ways"])
@pytest.mark.parametrize(
    "options",
    [{}, {"lengths": [3, 1]}, {"mask": MASK}, {"reset": RESET}, {"mask": MASK, "reset": RESET}],
    ids="-".join,
)
def test_sequence_modules(net_of, rng, layers, bidirectional, options):
    net = net_of(I, H, layers, bidirectional=bidirectional, dtype="float64")
    state = (layers * net.directions, B, H)
    f, v = as_function_of_one_vector(net, [(T, B, I), *[state] * len(net.op.parts)], rng, **options)
    assert gradcheck(f, [v], full=False)
    assert gradgradcheck(f, [v], full=False)


def test_every_element_of_the_jacobian(net_of, rng):
    net = net_of(I, 1, dtype="float64")
    f, v = as_function_of_one_vector(net, [(T, B, I), *[(1, B, 1)] * len(net.op.parts)], rng, mask=MASK, reset=RESET)
    assert gradcheck(f, [v])
