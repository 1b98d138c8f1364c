"""What is wrong with the shapes is said in our words: the operation, where it stands, and every shape by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import tinygrad_seq as tg
from tinygrad_seq import scope
from tinygrad_seq.errors import DTypeError, ShapeError

x = tg.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], requires_grad=True)
v = tg.tensor([1.0, 2.0])
wide = tg.ones(4)


@pytest.mark.parametrize(
    "f",
    [
        lambda a: tg.sum(x, axis=a),
        lambda a: tg.mean(x, axis=a),
        lambda a: tg.max(x, axis=a),
        lambda a: tg.prod(x, axis=a),
        lambda a: tg.prod(x, axis=(0, a)),
        lambda a: tg.var(x, axis=a),
        lambda a: tg.std(x, axis=a),
        lambda a: tg.softmax(x, axis=a),
        lambda a: tg.logsumexp(x, axis=a),
        lambda a: tg.cumsum(x, axis=a),
        lambda a: tg.take(x, [0], axis=a),
        lambda a: tg.repeat(x, 2, axis=a),
        lambda a: tg.swapaxes(x, 0, a),
        lambda a: tg.concat([x, x], axis=a),
        lambda a: tg.stack([x, x], axis=a + 1),
        lambda a: tg.flip(x, axis=a),
        lambda a: tg.squeeze(x, axis=a),
        lambda a: tg.split(x, 2, axis=a),
        lambda a: tg.take_along_axis(x, tg.tensor([[0]]), axis=a),
        lambda a: tg.argmax(x, axis=a),
    ],
)
def test_an_axis_that_is_not_there(f: Callable[[int], Any]) -> None:
    for axis in (2, 5):
        with pytest.raises(ShapeError, match=r"axis|axes|index out of range"):
            f(axis)


@pytest.mark.parametrize(
    ("f", "message"),
    [
        (lambda: x + v, r"add in 'top level': .*\n    a: \(2, 3\)   b: \(2,\)"),
        (lambda: x @ x, r"matmul in 'top level': .*\n    a: \(2, 3\)   b: \(2, 3\)"),
        (lambda: x @ 2, r"matmul in .*\n    a: \(2, 3\)   b: 2"),
        (lambda: 2 @ x, r"matmul in .*\n    a: 2   b: \(2, 3\)"),
        (lambda: tg.where(x > 0, x, v), r"where in .*\n    mask: \(2, 3\)   a: \(2, 3\)   b: \(2,\)"),
        (lambda: tg.concat([x, v]), r"concat in .*\n    xs\[0\]: \(2, 3\)   xs\[1\]: \(2,\), axis=0"),
        (lambda: tg.stack([x, v]), r"stack in .*\n    xs\[0\]: \(2, 3\)   xs\[1\]: \(2,\)"),
        (lambda: tg.concat([]), "at least one"),
        (lambda: tg.reshape(x, (4, 2)), r"reshape in .*\n    x: \(2, 3\)"),
        (lambda: tg.broadcast_to(x, (2, 4)), r"broadcast_to in .*\n    x: \(2, 3\)"),
        (lambda: tg.permute_dims(x, (0,)), r"permute_dims in .*\n    x: \(2, 3\)"),
        (lambda: tg.split(x, 2, axis=1), "an axis of 3 has no 2 equal parts"),
        (lambda: tg.split(x, 0), "no 0 equal parts"),
        (lambda: tg.topk(x, 4), "an axis of 3 has no 4 largest"),
        (lambda: tg.topk(tg.ones((2, 5, 3)), 4), "an axis of 3 has no 4 largest"),
        (lambda: tg.pad(x, ((1, 1), (1, 1), (1, 1))), "3 pairs of widths for an array of 2 axes"),
        (lambda: tg.take_along_axis(x, tg.tensor([0])), r"needs indices of as many axes, not \(1,\)"),
        (lambda: tg.index_add(x, 0, wide), r"index_add in .*\n    x: \(2, 3\)   values: \(4,\)"),
        (lambda: tg.einsum("ij,jk->ik", x, x), r"einsum in .*\n    xs\[0\]: \(2, 3\)   xs\[1\]: \(2, 3\)"),
        (lambda: tg.einsum("ij,jk->ik", x), "has 2 terms, and 1 arrays came"),
        (lambda: tg.einsum("ii->i", x), "names an axis twice"),
        (lambda: tg.einsum("...i->i", x), "leaves '...' out"),
        (lambda: tg.einsum("ijk->i", x), r"einsum in .*\n    xs\[0\]: \(2, 3\)"),
    ],
)
def test_shapes_that_do_not_fit(f: Callable[[], Any], message: str) -> None:
    with pytest.raises(ShapeError, match=message):
        f()


def test_the_place_is_named() -> None:
    with scope.module("encoder"), scope.module("lstm"):
        scope.step(3)
        with pytest.raises(ShapeError, match=r"in 'encoder.lstm' \(t=3\)"):
            tg.add(x, v)


def test_types_that_do_not_fit() -> None:
    flags = tg.tensor([True, False])
    for f in (lambda: flags - flags, lambda: -flags, lambda: v & v, lambda: ~v, lambda: tg.sum(v, spin=1)):
        with pytest.raises(DTypeError):
            f()
