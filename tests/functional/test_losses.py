"""Losses against PyTorch in float64, values and gradients; and what ours refuses that others broadcast."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_seq as tg
from tinygrad_seq import functional as F
from tinygrad_seq.autograd import gradcheck, gradgradcheck
from tinygrad_seq.errors import ConfigError, DTypeError, ShapeError

T, B, V = 4, 3, 5
REDUCTIONS = ["mean", "sum", "none"]


def normal(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


def agree(ours, theirs, inputs, atol=1e-12):
    """Compare value and gradients; `ours` and `theirs` take the same arrays, each in its own library."""
    torch = pytest.importorskip("torch")
    xs = [tg.tensor(a, requires_grad=True) for a in inputs]
    zs = [torch.tensor(a, requires_grad=True) for a in inputs]
    y, z = ours(*xs), theirs(torch.nn.functional, *zs)
    assert y.shape == tuple(z.shape)
    assert np.allclose(y.detach().numpy(), z.detach().numpy(), rtol=1e-12, atol=atol)
    y.sum().backward()
    z.sum().backward()
    for x, leaf in zip(xs, zs, strict=True):
        assert np.allclose(x.grad.numpy(), leaf.grad.numpy(), rtol=1e-12, atol=atol)


def targets(ignored=False):
    ids = np.random.default_rng(1).integers(0, V, (T, B))
    if ignored:
        ids[0, 1] = ids[2, 0] = -100
    return ids


def theirs_cross_entropy(ids, **settings):
    """PyTorch has the class axis second: flatten."""

    def call(f, logits, *weight):
        import torch

        flat = f.cross_entropy(
            logits.reshape(-1, V), torch.tensor(ids.reshape(-1)), weight=weight[0] if weight else None, **settings
        )
        return flat.reshape(ids.shape) if settings.get("reduction") == "none" else flat

    return call


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("ignored", [False, True], ids=["all", "some ignored"])
def test_cross_entropy(reduction, smoothing, ignored):
    ids = targets(ignored=ignored)
    agree(
        lambda x: F.cross_entropy(x, tg.tensor(ids), label_smoothing=smoothing, reduction=reduction),
        theirs_cross_entropy(ids, label_smoothing=smoothing, reduction=reduction),
        [normal(T, B, V) * 3],
    )


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_cross_entropy_with_class_weights(reduction, smoothing):
    torch = pytest.importorskip("torch")
    ids, weight = targets(ignored=True), np.abs(normal(V, seed=2))
    settings = {"label_smoothing": smoothing, "reduction": reduction}
    agree(
        lambda x: F.cross_entropy(
            x, tg.tensor(ids), weight=tg.tensor(weight), label_smoothing=smoothing, reduction=reduction
        ),
        lambda f, x: theirs_cross_entropy(ids, **settings)(f, x, torch.tensor(weight)),
        [normal(T, B, V)],
    )


def test_cross_entropy_with_an_ignore_index_that_is_a_class():
    ids = targets()
    agree(
        lambda x: F.cross_entropy(x, tg.tensor(ids), ignore_index=0),
        theirs_cross_entropy(ids, ignore_index=0),
        [normal(T, B, V)],
    )


@pytest.mark.host("targets as arrays of NumPy")
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_a_mask_counts_like_ignored_targets(smoothing):
    ids = targets()
    mask = np.random.default_rng(3).random((T, B)) < 0.6
    logits = tg.tensor(normal(T, B, V), requires_grad=True)
    expected = tg.grad(
        F.cross_entropy(logits, np.where(mask, ids, -100), label_smoothing=smoothing), logits, retain_graph=True
    )
    for kind in (mask, tg.tensor(mask), mask.tolist(), mask.astype("int64")):
        loss = F.cross_entropy(logits, ids, mask=kind, label_smoothing=smoothing)
        assert np.allclose(tg.grad(loss, logits).numpy(), expected.numpy(), rtol=1e-14)
    assert not expected.numpy()[~mask].any()


def test_what_stands_at_masked_positions_does_not_matter():
    ids, logits = targets(), normal(T, B, V)
    mask = np.ones((T, B), bool)
    mask[1:, 2] = False
    first = F.cross_entropy(tg.tensor(logits), tg.tensor(ids), mask=tg.tensor(mask))
    logits[1:, 2], ids[1:, 2] = 1e3, 99  # an id that no class has
    assert F.cross_entropy(tg.tensor(logits), tg.tensor(ids), mask=tg.tensor(mask)).item() == first.item()


def test_without_any_position_that_counts_the_loss_is_zero_and_so_is_the_gradient():
    logits = tg.tensor(normal(2, V), requires_grad=True)
    loss = F.cross_entropy(logits, [-100, -100])
    loss.backward()
    assert loss.item() == 0.0
    assert not logits.grad.numpy().any()


@pytest.mark.parametrize("size", [1e4, -1e4])
def test_cross_entropy_of_huge_logits_is_finite_and_right(size):
    logits = np.zeros((2, V))
    logits[:, 1] = size
    agree(
        lambda x: F.cross_entropy(x, [1, 3]),
        lambda f, x: f.cross_entropy(x, __import__("torch").tensor([1, 3])),
        [logits],
    )
    x = tg.tensor(logits, dtype="float32", requires_grad=True)
    F.cross_entropy(x, [1, 3]).backward()
    assert np.isfinite(x.grad.numpy()).all()


@pytest.mark.host("targets as arrays of NumPy")
def test_targets_of_any_rank_and_kind():
    logits = tg.tensor(normal(V))
    expected = -tg.log_softmax(logits)[2].item()
    for target in (2, np.int64(2), tg.tensor(2), np.array(2, "int32")):
        assert F.cross_entropy(logits, target).item() == pytest.approx(expected, rel=1e-14)
    with pytest.raises(DTypeError, match="expected whole numbers as indices, got float32"):
        F.cross_entropy(tg.tensor(normal(2, V)), [0.0, 1.0])


def test_cross_entropy_of_ids_in_pytorchs_order_says_where_the_class_axis_is():
    with pytest.raises(
        ShapeError, match=r"targets of shape \(4, 5\) .* expected \(4, 3\).\n.*class axis is the last one"
    ):
        F.cross_entropy(tg.tensor(normal(4, 3, 5)), np.zeros((4, 5), int))


@pytest.mark.host("on a device nobody looks")
@pytest.mark.parametrize("bad", [5, -1])
def test_an_id_outside_the_classes_is_named(bad):
    with pytest.raises(ShapeError, match=rf"id {bad} is outside 0 .. 4, the 5 known"):
        F.cross_entropy(tg.tensor(normal(2, V)), [0, bad])


def test_a_mask_of_another_shape_is_refused_and_not_broadcast():
    with pytest.raises(ShapeError, match=r"a mask of shape \(4, 1\) for targets of shape \(4, 3\)"):
        F.cross_entropy(tg.tensor(normal(T, B, V)), targets(), mask=np.ones((T, 1), bool))


def test_nll_loss_takes_log_probabilities():
    torch = pytest.importorskip("torch")
    ids = targets()
    agree(
        lambda x: F.nll_loss(x, tg.tensor(ids)),
        lambda f, x: f.nll_loss(x.reshape(-1, V), torch.tensor(ids.reshape(-1))),
        [normal(T, B, V)],
    )


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("mse_loss", {}),
        ("l1_loss", {}),
        ("huber_loss", {}),
        ("huber_loss", {"delta": 0.3}),
        ("binary_cross_entropy_with_logits", {}),
    ],
)
def test_losses_of_two_tensors(name, settings, reduction):
    x, y = normal(T, B) * 2, normal(T, B, seed=1)
    if name.startswith("binary"):
        y = 1 / (1 + np.exp(-y))
    agree(
        lambda x, y: getattr(F, name)(x, y, reduction=reduction, **settings),
        lambda f, x, y: getattr(f, name)(x, y, reduction=reduction, **settings),
        [x, y],
    )


def test_binary_cross_entropy_of_huge_logits():
    agree(
        lambda x: F.binary_cross_entropy_with_logits(x, tg.tensor([1.0, 0.0, 0.0, 1.0], dtype="float64")),
        lambda f, x: f.binary_cross_entropy_with_logits(x, __import__("torch").tensor([1.0, 0.0, 0.0, 1.0]).double()),
        [np.array([1e4, 1e4, -1e4, -1e4])],
    )


PAIRED = [F.mse_loss, F.l1_loss, F.huber_loss, F.binary_cross_entropy_with_logits]


@pytest.mark.parametrize("loss", PAIRED, ids=lambda f: f.__name__)
def test_a_target_of_another_shape_is_refused_and_not_broadcast(loss):
    """(n, 1) against (n,) is an (n, n) difference: the loss falls, and means nothing."""
    with pytest.raises(ShapeError, match=rf"{loss.__name__}: prediction \(4, 1\) and target \(4,\) differ in shape"):
        loss(tg.ones((4, 1)), tg.ones(4))


@pytest.mark.host("targets as arrays of NumPy")
@pytest.mark.parametrize("loss", PAIRED, ids=lambda f: f.__name__)
def test_a_target_may_be_a_tensor_an_array_or_a_list(loss):
    x = tg.tensor([0.5, -0.5], requires_grad=True)
    values = {loss(x, target).item() for target in (tg.tensor([1.0, 0.0]), np.array([1.0, 0.0]), [1.0, 0.0], [1, 0])}
    assert max(values) - min(values) < 1e-7
    assert loss(x, np.array([1.0, 0.0])).dtype == np.float32


@pytest.mark.parametrize("loss", [*PAIRED, lambda x, y, reduction: F.cross_entropy(x, [0, 1], reduction=reduction)])
def test_an_unknown_reduction_is_refused(loss):
    with pytest.raises(ConfigError, match="reduction='max': expected 'mean', 'sum' or 'none'"):
        loss(tg.ones((2, 2)), tg.ones((2, 2)), reduction="max")


def test_losses_make_no_operation_they_do_not_use():
    with tg.record() as tape:
        F.binary_cross_entropy_with_logits(tg.ones(2, requires_grad=True), tg.ones(2))
    assert [node.op for node in tape.nodes if node.op] == ["softplus", "multiply", "subtract", "mean"]


@pytest.mark.parametrize(
    "loss",
    [
        lambda x, y: F.cross_entropy(x, [1, 0], label_smoothing=0.1, weight=tg.tensor(np.array([1.0, 2.0, 3.0]))),
        lambda x, y: F.cross_entropy(x, [1, 0], mask=[True, False]),
        F.mse_loss,
        F.huber_loss,
        lambda x, y: F.binary_cross_entropy_with_logits(x, tg.sigmoid(y)),
    ],
)
def test_second_derivatives(loss):
    x, y = (tg.tensor(normal(2, 3, seed=s), requires_grad=True) for s in (4, 5))
    assert gradcheck(loss, [x, y])
    assert gradgradcheck(loss, [x, y])
