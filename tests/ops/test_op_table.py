"""What every operation owes: NumPy's values and types, right derivatives to second order, and no side effects."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from tinygrad_seq_fake import DeviceArray, FakeBackend

import tinygrad_seq as tg
from tinygrad_seq import ops
from tinygrad_seq.autograd import gradgradcheck
from tinygrad_seq.backend import get_backend, is_floating
from tinygrad_seq.engine import Op
from tinygrad_seq.engine.apply import Output
from tinygrad_seq.engine.walk import memory_of
from tinygrad_seq.scope import Call, Watcher, switched

from .op_table import ROWS, SMOOTH, Row, row

H = 1e-20  # the complex step: no difference is taken, so no digit is lost
EPS = 1e-6  # the step of central differences
TOLERANCE = {"float16": 2e-2, "float32": 1e-5, "float64": 1e-12}

every_row = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
smooth_rows = pytest.mark.parametrize("row", SMOOTH, ids=lambda row: row.id)


def leaves(arrays: Sequence[np.ndarray], backend: str = "numpy", requires_grad: bool = True) -> list[tg.Tensor]:
    """Return tensors that share the arrays' memory (on a device: hold a copy); what is floating requires a gradient."""
    place = get_backend(backend)
    tensors = [tg.Tensor.handle(place.from_host(x), None) for x in arrays]
    return [x.requires_grad_(requires_grad and is_floating(x.dtype)) for x in tensors]


def several(result: Any) -> tuple[Any, ...]:
    return result if isinstance(result, tuple) else (result,)


def on_host(x: Any) -> np.ndarray:
    return get_backend(x.backend).to_host(x.data)


def weights(results: Sequence[Any], seed: int = 1) -> list[np.ndarray]:
    """Return random weights for the elements of some results, of the results' types."""
    rng = np.random.default_rng(seed)
    return [np.array(rng.uniform(-1.0, 1.0, y.shape), y.dtype) for y in results]


class Differentiated:
    """The values of a row and its first and second derivatives, as arrays of the host."""

    def __init__(self, row: Row, arrays: Sequence[np.ndarray], backend: str = "numpy") -> None:
        self.inputs = leaves(arrays, backend)
        self.wrt = [x for x in self.inputs if x.requires_grad]
        ys = several(row.ours(*self.inputs))
        self.outputs = [on_host(y) for y in ys]
        seeds = leaves(weights(ys), backend, requires_grad=False)
        self.gradients = tg.grad(ys, self.wrt, seeds, retain_graph=True)
        self.first = [on_host(g) for g in self.gradients]
        gs = tg.grad(ys, self.wrt, seeds, create_graph=True)
        curved = [g for g in gs if g.requires_grad]
        self.second: list[np.ndarray | None] = [None] * len(self.wrt)
        if curved:  # a linear function has a constant gradient
            seeds = leaves(weights(curved, seed=2), backend, requires_grad=False)
            self.second = [None if h is None else on_host(h) for h in tg.grad(curved, self.wrt, seeds)]


@every_row
def test_values_and_types_are_numpys(row: Row) -> None:
    for dtype in row.dtypes:
        arrays = row.draw(dtype)
        ys = several(row.ours(*leaves(arrays, requires_grad=False)))
        with np.errstate(over="ignore"):
            typed = several(row.numpys(*arrays))
            exact = several(row.numpys(*(x.astype(np.float64) if x.dtype.kind == "f" else x for x in arrays)))
        for y, like, expected in zip(ys, typed, exact, strict=True):
            assert (y.dtype, y.shape) == (like.dtype, like.shape), f"of {dtype}"
            tolerance = TOLERANCE.get(str(y.dtype), 0)
            np.testing.assert_allclose(on_host(y), expected, rtol=tolerance, atol=tolerance, err_msg=f"of {dtype}")


