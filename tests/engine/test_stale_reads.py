"""A tensor changed between forward and backward is an error where a rule would read it, and only there."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_seq as tg
from tinygrad_seq import ops, scope
from tinygrad_seq.autograd import checkpoint
from tinygrad_seq.errors import BackendError, GradientError, StaleReadError

from ..memory import memory_of


def leaf(*shape, seed=0):
    return tg.tensor(np.random.default_rng(seed).standard_normal(shape), requires_grad=True)


def update(w, by="SGD.step()"):
    """Write as an optimizer does."""
    w.assign_(w.data * 0.9, by=by)


def test_the_error_names_operation_parameter_and_writer():
    x, w = leaf(2, 3), leaf(3, 3)
    w.name = "lstm.weight_hh_l0"
    with scope.module("lstm"):
        scope.step(7)
        loss = (x @ w).sum()
    update(w)
    with pytest.raises(StaleReadError) as caught:
        loss.backward()
    assert str(caught.value).startswith(
        "matmul in 'lstm' (t=7) read 'lstm.weight_hh_l0', which SGD.step() changed afterwards:"
    )
    assert "Call backward() before the step" in str(caught.value)
    assert x.grad is None


def test_without_a_name_the_error_gives_the_shape():
    x, w = leaf(2, 3), leaf(3, 5)
    loss = (x @ w).sum()
    update(w, by="assign_()")
    with pytest.raises(
        StaleReadError, match=r"matmul in 'top level' read a tensor of shape \(3, 5\), which assign_\(\)"
    ):
        loss.backward()


# the seven cases


def test_an_old_use_beside_a_new_one_is_found():
    w = leaf(3)
    old = (w * w).sum()
    update(w)
    new = (w * w).sum()
    with pytest.raises(StaleReadError):
        (old + new).backward()


def test_grad_of_another_input_is_stale_where_its_rule_reads_the_changed_one():
    x, w = leaf(2, 3), leaf(3, 3)
    y = (x @ w).sum()
    update(w)
    with pytest.raises(StaleReadError):
        tg.grad(y, [x])


def test_grad_of_the_changed_one_is_right_where_its_rule_reads_the_other():
    x, w = leaf(2, 3), leaf(3, 3)
    y = (x @ w).sum()
    expected = x.detach().numpy().sum(axis=0)[:, None] * np.ones((1, 3))
    update(w)
    assert np.allclose(tg.grad(y, [w])[0].numpy(), expected, rtol=1e-14)


def test_a_changed_leaf_that_no_rule_reads_is_no_error():
    x, w = leaf(3), leaf(3)
    y = (x + w).sum()
    update(w)
    y.backward()
    assert x.grad.tolist() == w.grad.tolist() == [1.0, 1.0, 1.0]


def test_a_write_before_the_forward_pass_is_no_error():
    w = leaf(3)
    update(w)
    (w * w).sum().backward()
    assert np.allclose(w.grad.numpy(), 2 * w.detach().numpy(), rtol=1e-14)


def test_a_write_to_another_leaf_is_no_error():
    w, other = leaf(3), leaf(3)
    y = (w * w).sum()
    update(other)
    y.backward()
    assert np.allclose(w.grad.numpy(), 2 * w.detach().numpy(), rtol=1e-14)


def test_a_rule_that_reads_only_the_output_is_no_error():
    w = leaf(3)
    y = tg.tanh(w)
    expected = 1 - y.detach().numpy() ** 2
    update(w)
    y.sum().backward()
    assert np.allclose(w.grad.numpy(), expected, rtol=1e-14)


# views of a leaf are its memory


VIEWS = {
    "mT": lambda w: w.mT,
    "reshape": lambda w: w.reshape(9),
    "permute_dims": lambda w: ops.permute_dims(w, (1, 0)),
    "expand_dims, squeeze": lambda w: w.expand_dims(0).squeeze(0),
    "broadcast_to": lambda w: ops.broadcast_to(w, (2, 3, 3)),
    "flip": ops.flip,
    "slice": lambda w: w[:2, 1:],
    "split": lambda w: ops.split(w, 3, axis=1)[1],
    "carry": lambda w: ops.carry(w, name="h"),
    "astype to its own type": lambda w: w.astype("float64"),
    "a chain": lambda w: ops.split(w[1:].reshape(6, 1), 2)[0].mT,
}


@pytest.mark.parametrize("view", VIEWS.values(), ids=VIEWS.keys())
def test_a_view_that_was_read_is_stale_when_its_leaf_is_changed(view):
    w = leaf(3, 3)
    v = view(w)
    y = (v * v).sum()
    update(w)
    with pytest.raises(StaleReadError):
        y.backward()


@pytest.mark.parametrize("view", VIEWS.values(), ids=VIEWS.keys())
def test_a_view_really_shares_memory(view):
    w = leaf(3, 3)
    assert np.shares_memory(memory_of(view(w)), memory_of(w))


def test_a_linear_layer_is_stale_through_its_transposed_weight():
    x, w = leaf(2, 3), leaf(4, 3)
    y = tg.functional.linear(x, w).sum()
    update(w)
    with pytest.raises(StaleReadError):
        y.backward()


def test_a_computed_copy_of_a_leaf_is_no_error():
    w = leaf(3)
    copy = w * 1
    y = (copy * copy).sum()
    expected = 2 * w.detach().numpy()
    update(w)
    y.backward()
    assert np.allclose(w.grad.numpy(), expected, rtol=1e-14)


# operations that keep more than one input


def test_inside_a_checkpoint_a_captured_weight_is_watched_too():
    x, w = leaf(2, 3), leaf(3, 3)
    y = checkpoint(lambda x: tg.tanh(x @ w), x).sum()
    update(w)
    with pytest.raises(StaleReadError, match="checkpoint in 'top level' read"):
        y.backward()


def test_a_list_operation_is_stale_where_its_rule_reads_the_arrays():
    a, b = leaf(2, 3), leaf(3, 2)
    joined = ops.concat([a, b.mT])
    product = ops.einsum("ij,jk->ik", a, b)
    update(b)
    joined.sum().backward()
    with pytest.raises(StaleReadError, match="einsum"):
        product.sum().backward()


def test_the_gradient_at_a_target_does_not_depend_on_what_lies_behind_it():
    x, w = leaf(2, 3), leaf(3, 3)
    h = checkpoint(lambda x: x @ w, x)
    loss = (h * h).sum()
    update(w)
    assert np.array_equal(tg.grad(loss, h).numpy(), 2 * h.detach().numpy())


def test_under_create_graph_too():
    x, w = leaf(2, 3), leaf(3, 3)
    loss = ((x @ w) * (x @ w)).sum()
    update(w)
    with pytest.raises(StaleReadError):
        tg.grad(loss, x, create_graph=True)


def test_only_leaves_are_written_in_place():
    x = leaf(3)
    h = tg.tanh(x)
    with pytest.raises(GradientError, match=r"assign_\(\) of the result of tanh: only leaves are written in place"):
        h.assign_(0.0)
    constant = tg.zeros(3)
    constant.assign_(1.0)
    assert constant.tolist() == [1.0, 1.0, 1.0]


def test_an_array_that_lives_elsewhere_is_not_copied_in_silently():
    w = leaf(3)
    elsewhere = tg.ones(3).to("numpy" if w.backend == "fake" else "fake")
    with pytest.raises(BackendError, match=r"load\(\) in .* got arrays of 2 backends"):
        w.assign_(elsewhere.data, by="load()")


def test_a_scalar_leaf_can_be_written():
    total = leaf(3).sum().detach().requires_grad_()
    total.assign_(5.0)
    assert total.item() == 5.0
