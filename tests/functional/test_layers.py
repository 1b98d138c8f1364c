"""linear, embedding, one_hot and layer_norm against PyTorch; dropout against its own promises."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_seq as tg
from tinygrad_seq import functional as F
from tinygrad_seq.autograd import gradgradcheck
from tinygrad_seq.errors import ConfigError, DTypeError, ShapeError


def normal(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


def agree(ours, theirs, inputs):
    """Compare values and the gradients of a weighted sum."""
    torch = pytest.importorskip("torch")
    xs = [tg.tensor(a, requires_grad=True) for a in inputs]
    zs = [torch.tensor(a, requires_grad=True) for a in inputs]
    y, z = ours(*xs), theirs(torch.nn.functional, *zs)
    weights = normal(*y.shape, seed=9)
    assert np.allclose(y.detach().numpy(), z.detach().numpy(), rtol=1e-12, atol=1e-12)
    y.backward(tg.tensor(weights))
    z.backward(torch.tensor(weights))
    for x, leaf in zip(xs, zs, strict=True):
        assert np.allclose(x.grad.numpy(), leaf.grad.numpy(), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("lead", [(), (2,), (4, 2)], ids=str)
@pytest.mark.parametrize("bias", [True, False], ids=["bias", "no bias"])
def test_linear(lead, bias):
    inputs = [normal(*lead, 3), normal(5, 3, seed=1), *([normal(5, seed=2)] if bias else [])]
    agree(F.linear, lambda f, *args: f.linear(*args), inputs)


def test_linear_names_the_sizes_that_differ():
    with pytest.raises(ShapeError, match=r"linear: x of shape \(2, 4\) for a weight of \(5, 3\): \(4,\) != \(3,\)"):
        F.linear(tg.ones((2, 4)), tg.ones((5, 3)))


@pytest.mark.parametrize("lead", [(), (2,), (4, 2), (0, 2), (2, 0)], ids=str)
@pytest.mark.parametrize("bias", [True, False], ids=["bias", "no bias"])
def test_linear_is_the_product_and_the_sum_to_any_order(lead, bias):
    x, W = tg.tensor(normal(*lead, 3), requires_grad=True), tg.tensor(normal(5, 3, seed=1), requires_grad=True)
    b = tg.tensor(normal(5, seed=2), requires_grad=True) if bias else None
    inputs = [t for t in (x, W, b) if t is not None]
    found = []
    for y in (F.linear(x, W, b), x @ W.mT if b is None else x @ W.mT + b):
        first = tg.grad((y * y * y).sum(), inputs, create_graph=True)
        second = tg.grad(sum(((g * g).sum() for g in first), start=tg.tensor(0.0, dtype="float64")), inputs)
        found.append([y, *first, *second])
    for ours, theirs in zip(*found, strict=True):
        assert ours.shape == theirs.shape
        np.testing.assert_allclose(ours.detach().numpy(), theirs.detach().numpy(), rtol=1e-12, atol=1e-12)


def test_linear_of_a_turned_batch_is_one_product_over_all_its_rows():
    turned = np.swapaxes(normal(2, 4, 3), 0, 1)
    agree(F.linear, lambda f, *args: f.linear(*args), [turned, normal(5, 3, seed=1), normal(5, seed=2)])


@pytest.mark.host("how arrays of NumPy lie")
def test_linear_is_one_node_and_its_gradients_lie_as_their_parameters_do():
    x, W, b = (tg.tensor(normal(*s), requires_grad=True) for s in [(4, 2, 3), (5, 3), (5,)])
    y = F.linear(x, W, b)
    assert y.node.op.name == "linear"
    assert y.node.parents == (x.node, W.node, b.node)
    y.sum().backward()
    assert all(t.grad.data.flags.c_contiguous for t in (x, W, b))


@pytest.mark.parametrize("affine", [True, False])
def test_layer_norm(affine):
    inputs = [normal(4, 2, 6), *([normal(6, seed=1), normal(6, seed=2)] if affine else [])]
    agree(lambda *a: F.layer_norm(*a, eps=1e-5), lambda f, x, *a: f.layer_norm(x, (6,), *a, eps=1e-5), inputs)


def test_layer_norm_of_constant_rows_is_zero_and_differentiable():
    x = tg.full((2, 4), 7.0, requires_grad=True)
    y = F.layer_norm(x)
    y.sum().backward()
    assert not y.detach().numpy().any()
    assert np.isfinite(x.grad.numpy()).all()


def test_layer_norm_second_derivative():
    x, w, b = (tg.tensor(normal(*s, seed=i), requires_grad=True) for i, s in enumerate([(2, 4), (4,), (4,)]))
    assert gradgradcheck(F.layer_norm, [x, w, b])


@pytest.mark.parametrize("ids", [[[0, 2], [2, 1]], [3, 3, 3, 3], 1, np.zeros((0, 2), "int64")], ids=str)
def test_embedding_takes_rows_and_repeated_ids_add_up(ids):
    torch = pytest.importorskip("torch")
    agree(lambda w: F.embedding(tg.tensor(ids), w), lambda f, w: f.embedding(torch.as_tensor(ids), w), [normal(4, 3)])


@pytest.mark.parametrize(
    "kind",
    [
        pytest.param(np.asarray, marks=pytest.mark.host("an array of NumPy")),
        tg.tensor,
        list,
        pytest.param(lambda a: np.asarray(a, "uint8"), marks=pytest.mark.host("an array of NumPy")),
    ],
)
def test_embedding_takes_ids_of_any_kind(kind):
    w = tg.tensor(normal(4, 3))
    assert np.array_equal(F.embedding(kind([2, 0]), w).numpy(), w.numpy()[[2, 0]])


@pytest.mark.host("on a device nobody looks")
@pytest.mark.parametrize("bad", [4, -1])
def test_embedding_names_the_id_that_is_not_known(bad):
    with pytest.raises(ShapeError, match=rf"embedding: id {bad} is outside 0 .. 3, the 4 known"):
        F.embedding([0, bad], tg.ones((4, 2)))


@pytest.mark.parametrize("lookup", [lambda ids: F.embedding(ids, tg.ones((4, 2))), lambda ids: F.one_hot(ids, 4)])
def test_ids_are_whole_numbers(lookup):
    with pytest.raises(DTypeError, match="expected whole numbers as indices, got float32"):
        lookup([0.0, 1.0])


def test_one_hot():
    assert F.one_hot([2, 0], 3).tolist() == [[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]
    assert F.one_hot([[1]], 2, dtype="float64").dtype == np.float64
    assert F.one_hot(tg.tensor([[1, 0]]), 2).shape == (1, 2, 2)
    assert not F.one_hot([1], 2).requires_grad


@pytest.mark.host("on a device nobody looks")
def test_one_hot_names_the_id_that_is_not_known():
    with pytest.raises(ShapeError, match=r"one_hot: id 3 is outside 0 .. 2, the 3 known"):
        F.one_hot([3], 3)


def test_a_one_hot_row_times_a_matrix_is_a_row_of_it():
    w, ids = tg.tensor(normal(5, 3)), [4, 0, 4]
    assert np.array_equal((F.one_hot(ids, 5, dtype="float64") @ w).numpy(), F.embedding(ids, w).numpy())


# dropout


@pytest.fixture(autouse=True)
def fresh_stream():
    before = tg.random.stream.get()
    tg.manual_seed(3)
    yield
    tg.random.stream.set(before)


@pytest.mark.parametrize("p", [0.1, 0.5, 0.9])
def test_dropout_zeroes_a_share_p_and_scales_the_rest_so_that_the_mean_stays(p):
    y = F.dropout(tg.ones(200_000), p).numpy()
    assert np.allclose(np.unique(y), [0, 1 / (1 - p)], rtol=1e-6)
    assert abs((y == 0).mean() - p) < 0.005
    assert abs(y.mean() - 1) < 0.02


def test_the_gradient_of_dropout_is_its_mask():
    x = tg.ones(100, requires_grad=True)
    y = F.dropout(x, 0.5)
    y.sum().backward()
    assert np.array_equal(x.grad.numpy(), y.detach().numpy())


def test_outside_training_and_for_p_zero_dropout_is_its_input():
    x = tg.ones(3)
    assert F.dropout(x, 0.5, training=False) is x
    assert F.dropout(x, 0.0) is x
    assert tg.random.position().draw == 0


def test_every_call_draws_another_mask():
    x = tg.ones(64)
    assert not np.array_equal(F.dropout(x).numpy(), F.dropout(x).numpy())


def test_finding_23_dropout_is_a_function_of_seed_step_and_draw():
    x = tg.ones(64)

    def masks(step):
        tg.random.at_step(step)
        return [F.dropout(x).tolist() for _ in range(3)]

    first = masks(5)
    masks(6)
    tg.randn(100)  # initial weights are another stream
    assert masks(5) == first
    assert masks(6) != first
    tg.manual_seed(4)
    assert masks(5) != first


@pytest.mark.parametrize("p", [1.0, -0.1, 1.5])
def test_dropout_refuses_what_is_no_probability_below_one(p):
    with pytest.raises(ConfigError, match=rf"dropout: p={p} is no probability below 1"):
        F.dropout(tg.ones(3), p)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_dropout_keeps_the_type(dtype):
    assert F.dropout(tg.ones(10, dtype=dtype), 0.3).dtype == dtype