@smooth_rows
def test_first_derivative(row: Row) -> None:
    arrays = row.draw()
    inputs = leaves(arrays)
    ys = several(row.ours(*inputs))
    us = weights(ys)
    wrt = [i for i, x in enumerate(inputs) if x.requires_grad]
    gradients = tg.grad(ys, [inputs[i] for i in wrt], leaves(us, requires_grad=False))
    for i, g in zip(wrt, gradients, strict=True):
        expected = np.array([derivative(row, arrays, us, i, place) for place in np.ndindex(arrays[i].shape)])
        tolerance = 1e-11 if row.analytic else 2e-8
        np.testing.assert_allclose(on_host(g), expected.reshape(g.shape), rtol=tolerance, atol=tolerance)


def derivative(row: Row, arrays: list[np.ndarray], us: list[np.ndarray], i: int, place: tuple[int, ...]) -> float:
    """Return the derivative of the weighted sum of the outputs by one element, from our own forward pass alone."""

    def moved(step: complex) -> Any:
        x = arrays[i].astype(type(step))
        x[place] += step
        ys = several(row.ours(*arrays[:i], x, *arrays[i + 1 :]))
        return sum(np.sum(u * y) for u, y in zip(us, ys, strict=True))

    if row.analytic:
        return float(moved(H * 1j).imag / H)
    return float((moved(EPS) - moved(-EPS)) / (2 * EPS))


@smooth_rows
def test_second_derivative(row: Row) -> None:
    assert gradgradcheck(row.ours, leaves(row.draw()), full=False)


@pytest.mark.parametrize(
    "text", ["tanh(x)", "x**2.5", "1 / x", "softmax(x)", "logsumexp(x)", "prod(x)", "x[1] * x[0] * x"]
)
def test_third_derivative(text: str) -> None:
    def first(x: tg.Tensor) -> tg.Tensor:
        y = curve.ours(x)
        return tg.grad((y * y).sum(), x, create_graph=True)

    curve = row(text, x=(3,), domain=(0.5, 2.0))
    assert gradgradcheck(first, leaves(curve.draw()))


@smooth_rows
def test_gradients_are_like_their_inputs_and_belong_to_nobody_else(row: Row) -> None:
    for dtype in ("float16", "float32"):
        inputs = leaves(row.draw(dtype))  # read-only: whoever writes into an input raises
        unused = tg.zeros(2, requires_grad=True)
        wrt = [x for x in inputs if x.requires_grad]
        ys = several(row.ours(*inputs))
        seeds = leaves(weights(ys), requires_grad=False)
        *first, nothing = tg.grad(ys, [*wrt, unused], seeds, retain_graph=True)
        again = tg.grad(ys, wrt, seeds)
        assert nothing is None
        arrays = [np.asarray(x.data) for x in (*inputs, *ys, *seeds, *again)]
        for x, g, same in zip(wrt, first, again, strict=True):
            assert (g.shape, g.dtype, g.backend) == (x.shape, x.dtype, "numpy")
            assert np.array_equal(g.data, same.data)  # bit by bit
            assert not any(np.shares_memory(g.data, other) for other in arrays)
            assert not any(np.shares_memory(g.data, other.data) for other in first if other is not g)


STEPS = [row for row in ROWS if not row.smooth and "float64" in row.dtypes and "astype(x,'float" not in row.id]


@pytest.mark.parametrize("row", STEPS, ids=lambda row: row.id)
def test_a_step_has_no_gradient(row: Row) -> None:
    assert not any(y.requires_grad for y in several(row.ours(*leaves(row.draw()))))


@smooth_rows
def test_who_may_share_the_memory_of_an_input_says_so(row: Row) -> None:
    inputs = leaves(row.draw())
    for y in several(row.ours(*inputs)):
        for x in inputs:
            assert memory_of(y.node) is x.node or not np.shares_memory(y.data, x.data)


class OnlyFloat32(Watcher):
    """Watches every operation, those of the rules too, for numbers wider than what went in."""

    def made(self, call: Call) -> None:
        for y in call.outputs:
            assert y.dtype == "float32" or not is_floating(y.dtype), f"{call.op.name} made {y.dtype} of float32"

    def sent(self, node: Any, i: int, gradient: Any) -> None:
        assert getattr(gradient, "values", gradient).dtype == "float32"


