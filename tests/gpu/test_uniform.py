"""The random numbers of the device are Philox4x32-10, by name, in any shape and type."""

from __future__ import annotations

import numpy as np
import pytest
from tinygrad_seq_cupy.kernels import kernels_on
from tinygrad_seq_cupy.kernels.uniform import uniform

from tinygrad_seq.backend import Key, get_backend

from .on_cpu import OnCpu, needs_compiler

pytestmark = needs_compiler


def philox(counter: list[int], key: list[int]) -> list[int]:
    """The ten rounds, as the paper writes them."""
    c, k = list(counter), list(key)
    for _ in range(10):
        high_0, low_0 = divmod(0xD2511F53 * c[0], 2**32)
        high_1, low_1 = divmod(0xCD9E8D57 * c[2], 2**32)
        c = [high_1 ^ c[1] ^ k[0], low_1, high_0 ^ c[3] ^ k[1], low_0]
        k = [(k[0] + 0x9E3779B9) % 2**32, (k[1] + 0xBB67AE85) % 2**32]
    return c


def test_the_reference_gives_the_published_answers():
    """The known answers of Random123."""
    assert philox([0] * 4, [0] * 2) == [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]
    assert philox([2**32 - 1] * 4, [2**32 - 1] * 2) == [0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD]


KEYS = [Key(0, 0, 0), Key(2**63 + 17, 5, 9), Key(-3, 2**32 - 1, 1)]


@pytest.mark.parametrize("key", KEYS, ids=str)
def test_float32_takes_24_bits_of_each_word(key):
    numbers = uniform(OnCpu("numpy"), key, (3, 7), "float32")
    seed = key.seed % 2**64
    words = [w for b in range(6) for w in philox([b, 0, key.draw, key.step], [seed % 2**32, seed >> 32])]
    np.testing.assert_array_equal(numbers.ravel(), np.array([(w >> 8) / 2**24 for w in words[:21]], np.float32))


@pytest.mark.parametrize("key", KEYS, ids=str)
def test_float64_takes_53_bits_of_two_words(key):
    numbers = uniform(OnCpu("numpy"), key, (9,), "float64")
    seed = key.seed % 2**64
    words = [w for b in range(5) for w in philox([b, 0, key.draw, key.step], [seed % 2**32, seed >> 32])]
    expected = [((words[2 * i] << 21) | (words[2 * i + 1] >> 11)) / 2**53 for i in range(9)]
    np.testing.assert_array_equal(numbers, expected)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("backend", ["numpy", "fake"])
def test_numbers_lie_in_the_half_open_interval(backend, dtype):
    on = OnCpu(backend)
    numbers = on.memory(uniform(on, Key(0, 0, 0), (20_000,), dtype))
    assert numbers.dtype == dtype
    assert numbers.min() >= 0
    assert numbers.max() < 1
    assert numbers.mean(dtype="float64") == pytest.approx(0.5, abs=0.01)


def test_nothing_and_a_single_number():
    on = OnCpu("numpy")
    assert uniform(on, Key(0, 0, 0), (0, 3), "float32").shape == (0, 3)
    assert uniform(on, Key(0, 0, 0), (), "float64").shape == ()


@pytest.mark.parametrize("backend", ["numpy", "fake"])
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("shape", [(), (0, 3), (7,), (3, 5, 2)], ids=str)
def test_dropout_is_the_reference_with_the_numbers_of_uniform(backend, dtype, shape):
    on, key, p = OnCpu(backend), Key(5, 2, 1), 0.3
    x, dy = (np.asarray(np.random.default_rng(i).standard_normal(shape), dtype) for i in range(2))
    kernel = kernels_on(on)["Dropout"]
    (y,), buffers = kernel.forward(on.wrap(x), training=True, p=p, key=key)
    (dx,) = kernel.backward((on.wrap(dy),), (on.wrap(x),), (y,), buffers, [True], p=p, key=key)
    m = (on.memory(uniform(on, key, shape, dtype)) >= p).astype(dtype) / (1 - p)
    np.testing.assert_array_equal(on.memory(y), x * m)
    np.testing.assert_array_equal(on.memory(dx), dy * m)
    assert on.memory(y).dtype == dtype


def test_a_recorded_draw_is_that_of_the_step_that_is_set():
    on, shape = OnCpu("fake"), (9,)
    drawn = {step: on.memory(uniform(on, Key(5, step, 1), shape, "float32")) for step in (2, 7)}
    again = get_backend("fake").capture(lambda *given: [uniform(on, Key(5, 99, 1), shape, "float32")], [], [])
    for step, expected in drawn.items():
        (numbers,) = again(step)
        np.testing.assert_array_equal(on.memory(numbers), expected)
