"""The backward walk: sums over paths, prunes what nobody asked for, and shares no array with anybody."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_seq as tg
from tinygrad_seq import Op, Part, get_backend, scope
from tinygrad_seq.errors import BackendError, DTypeError, GradientError, ShapeError

from ..memory import memory_of


def leaf(*shape, seed=0, dtype="float64"):
    return tg.tensor(np.random.default_rng(seed).standard_normal(shape), requires_grad=True, dtype=dtype)


# sums over paths


def test_gradients_of_several_backward_calls_add_up():
    x = leaf(3)
    (2 * x).sum().backward()
    (3 * x).sum().backward()
    assert x.grad.tolist() == [5.0, 5.0, 5.0]


def test_setting_grad_to_none_starts_anew():
    x = leaf(3)
    (2 * x).sum().backward()
    x.grad = None
    (3 * x).sum().backward()
    assert x.grad.tolist() == [3.0, 3.0, 3.0]


def test_one_tensor_used_many_times_gets_the_sum_over_its_uses():
    x = leaf(4)
    ((x + x) * x - x / x + tg.concat([x, x])[2:6]).sum().backward()
    assert np.allclose(x.grad.numpy(), 4 * x.detach().numpy() + 1, rtol=1e-14)


def test_a_diamond_is_walked_once():
    x = leaf(3)
    calls = []

    class Counted(Op):
        @staticmethod
        def forward(xp, x):
            return x * x

        @staticmethod
        def dx(xp, dy, x):
            calls.append(1)
            return dy * 2 * x

    h = Counted.apply(x)
    (tg.tanh(h) + tg.exp(h) * h).sum().backward()
    assert len(calls) == 1


def test_a_leaf_can_be_the_root():
    x = tg.tensor(3.0, requires_grad=True)
    x.backward()
    assert x.grad.item() == 1.0
    assert tg.grad(x, x).item() == 1.0


def test_several_roots_with_weights_of_their_own():
    x = leaf(3)
    a, b = x * 2, x * x
    (g,) = tg.grad([a, b, a], [x], [tg.ones(3), tg.full(3, 10.0), tg.ones(3)])
    assert np.allclose(g.numpy(), 4 + 20 * x.detach().numpy(), rtol=1e-14)


# grad(): pruning, intermediates, unused inputs


def test_grad_leaves_grad_alone():
    x = leaf(3)
    tg.grad((x * x).sum(), x)
    assert x.grad is None


def test_grad_of_one_input_is_a_tensor_and_of_a_list_a_list():
    x, z = leaf(3), leaf(3, seed=1)
    g = tg.grad((x * z).sum(), x)
    gs = tg.grad((x * z).sum(), [x])
    assert type(g) is tg.Tensor
    assert type(gs) is list
    assert np.array_equal(g.numpy(), gs[0].numpy())


def test_grad_with_respect_to_intermediates_and_leaves_at_once():
    x = leaf(3)
    h = x * x
    k = tg.tanh(h)
    by_k, by_h, by_x = tg.grad((k * k).sum(), [k, h, x])
    kn, xn = np.tanh(x.detach().numpy() ** 2), x.detach().numpy()
    assert np.allclose(by_k.numpy(), 2 * kn, rtol=1e-14)
    assert np.allclose(by_h.numpy(), 2 * kn * (1 - kn**2), rtol=1e-12)
    assert np.allclose(by_x.numpy(), 2 * kn * (1 - kn**2) * 2 * xn, rtol=1e-12)


def test_a_target_with_nothing_behind_it_does_not_end_the_walk():
    x, z = leaf(4), leaf(4)
    older = x * 3
    first, _ = tg.split(z, 2)
    by_first, by_x = tg.grad((first * 2).sum() + older.sum(), [first, x])
    assert by_first.tolist() == [2, 2]
    assert by_x.tolist() == [3, 3, 3, 3]


def test_what_is_computed_to_be_differentiated_again_is_marked_as_backward():
    x = leaf(3)
    with scope.module("encoder"):
        y = (x * x).sum()
    g = tg.grad(y, x, create_graph=True)
    assert g.node.where == scope.Where("encoder", None, backward=True)


def test_an_unused_input_gives_none():
    x, unused = leaf(3), leaf(3)
    gx, gu = tg.grad((x * x).sum(), [x, unused])
    assert gu is None
    assert gx is not None


def test_rules_that_lead_to_no_target_are_not_called():
    called = []

    class Watched(Op):
        @staticmethod
        def forward(xp, a, b):
            return a * b

        @staticmethod
        def da(xp, dy, b):
            called.append("a")
            return dy * b

        @staticmethod
        def db(xp, dy, a):
            called.append("b")
            return dy * a

    a, b = leaf(3), leaf(3)
    tg.grad(Watched.apply(tg.exp(a), tg.exp(b)).sum(), b)
    assert called == ["b"]


def test_nothing_behind_an_intermediate_target_is_visited_or_freed():
    x = leaf(3)
    h = tg.tanh(x)
    by_h = tg.grad((h * h).sum(), h)
    h.backward(by_h)
    hn = h.detach().numpy()
    assert np.allclose(x.grad.numpy(), 2 * hn * (1 - hn**2), rtol=1e-12)


def test_nothing_behind_an_output_of_several_is_visited_or_freed():
    x = leaf(4)
    first, _ = tg.split(x * x, 2)
    by_first = tg.grad((first * first).sum(), first)
    first.backward(by_first)
    assert np.allclose(x.grad.numpy(), [*(4 * x.detach().numpy()[:2] ** 3), 0, 0], rtol=1e-12)


def test_grad_with_respect_to_a_constant_is_an_error():
    with pytest.raises(GradientError, match="without requires_grad=True: no graph leads to it"):
        tg.grad(leaf(3).sum(), tg.ones(3))


# the seed


def test_backward_from_a_tensor_that_is_no_scalar_wants_a_gradient():
    with pytest.raises(GradientError, match=r"this tensor has shape \(3,\).\n.*loss.sum\(\)"):
        (leaf(3) * 2).backward()


def test_backward_from_a_constant_says_why_there_is_no_gradient():
    with pytest.raises(GradientError, match=r"no gradient can leave.*\n.*no_grad\(\), or it is detached"):
        leaf(3).detach().sum().backward()


def test_a_gradient_of_another_shape_is_refused_and_not_broadcast():
    with pytest.raises(ShapeError, match=r"shape \(1,\), the tensor \(3,\)"):
        (leaf(3) * 2).backward(tg.ones(1))


def test_a_gradient_that_is_no_array_is_refused():
    with pytest.raises(DTypeError, match="got float"):
        leaf(3).sum().backward(2.0)


def test_a_gradient_on_another_backend_is_refused():
    x = leaf(3)
    elsewhere = "numpy" if x.backend == "fake" else "fake"
    with pytest.raises(BackendError, match=r"two backends|2 backends"):
        (x * 2).backward(tg.tensor([1.0, 1.0, 1.0], backend=elsewhere))


@pytest.mark.parametrize(
    "seed",
    [
        lambda: tg.ones(3, dtype="float64"),
        pytest.param(lambda: np.ones(3), marks=pytest.mark.host("an array of NumPy")),
        lambda: tg.tensor([1, 1, 1]),
    ],
    ids=["tensor", "array", "int"],
)
def test_a_gradient_takes_the_type_of_the_tensor(seed):
    x, seed = leaf(3, dtype="float32"), seed()
    x.backward(seed)
    assert x.grad.dtype == np.float32
    (g,) = tg.grad([x * 1.0], [x], [seed], create_graph=True)
    assert g.dtype == np.float32


# ownership


def test_two_leaves_never_share_a_gradient_array():
    a, b = leaf(3), leaf(3)
    (a + b).sum().backward()
    assert not np.shares_memory(memory_of(a.grad), memory_of(b.grad))
    a.grad.data[:] = 7
    assert b.grad.tolist() == [1.0, 1.0, 1.0]


def test_gradients_of_grad_share_no_array_either():
    a, b = leaf(3), leaf(3)
    h = a + b
    by_h, by_a, by_b = tg.grad(h.sum(), [h, a, b])
    arrays = [memory_of(g) for g in (by_h, by_a, by_b)]
    assert not any(np.shares_memory(p, q) for i, p in enumerate(arrays) for q in arrays[:i])
    assert all(array.flags.writeable for array in arrays)


def test_the_seed_is_neither_written_nor_kept():
    x = leaf(3)
    seed = tg.ones(3, dtype="float64")
    (x + x).backward(seed)
    assert seed.tolist() == [1.0, 1.0, 1.0]
    x.grad.data[:] = 9
    y = leaf(3)
    y.backward(seed)
    assert not np.shares_memory(memory_of(y.grad), memory_of(seed))
    assert seed.tolist() == [1.0, 1.0, 1.0]


def test_a_seed_used_for_two_roots_stays_as_it_was():
    x = leaf(3)
    seed = tg.ones(3, dtype="float64")
    tg.grad([x * 2, x * 3, x * 5], [x], [seed, seed, seed])
    assert seed.tolist() == [1.0, 1.0, 1.0]


def test_a_rule_that_returns_a_saved_input_does_not_alias_the_gradient():
    class Half(Op):
        """y = sum(x^2) / 2, whose gradient is x: the rule hands out the saved array itself where dy is 1."""

        @staticmethod
        def forward(xp, x):
            return xp.sum(x * x) / 2

        @staticmethod
        def dx(xp, dy, x):
            return x

    x = leaf(3)
    before = x.detach().numpy().copy()
    Half.apply(x).backward()
    assert not np.shares_memory(memory_of(x.grad), memory_of(x))
    (Half.apply(x) + Half.apply(x) + Half.apply(x)).backward()  # the walk adds: into an array of its own
    assert np.array_equal(x.detach().numpy(), before)
    assert np.allclose(x.grad.numpy(), 4 * before, rtol=1e-14)


def test_adding_up_does_not_write_into_an_array_that_a_rule_was_given():
    kept = []

    class Keep(Op):
        @staticmethod
        def forward(xp, x):
            return x + 0

        @staticmethod
        def dx(xp, dy):
            kept.append((tg.Tensor.handle(dy, None), tg.tensor(dy)))
            return dy

    x = leaf(3)
    h = Keep.apply(x)
    (h + h * h + Keep.apply(h) * h).sum().backward()
    assert all(np.array_equal(given.numpy(), then.numpy()) for given, then in kept)


def test_a_second_backward_does_not_write_into_the_first_gradient():
    x = leaf(3)
    (x * 2).sum().backward()
    first = x.grad
    (x * 2).sum().backward()
    assert first.tolist() == [2.0, 2.0, 2.0]


def test_gradients_of_scalars_are_arrays_that_can_be_written():
    x = tg.tensor(2.0, requires_grad=True)
    (x * x * x).backward()
    assert isinstance(x.grad.data, get_backend(x.backend).array_types)
    x.grad.data[...] = 0
    assert x.grad.item() == 0.0


def test_a_second_walk_gives_the_same_bits():
    x, w = leaf(5, 4), leaf(4, 4, seed=1)
    loss = (tg.tanh(tg.tanh(x @ w) @ w) @ w).sum()
    first = tg.grad(loss, [x, w], retain_graph=True)
    second = tg.grad(loss, [x, w])
    assert all(np.array_equal(p.numpy(), q.numpy()) for p, q in zip(first, second, strict=True))


# types and shapes


def test_a_gradient_has_the_type_of_its_tensor():
    a, b, h = leaf(3, dtype="float32"), leaf(3), leaf(3, dtype="float16")
    (a * b * h).sum().backward()
    assert [t.grad.dtype.name for t in (a, b, h)] == ["float32", "float64", "float16"]
    a_b = tg.grad((a * b).sum(), [a, b], create_graph=True)
    assert [g.dtype.name for g in a_b] == ["float32", "float64"]


def test_broadcast_axes_are_summed_back():
    a, b, c = leaf(2, 1, 4), leaf(3, 1), leaf()
    y = a * b + c
    y.backward(tg.ones(y.shape))
    assert [t.grad.shape for t in (a, b, c)] == [(2, 1, 4), (3, 1), ()]
    assert c.grad.item() == 24.0


def test_a_rule_of_the_wrong_shape_is_an_error_that_names_operation_input_and_shapes():
    class Total(Op):
        @staticmethod
        def forward(xp, x):
            return xp.sum(x)

        @staticmethod
        def dx(xp, dy):
            return xp.broadcast_to(dy, (2, 3))

    with tg.scope.module("head"), pytest.raises(ShapeError) as caught:
        Total.apply(leaf(3)).backward()
    assert (
        str(caught.value)
        == "total in 'head': the rule for input 'x' gave a gradient of shape (2, 3), the input has (3,)."
    )


def test_only_an_operation_that_declares_it_is_forgiven_a_broadcast_shape():
    def add(declared):
        class Plus(Op):
            broadcasts = declared

            @staticmethod
            def forward(xp, a, b):
                return a + b

            @staticmethod
            def da(xp, dy):
                return dy

            @staticmethod
            def db(xp, dy):
                return dy

        return Plus.apply

    row = leaf(4)
    add(True)(leaf(3, 4), row).sum().backward()
    assert row.grad.tolist() == [3.0] * 4
    with pytest.raises(ShapeError, match=r"plus in 'top level': the rule for input 'b' gave .* \(3, 4\)"):
        add(False)(leaf(3, 4), row).sum().backward()


def test_a_rule_may_return_none_for_no_gradient():
    class Straight(Op):
        @staticmethod
        def forward(xp, a, b):
            return a * b

        @staticmethod
        def da(xp, dy, b):
            return dy * b

        @staticmethod
        def db(xp, dy):
            return None

    a, b = leaf(3), leaf(3)
    Straight.apply(a, b).sum().backward()
    assert b.grad is None
    assert a.grad is not None


# parts: gradients that are zero outside an index


def test_reads_of_steps_add_up_in_one_buffer():
    x = leaf(50, 2)
    made = []

    class Read(Op):
        @staticmethod
        def forward(xp, x, /, t):
            return x[t]

        @staticmethod
        def dx(xp, dy, t):
            made.append(Part(t, dy))
            return made[-1]

    weights = np.random.default_rng(3).standard_normal((50, 2))
    total = sum((Read.apply(x, t) * tg.tensor(weights[t])).sum() for t in range(50)) + (x[7] * 2).sum()
    total.backward()
    expected = weights.copy()
    expected[7] += 2
    assert np.array_equal(x.grad.numpy(), expected)
    assert len(made) == 50
    assert all(part.values.shape == (2,) for part in made)  # never an array of the size of x


def test_a_thousand_reads_make_one_buffer(monkeypatch):
    xp = get_backend(leaf(1).backend).xp
    made = []
    for name in ("zeros", "asarray"):
        original = getattr(xp, name)
        monkeypatch.setattr(xp, name, lambda *a, f=original, n=name, **k: made.append(n) or f(*a, **k))
    x = leaf(1000, 2)
    loss = sum(x[t] for t in range(1000)).sum()
    made.clear()
    tg.grad(loss, x)
    assert made == ["zeros"]


def test_a_part_joins_a_dense_gradient_in_either_order():
    x = leaf(3)
    for dense_first in (True, False):
        reads = [(x * x).sum(), x[1] * 5]
        total = reads[0] + reads[1] if dense_first else reads[1] + reads[0]
        g = tg.grad(total, x)
        assert np.allclose(g.numpy(), 2 * x.detach().numpy() + [0, 5, 0], rtol=1e-14)


def test_a_part_does_not_write_into_an_array_it_does_not_own():
    x = leaf(3)
    seed = tg.ones(3, dtype="float64")
    tg.grad([x + 0, x[1]], [x], [seed, tg.tensor(5.0)])
    assert seed.tolist() == [1.0, 1.0, 1.0]
    y = x + 0
    root = tg.grad([y, y[1]], [y], [seed, tg.tensor(5.0)])
    assert root[0].tolist() == [1.0, 6.0, 1.0]
    assert seed.tolist() == [1.0, 1.0, 1.0]


def test_overlapping_and_repeated_reads_add_up():
    x = leaf(4)
    (x[1:] * 2).sum().backward(retain_graph=True)
    (x[tg.tensor([0, 0, 3])] * 10).sum().backward()
    x[tg.tensor([True, False, False, True])].sum().backward()
    assert x.grad.tolist() == [21.0, 2.0, 2.0, 13.0]


def test_parts_have_second_derivatives():
    x = leaf(3, 2)
    total = sum((x[t] * x[t] * x[t - 1]).sum() for t in range(3))
    g = tg.grad(total, x, create_graph=True)
    h = tg.grad(g, x, tg.ones((3, 2)))
    xn = x.detach().numpy()
    before, after = np.roll(xn, 1, axis=0), np.roll(xn, -1, axis=0)
    assert np.allclose(g.detach().numpy(), 2 * xn * before + after**2, rtol=1e-12)
    assert np.allclose(h.numpy(), 2 * before + 2 * xn + 2 * after, rtol=1e-12)
