"""Gradients on and off, and the place in the program that every node remembers: per thread, per task."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import tinygrad_seq as tg
from tinygrad_seq import enable_grad, no_grad, scope


def leaf(*shape):
    return tg.tensor(np.random.default_rng(0).standard_normal(shape), requires_grad=True)


def recording(x):
    """Tell whether operations are recorded just now."""
    return (x * x).requires_grad


# gradients on and off


def test_no_grad_as_a_block_records_and_saves_nothing():
    x = leaf(3)
    with no_grad():
        y = tg.tanh(x) * x + x[0] + tg.concat([x, x])[0]
        assert y.node is None
        assert all(part.node is None for part in tg.split(x, 3))
    assert recording(x)


def test_no_grad_as_a_decorator_and_each_call_anew():
    @no_grad()
    def predict(x):
        return x * x

    x = leaf(3)
    assert not predict(x).requires_grad
    assert not predict(x).requires_grad
    assert recording(x)


def test_nested_modes_come_back_one_by_one():
    x = leaf(3)
    with no_grad():
        with enable_grad():
            assert recording(x)
            with no_grad():
                assert not recording(x)
            assert recording(x)
        assert not recording(x)
    assert recording(x)


def test_an_exception_restores_the_mode():
    x = leaf(3)
    with pytest.raises(KeyError), no_grad():
        raise KeyError
    assert recording(x)


def test_a_leaf_made_under_no_grad_is_a_leaf():
    with no_grad():
        x = tg.ones(2, requires_grad=True)
    (x * x).sum().backward()
    assert x.grad.tolist() == [2.0, 2.0]


def test_backward_works_under_no_grad():
    x = leaf(3)
    loss = (x * x).sum()
    with no_grad():
        loss.backward()
    assert np.allclose(x.grad.numpy(), 2 * x.detach().numpy())


def test_create_graph_records_even_under_no_grad():
    x = leaf(3)
    loss = (x * x * x).sum()
    with no_grad():
        g = tg.grad(loss, x, create_graph=True)
    assert g.requires_grad


def test_gradients_of_a_plain_backward_are_no_graph():
    x = leaf(3)
    (x * x).sum().backward()
    assert not x.grad.requires_grad


def test_a_new_thread_starts_with_gradients_on_and_no_place():
    x, seen = leaf(3), {}

    def work():
        seen["recording"] = recording(x)
        seen["where"] = scope.current()

    with no_grad(), scope.module("outer"):
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    assert seen == {"recording": True, "where": scope.Where("", None)}


def test_no_grad_in_one_thread_is_none_of_anothers_business():
    x = leaf(3)
    inside, checked = threading.Event(), threading.Event()

    def work():
        with no_grad():
            inside.set()
            checked.wait(5)
            return recording(x)

    with ThreadPoolExecutor(1) as pool:
        other = pool.submit(work)
        assert inside.wait(5)
        assert recording(x)
        checked.set()
        assert other.result() is False


def test_tasks_of_asyncio_do_not_see_each_others_mode():
    x = leaf(3)

    async def off():
        with no_grad():
            await asyncio.sleep(0)
            return recording(x)

    async def on():
        await asyncio.sleep(0)
        return recording(x)

    async def main():
        return await asyncio.gather(off(), on(), off())

    assert asyncio.run(main()) == [False, True, False]


# where


def test_module_paths_nest_and_steps_are_counted():
    x = leaf(3)
    places = []
    with scope.module("model"):
        places.append((x + 1).node.where)
        with scope.module("lstm"):
            places += [(x * t).node.where for t in scope.steps(range(2))]
            places.append((x + 1).node.where)
    places.append((x + 1).node.where)
    assert [(place.path, place.t) for place in places] == [
        ("model", None),
        ("model.lstm", 0),
        ("model.lstm", 1),
        ("model.lstm", None),
        ("", None),
    ]


def test_a_step_holds_in_modules_called_within_it_and_ends_with_its_module():
    with scope.module("decoder"):
        scope.step(5)
        with scope.module("attention"):
            assert str(scope.current()) == "'decoder.attention' (t=5)"
            scope.step(None)
        assert str(scope.current()) == "'decoder' (t=5)"
    assert str(scope.current()) == "'top level'"


def test_steps_end_where_the_loop_is_left():
    with scope.module("lstm"):
        for t in (steps := scope.steps(range(10))):
            if t == 3:
                break
        steps.close()
        assert scope.current().t is None


def test_no_grad_inside_a_module_keeps_the_place():
    with scope.module("lstm"):
        scope.step(2)
        with no_grad():
            assert str(scope.current()) == "'lstm' (t=2)"


def test_threads_do_not_label_each_others_nodes():
    x = leaf(3)
    barrier = threading.Barrier(4, timeout=5)

    def work(name):
        places = []
        with scope.module(name):
            for t in scope.steps(range(20)):
                barrier.wait()
                places.append((x * t).node.where)
        return places

    with ThreadPoolExecutor(4) as pool:
        for name, places in zip("abcd", pool.map(work, "abcd"), strict=True):
            assert places == [scope.Where(name, t) for t in range(20)]


def test_tasks_started_inside_a_module_do_not_label_each_others_nodes():
    x = leaf(3)

    async def work(first):
        places = []
        for t in range(first, first + 3):
            scope.step(t)
            await asyncio.sleep(0)
            places.append((x * t).node.where.t)
        return places

    async def main():
        with scope.module("shared"):
            return await asyncio.gather(work(0), work(100))

    assert asyncio.run(main()) == [[0, 1, 2], [100, 101, 102]]


def test_four_threads_that_train_give_what_one_gives():
    def train(seed):
        rng = np.random.default_rng(seed)
        w = tg.tensor(rng.standard_normal((4, 4)), requires_grad=True)
        x = tg.tensor(rng.standard_normal((8, 4)))
        for _ in range(30):
            w.grad = None
            (tg.tanh(x @ w) @ w).sum().backward()
            w.assign_(w.data - 0.01 * w.grad.data)
        return w.detach().numpy()

    alone = [train(seed) for seed in range(4)]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(train, range(4)))
    assert all(np.array_equal(p, q) for p, q in zip(alone, together, strict=True))


# who watches


class Diary(scope.Watcher):
    """Writes down all that a watcher is told."""

    def __init__(self, expand=False):
        self.expand = expand
        self.lines = []

    def made(self, call):
        self.lines.append(("made", call.op.name))

    def named(self, where, values):
        self.lines.append(("named", where, list(values)))

    def arrived(self, node, gradient):
        self.lines.append(("arrived", node.shape))

    def sent(self, node, i, gradient):
        self.lines.append(("sent", node.op.name, node.op.input_name(i)))


def test_two_watchers_are_told_the_same():
    one, two = Diary(), Diary()
    x = leaf(3)
    with scope.switched(watcher=one), scope.switched(watcher=two), scope.module("cell"):
        h_t = tg.tanh(x)
        scope.named(h_t=h_t)
        h_t.backward(tg.ones(3))
    assert one.lines == two.lines
    assert one.lines == [
        ("made", "tanh"),
        ("named", scope.Where("cell"), ["h_t"]),
        ("arrived", (3,)),
        ("sent", "tanh", "x"),
        ("arrived", (3,)),
    ]


def test_of_two_watchers_one_that_wants_every_step_is_enough():
    for wanted in ((False, False), (False, True), (True, False)):
        with scope.switched(watcher=Diary(wanted[0])), scope.switched(watcher=Diary(wanted[1])):
            assert scope.mode.get().watcher.expand == any(wanted)


def test_a_watcher_that_overrides_nothing_disturbs_nothing():
    x = leaf(3)
    with scope.switched(watcher=scope.Watcher()):
        h_t = tg.tanh(x)
        scope.named(h_t=h_t)
        h_t.backward(tg.ones(3))
    assert np.allclose(x.grad.numpy(), 1 - np.tanh(x.detach().numpy()) ** 2)
