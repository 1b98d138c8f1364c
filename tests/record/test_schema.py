"""The record as JSON: what other programs read, and this one reads back."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinygrad_seq as tg
from tinygrad_seq import nn, scope
from tinygrad_seq.errors import DataError
from tinygrad_seq.record import Record

GOLDEN = {
    "format": "tinygrad_seq.record",
    "version": 2,
    "nodes": [
        {
            "id": 0,
            "kind": "parameter",
            "op": "",
            "name": "",
            "path": "cell",
            "t": None,
            "backward": False,
            "shape": [1, 2],
            "dtype": "float32",
            "inputs": [],
            "index": None,
            "settings": {},
            "value": {"norm": math.hypot(0.1, 2.0), "min": 0.1, "max": 2.0, "data": [0.1, 2.0]},
            "gradient": {"norm": 5.0, "min": 3.0, "max": 4.0, "data": [3.0, 4.0]},
            "view_of": None,
        },
        {
            "id": 1,
            "kind": "op",
            "op": "matrix_transpose",
            "name": "",
            "path": "cell",
            "t": 0,
            "backward": False,
            "shape": [2, 1],
            "dtype": "float32",
            "inputs": [0],
            "index": None,
            "settings": {},
            "value": {"norm": math.hypot(0.1, 2.0), "min": 0.1, "max": 2.0, "data": [0.1, 2.0]},
            "gradient": {"norm": 5.0, "min": 3.0, "max": 4.0, "data": [3.0, 4.0]},
            "view_of": 0,
            "at": [0, 1],
        },
        {
            "id": 2,
            "kind": "input",
            "op": "",
            "name": "",
            "path": "cell",
            "t": 0,
            "backward": False,
            "shape": [1, 2],
            "dtype": "float32",
            "inputs": [],
            "index": None,
            "settings": {},
            "value": {"norm": 5.0, "min": 3.0, "max": 4.0, "data": [3.0, 4.0]},
            "gradient": None,
            "view_of": None,
        },
        {
            "id": 3,
            "kind": "op",
            "op": "matmul",
            "name": "",
            "path": "cell",
            "t": 0,
            "backward": False,
            "shape": [1, 1],
            "dtype": "float32",
            "inputs": [2, 1],
            "index": None,
            "settings": {},
            "value": {"norm": 8.3, "min": 8.3, "max": 8.3, "data": [8.3]},
            "gradient": {"norm": 1.0, "min": 1.0, "max": 1.0, "data": [1.0]},
            "view_of": None,
        },
    ],
    "walks": [{"purpose": "backward", "before": []}],
    "sent": [
        {"walk": 0, "from": 3, "to": 1, "norm": 5.0, "total": 5.0, "data": [3.0, 4.0]},
        {"walk": 0, "from": 1, "to": 0, "norm": 5.0, "total": 5.0, "data": [3.0, 4.0]},
    ],
}


def small():
    """x_t W^T for one step, with all its numbers."""
    W = tg.tensor([[0.1, 2.0]], requires_grad=True)
    with tg.record(values="full", gradients="full") as tape, scope.module("cell"):
        for x_t in scope.steps([tg.tensor([[3.0, 4.0]])]):
            (x_t @ W.mT).backward(tg.ones((1, 1)))
    return tape


def test_the_golden_example():
    """A change here is another version of the format."""
    assert near(json.loads(small().to_json()), GOLDEN)


def near(a, b):
    """The same keys in the same order, the same types, lengths to seven digits (they are of float32 numbers)."""
    if isinstance(b, dict):
        return list(a) == list(b) and all(near(a[key], b[key]) for key in b)
    if isinstance(b, list):
        return len(a) == len(b) and all(map(near, a, b))
    return type(a) is type(b) and (a == pytest.approx(b, rel=1e-7) if isinstance(b, float) else a == b)


def recorded(dtype, backend="numpy"):
    """One of everything: several results, indices, views, infinities, a state, a second derivative."""
    tg.manual_seed(0)
    net = nn.LSTM(2, 3, path="cell", dtype=dtype).to(backend)
    x = tg.tensor(np.random.default_rng(0).normal(size=(2, 1, 2)), dtype=dtype, requires_grad=True, backend=backend)
    with tg.record(values="full", gradients="full") as tape:
        output, state = net(x)
        with np.errstate(all="ignore"):
            loss = (output * tg.log(x[:, :, :1] * 0)).sum() + net(x, state).last.sum()
            g = tg.grad(loss, x, create_graph=True)
            g.sum().backward(retain_graph=True)
            g.sum().backward()  # `.grad` holds something by now
        tg.argmax(x)
        x > 0  # noqa: B015
    return tape


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_what_is_written_is_read_back_bit_for_bit(dtype):
    tape = recorded(dtype)
    text = tape.to_json()
    back = Record.from_json(text)
    assert back.to_json() == text
    for old, new in zip(tape.nodes, back.nodes, strict=True):
        assert (old.shape, old.dtype, old.inputs, repr(old.value)) == (
            new.shape,
            new.dtype,
            new.inputs,
            repr(new.value),
        )
        for a, b in ((old.value, new.value), (old.gradient, new.gradient)):
            if a is not None:
                assert (a.data.dtype, bits(a.data)) == (b.data.dtype, bits(b.data))
    for old, new in zip(tape.sent, back.sent, strict=True):
        assert repr(old.total) == repr(new.total)
        assert (old.data is None) == (new.data is None)
        assert old.data is None or bits(old.data) == bits(new.data)
    assert any(walk.before for walk in tape.walks)
    for old, new in zip(tape.walks, back.walks, strict=True):
        assert (old.purpose, old.before.keys()) == (new.purpose, new.before.keys())
        for i, array in old.before.items():
            assert (array.dtype, bits(array)) == (new.before[i].dtype, bits(new.before[i]))
    words = {word for word in ("NaN", "Infinity", "-Infinity") if f'"{word}"' in text}
    assert words == {"NaN", "Infinity", "-Infinity"}
    json.loads(text, parse_constant=pytest.fail)  # nothing that JSON does not have


def bits(array):
    """Its bytes; one NaN is as good as another."""
    return np.where(np.isnan(array), np.nan, array).tobytes()


def test_the_fake_device_gives_the_same_record():
    assert near(json.loads(recorded("float64", "fake").to_json()), json.loads(recorded("float64").to_json()))


def test_the_same_program_gives_the_same_text():
    assert recorded("float32").to_json() == recorded("float32").to_json()


def test_a_record_of_a_graph_has_the_same_keys():
    w = tg.tensor([2.0], requires_grad=True)
    written = json.loads(Record.of(tg.split(w * 3, 1)[0]).to_json())
    assert {tuple(node) for node in written["nodes"]} == {tuple(GOLDEN["nodes"][0])}
    assert written["sent"] == []
    assert written["nodes"][1]["inputs"] == [0, None]  # the 3 is on no graph


@given(st.floats(width=32) | st.floats())
def test_any_number_survives(x):
    with tg.record(values="full") as tape:
        tg.tensor(np.array([x])) * 1
    back = Record.from_json(tape.to_json()).nodes[0].value
    assert back.data.tobytes() == np.array([x]).tobytes() or math.isnan(x)
    assert back.min == x or math.isnan(x)
    assert math.isnan(back.min) == math.isnan(x)


@given(st.text(st.characters(), max_size=8))
def test_any_name_survives(name):
    with tg.record() as tape, scope.module(name):
        tg.ops.carry(tg.ones(1), name=name)
    node = Record.from_json(tape.to_json()).nodes[1]
    assert (node.name, node.path, node.settings) == (name, name, {"name": name})


def damaged(**changes):
    written = json.loads(json.dumps(GOLDEN))
    for path, value in changes.items():
        *way, key = [int(part) if part.isdigit() else part for part in path.split("__")]
        place = written
        for part in way:
            place = place[part]
        if value is KeyError:
            del place[key]
        else:
            place[key] = value
    return json.dumps(written)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "not JSON"),
        ("[" * 100_000, "not JSON"),
        (None, "not JSON"),
        ("[]", 'expected a JSON object with "format": "tinygrad_seq.record"'),
        (damaged(format="torch"), 'with "format": "tinygrad_seq.record"'),
        (damaged(version=1), r"has version 1, and version 2 is what can be read here(?s:.*)Record it again"),
        (damaged(version=KeyError), "has version None"),
        (damaged(nodes={}), "'nodes' is no list"),
        (damaged(nodes__1=5), r"nodes\[1\] is no object"),
        (damaged(nodes__1__t=KeyError), r"nodes\[1\] has no 't'"),
        (damaged(nodes__1__t="0"), r"nodes\[1\].t is '0'; expected a whole number from 0, below 1,000,000, or null"),
        (damaged(nodes__1__t=-1), r"nodes\[1\].t is -1"),
        (damaged(nodes__1__t=10**12), r"nodes\[1\].t is 1000000000000; expected .*, below 1,000,000"),
        (damaged(nodes__1__t=1e5), r"nodes\[1\].t is 100000.0"),
        (damaged(nodes__1__t=True), r"nodes\[1\].t is True"),
        (damaged(nodes__1__colour="red"), r"nodes\[1\] has 'colour', which version 2 does not know"),
        (damaged(nodes__1__kind="leaf"), r"nodes\[1\].kind is 'leaf'; expected one of parameter, input"),
        (damaged(nodes__1__id=7), r"nodes\[1\].id is 7; expected 1, its place"),
        (damaged(nodes__1__inputs=[1]), r"nodes\[1\].inputs is \[1\]; expected ids of earlier nodes"),
        (damaged(nodes__3__kind="result"), r"nodes\[3\].inputs is \[2, 1\]; expected the id of the operation whose"),
        (damaged(nodes__1__view_of=3), r"nodes\[1\].view_of is 3"),
        (damaged(nodes__1__shape=[2.5]), r"nodes\[1\].shape is \[2.5\]"),
        (damaged(nodes__1__shape=[-1]), r"nodes\[1\].shape is \[-1\]"),
        (damaged(nodes__1__shape=[10**6, 10**7]), r"nodes\[1\].shape is .* of 1,099,511,627,776 elements"),
        (damaged(nodes__1__shape=[1] * 65), r"nodes\[1\].shape is .*expected a list of .* at most 64"),
        (damaged(nodes__1__index=-1), r"nodes\[1\].index is -1"),
        (damaged(sent__0__walk=-1), r"sent\[0\].walk is -1; expected the number of a walk"),
        (damaged(sent__0__walk=1), r"sent\[0\].walk is 1; expected the number of a walk"),
        (damaged(walks={}), "'walks' is no list"),
        (damaged(walks__0__purpose="fun"), r"walks\[0\].purpose is 'fun'; expected one of backward, grad, inside"),
        (damaged(walks__0__before=[{"of": 9, "data": []}]), r"walks\[0\].before\[0\].of is 9; expected the id"),
        (damaged(walks__0__before=[{"of": 0, "data": [1]}]), r"walks\[0\].before\[0\].data is '1 numbers'"),
        (damaged(nodes__0__dtype="S9999999999"), r"nodes\[0\].value.data .*expected numbers of type S9999999999"),
        (damaged(nodes__0__dtype="int8", nodes__0__value__data=[1, 1000]), r"expected numbers of type int8"),
        (damaged(nodes__1__settings={"axis": 1}), r"nodes\[1\].settings"),
        (damaged(nodes__0__value__norm="big"), r"nodes\[0\].value.norm is 'big'"),
        (damaged(nodes__0__value__norm=10**400), r"nodes\[0\].value.norm is 1000"),
        (damaged(sent__0__norm=-1.0), r"sent\[0\].norm is -1.0; expected a number.*, not below zero"),
        (
            damaged(nodes__0__value__data=[1.0]),
            r"nodes\[0\].value.data is '1 numbers'; expected as many as shape \(1, 2\)",
        ),
        (damaged(nodes__0__dtype="colour"), r"nodes\[0\].value.data .*expected numbers of type colour"),
        (damaged(nodes__0__dtype="0x1Ffloat32"), r"nodes\[0\].value.data .*expected numbers of type 0x1Ffloat32"),
        (damaged(nodes__0__dtype="2f4,i4"), r"nodes\[0\].value.data .*expected numbers of type 2f4,i4"),
        (damaged(sent__0__to=4), r"sent\[0\].to is 4; expected the id of a node"),
        (damaged(sent__0__to=0, sent__0__from=0), r"sent\[0\].to is 0; expected another node than the one"),
        (damaged(sent__0__data=[1.0]), r"sent\[0\].data"),
        (damaged(sent__0__at=[-1]), r"sent\[0\].at"),
        (damaged(nodes__1__at=[0, 99]), r"nodes\[1\].at"),
        (damaged(nodes__1__at=[0]), r"nodes\[1\].at is \[0\]; expected a place for each of its numbers"),
        (
            damaged(nodes__0__dtype="int64", nodes__0__value__data=[1e300, 0.0]),
            r"nodes\[0\].value.data .* expected numbers of type int64",
        ),
        (damaged(version="9" * 5000), r"version '9{1,39}, and version 2 is what"),
    ],
)
def test_what_does_not_fit_is_refused_with_its_place(text, said):
    with pytest.raises(DataError, match=said):
        Record.from_json(text)