@pytest.mark.parametrize("row", [row for row in SMOOTH if "astype" not in row.id], ids=lambda row: row.id)
def test_float32_stays_float32(row: Row) -> None:
    with switched(watcher=OnlyFloat32()):
        Differentiated(row, row.draw("float32"))


def layouts(x: np.ndarray) -> list[np.ndarray]:
    """Return arrays of one shape that lie differently in memory; the last has the same rows all over."""
    if x.ndim == 0 or x.dtype.kind != "f":
        return [x] * 4
    spread = np.zeros((*x.shape[:-1], 2 * x.shape[-1]), x.dtype)[..., ::2]
    spread[...] = x
    return [spread, np.flip(np.flip(x).copy()), np.asfortranarray(x), np.broadcast_to(x[:1], x.shape)]


@pytest.mark.parametrize("row", [row for row in SMOOTH if "std" not in row.id], ids=lambda row: row.id)
def test_the_layout_in_memory_is_of_no_account(row: Row) -> None:
    for laid_out in zip(*map(layouts, row.draw()), strict=True):
        mine = Differentiated(row, laid_out)
        plain = Differentiated(row, [x.copy() for x in laid_out])
        for y, expected in zip(mine.outputs + mine.first, plain.outputs + plain.first, strict=True):
            np.testing.assert_allclose(y, expected, rtol=1e-12, atol=1e-12)


@every_row
def test_a_device_gives_the_same_and_is_never_asked_to_wait(row: Row) -> None:
    arrays = row.draw(row.dtypes[-1])
    inputs = leaves(arrays, "fake", requires_grad=False)
    FakeBackend.transfers.clear()
    ys = several(row.ours(*inputs))
    assert FakeBackend.transfers["to host"] == 0
    assert row.waits == (FakeBackend.transfers["waited"] > 0)
    assert all(type(y.data) is DeviceArray for y in ys)
    expected = several(row.ours(*leaves(arrays, requires_grad=False)))
    for y, z in zip(ys, expected, strict=True):
        assert y.dtype == z.dtype
        np.testing.assert_array_equal(on_host(y), on_host(z))


@smooth_rows
def test_a_device_has_the_same_derivatives(row: Row) -> None:
    arrays = row.draw()
    mine, expected = Differentiated(row, arrays, "fake"), Differentiated(row, arrays)
    assert all(type(g.data) is DeviceArray for g in mine.gradients)
    for g, h in zip(mine.first + mine.second, expected.first + expected.second, strict=True):
        assert (g is None) == (h is None)
        if g is not None:
            np.testing.assert_allclose(g, h, rtol=1e-14, atol=1e-14)


@pytest.mark.parametrize("row", [row for row in ROWS if {*row.code.co_names} & {*ops.__all__}], ids=lambda row: row.id)
def test_arrays_of_a_backend_give_arrays(row: Row) -> None:
    arrays = row.draw(row.dtypes[-1])
    place = get_backend("fake")
    for y, z in zip(several(row.ours(*arrays)), several(row.ours(*map(place.from_host, arrays))), strict=True):
        assert isinstance(y, np.ndarray | np.generic)
        assert isinstance(z, DeviceArray)


def test_every_exported_function_has_a_row() -> None:
    called = {name for row in ROWS for name in row.code.co_names}
    assert set(ops.__all__) <= called


class Rules(Watcher):
    """Watches which rules are called: pairs of an operation and the input that a gradient was sent to."""

    def __init__(self) -> None:
        self.called: set[tuple[str, str]] = set()

    def sent(self, node: Any, i: int, gradient: Any) -> None:
        if node.op is not Output:
            self.called.add((node.op.name, node.op.input_name(i).partition("[")[0]))


def test_every_rule_is_called() -> None:
    rules = {
        (op.name, name)
        for op in Op.__subclasses__()
        if op.__module__.startswith("tinygrad_seq.ops")
        for name, rule in zip(op.inputs, op.rules, strict=True)
        if rule
    }
    watcher = Rules()
    with switched(watcher=watcher):
        for row in SMOOTH:
            Differentiated(row, row.draw())
    assert rules == watcher.called
