"""vjp, jvp, jacobian, hvp: against closed forms, and against PyTorch where it has the same function."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_seq as tg
from tinygrad_seq.autograd import hvp, jacobian, jvp, vjp
from tinygrad_seq.errors import GradientError

RNG = np.random.default_rng(0)
A, X, U, V = RNG.standard_normal((3, 4)), RNG.standard_normal(4), RNG.standard_normal(3), RNG.standard_normal(4)
S = A.T @ A + 1


def tensor(a):
    return tg.tensor(a, dtype="float64")


def affine(x):
    return tensor(A) @ x


def curved(x):
    return tg.tanh(tensor(A) @ x) * tg.sum(x * x)


def curved_jacobian(x):
    y = np.tanh(A @ x)
    return (1 - y * y)[:, None] * A * (x @ x) + y[:, None] * 2 * x


def energy(x):
    """x^T S x / 2 + sum x^4, with Hessian S + 12 diag x^2."""
    return (x @ tensor(S) @ x) / 2 + tg.sum(x**4)


def test_vjp_of_a_linear_map_is_its_transpose():
    y, (g,) = vjp(affine, [tensor(X)], tensor(U))
    assert np.allclose(y.detach().numpy(), A @ X, rtol=1e-14)
    assert np.allclose(g.numpy(), U @ A, rtol=1e-14)


def test_vjp_of_a_scalar_needs_no_weights_and_gives_none_for_an_unused_input():
    y, (g, unused) = vjp(lambda a, b: tg.sum(a * a), [tensor(X), tensor(U)])
    assert y.item() == pytest.approx(X @ X)
    assert np.allclose(g.numpy(), 2 * X)
    assert unused is None


def test_jvp_of_a_linear_map_is_the_map():
    y, dy = jvp(affine, [tensor(X)], [tensor(V)])
    assert np.allclose(y.numpy(), A @ X, rtol=1e-14)
    assert np.allclose(dy.numpy(), A @ V, rtol=1e-13)


def test_jvp_of_a_curved_map_with_several_inputs_and_one_unused():
    def f(a, b, unused):
        return tg.tanh(a) * b

    a, b = X, V
    _, dy = jvp(f, [tensor(a), tensor(b), tensor(U)], [tensor(V), tensor(X), tensor(U)])
    assert np.allclose(dy.numpy(), (1 - np.tanh(a) ** 2) * V * b + np.tanh(a) * X, rtol=1e-12)


def test_jvp_and_vjp_are_adjoint():
    _, dy = jvp(curved, [tensor(X)], [tensor(V)])
    _, (g,) = vjp(curved, [tensor(X)], tensor(U))
    assert U @ dy.numpy() == pytest.approx(g.numpy() @ V, rel=1e-12)


def test_jacobian_against_the_closed_form():
    assert np.allclose(jacobian(affine, tensor(X)).numpy(), A, rtol=1e-14)
    assert np.allclose(jacobian(curved, tensor(X)).numpy(), curved_jacobian(X), rtol=1e-12)


def test_jacobian_has_the_shape_of_both():
    x = tensor(RNG.standard_normal((2, 3)))
    j = jacobian(lambda x: tg.exp(x.T), x)
    assert j.shape == (3, 2, 2, 3)
    for i, k in np.ndindex(2, 3):
        assert j.numpy()[k, i, i, k] == pytest.approx(np.exp(x.numpy()[i, k]))
    assert np.count_nonzero(j.numpy()) == 6
    assert jacobian(tg.sum, x).shape == (2, 3)


def test_jacobian_rows_that_do_not_depend_on_x_are_zero():
    j = jacobian(lambda x: tg.stack([x[0] * 2, tg.tensor(1.0, dtype="float64")]), tensor(X))
    assert j.tolist() == [[2.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0]]


def test_the_jacobian_of_what_depends_on_other_leaves_only_is_zero():
    w = tensor(U).requires_grad_()
    assert jacobian(lambda x: w * 2, tensor(X)).tolist() == [[0.0] * 4] * 3


def test_a_jacobian_can_be_differentiated():
    x = tensor(X).requires_grad_()
    j = jacobian(lambda x: x**3, x, create_graph=True)
    assert np.allclose(tg.grad(tg.sum(j), x).numpy(), 6 * X, rtol=1e-12)


def test_jacobian_leaves_the_callers_tensor_alone():
    x = tensor(X).requires_grad_()
    jacobian(curved, x)
    assert x.grad is None


def test_hvp_against_the_closed_form():
    assert np.allclose(hvp(energy, tensor(X), tensor(V)).numpy(), S @ V + 12 * X * X * V, rtol=1e-12)


def test_hvp_of_a_linear_function_is_zero():
    w = tensor(V).requires_grad_()
    for f in (tg.sum, lambda x: tg.sum(x * w), lambda x: tg.sum(x * 0 + w)):
        assert hvp(f, tensor(X), tensor(V)).tolist() == [0.0] * 4


def test_a_hessian_is_the_jacobian_of_the_gradient():
    def gradient(x):
        return tg.grad(energy(x), x, create_graph=True)

    assert np.allclose(jacobian(gradient, tensor(X)).numpy(), S + np.diag(12 * X**2), rtol=1e-12)


def test_a_function_without_a_graph_is_an_error_and_not_zero():
    with pytest.raises(GradientError, match="no gradient can leave"):
        jacobian(lambda x: x.detach() * 2, tensor(X))


def test_against_torch():
    torch = pytest.importorskip("torch")
    functional = torch.autograd.functional

    def theirs(x):
        return torch.tanh(torch.tensor(A) @ x) * (x * x).sum()

    x, v, u = torch.tensor(X), torch.tensor(V), torch.tensor(U)
    pairs = [
        (jacobian(curved, tensor(X)), functional.jacobian(theirs, x)),
        (jvp(curved, [tensor(X)], [tensor(V)])[1], functional.jvp(theirs, x, v)[1]),
        (vjp(curved, [tensor(X)], tensor(U))[1][0], functional.vjp(theirs, x, u)[1]),
        (
            hvp(lambda x: (curved(x) ** 2).sum(), tensor(X), tensor(V)),
            functional.hvp(lambda x: (theirs(x) ** 2).sum(), x, v)[1],
        ),
    ]
    for mine, other in pairs:
        assert np.allclose(mine.numpy(), other.numpy(), rtol=1e-11)


@pytest.mark.parametrize("order", [1, 2, 3, 4, 5])
def test_derivatives_of_any_order(order):
    x = tg.tensor(0.7, dtype="float64", requires_grad=True)
    y = tg.exp(2 * x)
    for _ in range(order):
        y = tg.grad(y, x, create_graph=True)
    assert y.item() == pytest.approx(2**order * np.exp(1.4), rel=1e-13)
    s = tg.sin(x)
    for _ in range(order):
        s = tg.grad(s, x, create_graph=True)
    assert s.item() == pytest.approx(np.sin(0.7 + order * np.pi / 2), rel=1e-12)


def test_a_gradient_penalty_trains_through_the_gradient():
    """d/dw |d loss / d x|^2 for loss = sum tanh(w x), by hand."""
    x, w = tensor(X).requires_grad_(), tg.tensor(1.3, dtype="float64", requires_grad=True)
    g = tg.grad(tg.sum(tg.tanh(w * x)), x, create_graph=True)
    tg.sum(g * g).backward()
    u = np.tanh(1.3 * X)
    slope = 1.3 * (1 - u * u)
    expected = np.sum(2 * slope * ((1 - u * u) + 1.3 * -2 * u * (1 - u * u) * X))
    assert w.grad.item() == pytest.approx(expected, rel=1e-12)
