"""The fake device is as strict as a real one, and stricter: nothing crosses to the host or from it in passing."""

from __future__ import annotations

import gc
import operator
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from tinygrad_seq_fake import DeviceArray, FakeBackend, HostAccessError

import tinygrad_seq as tg
from tinygrad_seq.backend import get_backend

backend = FakeBackend()
host = np.array([1.0, 2.0], np.float32)


@pytest.fixture
def x() -> DeviceArray:
    return backend.from_host(host)


@pytest.mark.parametrize(
    "reach",
    [
        bool,
        float,
        int,
        complex,
        len,
        list,
        iter,
        np.asarray,
        np.array,
        np.sum,
        np.exp,
        lambda x: 1.0 in x,
        operator.index,
        lambda x: np.concat([x, x]),
        lambda x: np.add(x, 1),
        lambda x: f"{x:.3f}",
    ],
)
def test_python_and_numpy_cannot_reach_the_numbers(x: DeviceArray, reach: Callable[[Any], Any]) -> None:
    for array in (x, x[0]):
        with pytest.raises(TypeError):
            reach(array)


@pytest.mark.parametrize(
    "mix",
    [
        lambda x: x + host,
        lambda x: host + x,
        lambda x: x * np.float64(2),
        lambda x: np.float64(2) * x,
        lambda x: x @ host,
        lambda x: x > host,
        lambda x: x == host,
        lambda x: x[np.array([0])],
        lambda x: x[[0]],
        lambda x: x[np.int64(0)],
        lambda x: x.__iadd__(host),
        lambda x: x.__setitem__(0, np.float32(1)),
        lambda x: backend.xp.maximum(x, host),
        lambda x: backend.xp.concat([x, host]),
        backend.xp.exp,
        lambda x: backend.xp.where(x > 0, x, np.float64(0)),
        lambda x: backend.xp.asarray(host),
    ],
)
def test_host_and_device_do_not_mix(x: DeviceArray, mix: Callable[[Any], Any]) -> None:
    with pytest.raises(HostAccessError, match="lives on the host"):
        mix(host if mix is backend.xp.exp else x)


def test_nothing_else_can_be_asked_of_an_array(x: DeviceArray) -> None:
    public = {name for name in dir(x) if not name.startswith("_")}
    assert public == {"shape", "dtype", "ndim", "size"}
    for name in (
        "T",
        "mT",
        "base",
        "item",
        "tolist",
        "sum",
        "astype",
        "__array_interface__",
        "__float64__",
    ):
        assert not hasattr(x, name)
    assert "1." not in repr(x)


def test_results_stay_on_the_device_down_to_a_single_number(x: DeviceArray) -> None:
    for y in (
        x[0],
        x @ x,
        backend.xp.sum(x),
        backend.xp.sum(x) * 2,
        -x[0],
        x[0] > 0,
        backend.xp.zeros((), dtype="int8"),
    ):
        assert type(y) is DeviceArray
        assert y.shape == ()


def test_writing_in_place_keeps_the_array(x: DeviceArray) -> None:
    view, whole = x[:1], x
    whole += 1
    whole *= x
    whole /= 2
    whole -= x
    x[1] = 7
    assert whole is x
    assert backend.to_host(x).tolist() == [0, 7]
    assert backend.to_host(view).tolist() == [0]
    single = x[1]
    single += 1
    assert backend.to_host(single) == 8


def test_crossings_and_waits_are_counted(x: DeviceArray) -> None:
    FakeBackend.transfers.clear()
    y = tg.tensor(host, backend="fake") * 2
    assert dict(FakeBackend.transfers) == {"to device": 1}
    y.numpy()
    y[y > 2]
    backend.synchronize()
    assert dict(FakeBackend.transfers) == {"to device": 1, "to host": 1, "waited": 2}


def test_a_training_step_needs_no_crossing() -> None:
    rng = np.random.default_rng(0)
    w = tg.tensor(rng.standard_normal((3, 3)), backend="fake", requires_grad=True)
    x = tg.tensor(rng.standard_normal((4, 3)), backend="fake")
    FakeBackend.transfers.clear()
    h = x
    for _ in range(3):
        h = tg.tanh(h @ w) + x
    loss = -tg.log_softmax(h)[:, 0].mean()
    loss.backward()
    w.assign_(w.data - 0.1 * w.grad.data)
    assert not FakeBackend.transfers


def test_factories_make_their_tensors_there() -> None:
    with tg.use_backend("fake"):
        made = [tg.zeros(2), tg.arange(3), tg.randn(2), tg.tensor([1.0]), tg.tensor(host)]
    assert [x.backend for x in made] == ["fake"] * 5
    assert tg.zeros_like(made[0]).backend == tg.ones_like(made[0]).backend == "fake"
    assert tg.zeros(2).backend == "numpy"


def test_dlpack_shares_memory_on_the_device_and_does_not_cross(x: DeviceArray) -> None:
    FakeBackend.transfers.clear()
    with tg.use_backend("fake"):
        ours = tg.from_dlpack(x)
    theirs = backend.xp.from_dlpack(ours * 1)
    x += 1
    assert not FakeBackend.transfers
    assert ours.numpy().tolist() == [2, 3]
    assert backend.to_host(theirs).tolist() == [1, 2]
    with tg.use_backend("fake"), pytest.raises(BufferError, match="not on the fake device"):
        tg.from_dlpack(host)
    for take in (tg.from_dlpack, np.from_dlpack):
        with pytest.raises((BufferError, RuntimeError, TypeError, ValueError)):
            take(ours)


def test_memory_counts_what_is_alive_and_views_once() -> None:
    gc.collect()
    before = backend.memory().used
    x = backend.from_host(np.zeros((10, 8), np.float32))
    rows = [x[i] for i in range(10)]
    assert backend.memory().used - before == 320
    del x
    assert backend.memory().used - before == 320
    del rows
    assert backend.memory().used == before


def test_a_tensor_says_where_it_lives() -> None:
    x = tg.tensor([1.0], backend="fake")
    assert (x.backend, x.device) == ("fake", "fake:0")
    assert repr(x) == "tensor([1.], device=fake:0)"
    assert x.to("numpy").backend == "numpy"
    assert get_backend("fake").name == "fake"
