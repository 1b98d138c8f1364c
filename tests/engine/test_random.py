"""Random numbers with names: a mask is a function of (seed, step, draw)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import tinygrad_seq as tg
from tinygrad_seq import backend, random
from tinygrad_seq.random import Key


@pytest.fixture(autouse=True)
def fresh_stream():
    before = random.stream.get()
    tg.manual_seed(11)
    yield
    random.stream.set(before)


def draw(shape=(4,), dtype="float32"):
    return backend.get_backend("numpy").uniform(random.next_key(), shape, dtype)


def test_keys_count_the_draws_of_a_step():
    assert [random.next_key() for _ in range(2)] == [Key(11, 0, 0), Key(11, 0, 1)]
    random.at_step(5)
    assert random.next_key() == Key(11, 5, 0)


def test_a_step_draws_the_same_whatever_was_drawn_before():
    random.at_step(3)
    first = draw()
    tg.manual_seed(11)
    draw(), draw()
    random.at_step(3)
    assert np.array_equal(draw(), first)


def test_seed_step_and_draw_all_matter():
    keys = [Key(0, 0, 0), Key(1, 0, 0), Key(0, 1, 0), Key(0, 0, 1)]
    uniform = backend.get_backend("numpy").uniform
    rows = [tuple(uniform(key, (8,), "float64")) for key in keys]
    assert len(set(rows)) == 4


def test_rewind_goes_back_to_a_position():
    draw()
    here = random.position()
    first = draw()
    random.rewind(here)
    assert np.array_equal(draw(), first)
    assert random.position() == here._replace(draw=here.draw + 1)


def test_manual_seed_starts_weights_and_masks_anew():
    weights, mask = tg.randn(3), draw()
    tg.manual_seed(11)
    assert np.array_equal(tg.randn(3).numpy(), weights.numpy())
    assert np.array_equal(draw(), mask)
    tg.manual_seed(12)
    assert not np.array_equal(tg.randn(3).numpy(), weights.numpy())


def test_without_a_seed_the_same_program_gives_the_same_numbers():
    def program():
        return [tg.rand(2).tolist(), draw().tolist()]

    with ThreadPoolExecutor(1) as first, ThreadPoolExecutor(1) as second:
        assert first.submit(program).result() == second.submit(program).result()


def test_threads_have_streams_of_their_own():
    def work(seed):
        tg.manual_seed(seed)
        return [draw().tolist() for _ in range(50)]

    before = random.position()
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(work, [1, 2, 1, 2]))
    assert together[0] == together[2] == work(1)
    assert together[1] == together[3] != together[0]
    random.rewind(before)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_uniform_numbers_lie_in_zero_to_one_and_have_the_type(dtype):
    u = draw((10_000,), dtype)
    assert u.dtype == dtype
    assert (u >= 0).all()
    assert (u < 1).all()
    assert abs(u.mean(dtype="float64") - 0.5) < 0.01


def test_a_large_or_negative_seed_names_masks_too():
    uniform = backend.get_backend("numpy").uniform
    assert uniform(Key(2**70, 0, 0), (2,), "float32").shape == (2,)
    assert uniform(Key(-1, 0, 0), (2,), "float32").shape == (2,)
