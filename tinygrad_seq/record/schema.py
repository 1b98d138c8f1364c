"""The record as JSON: format `tinygrad_seq.record`, version 2. docs/record.md describes it.

A number that JSON cannot write is the string "NaN", "Infinity" or "-Infinity", which JavaScript's `Number()` and
Python's `float()` read. Numbers of an array have the fewest digits that name them in the array's own type.
"""

from __future__ import annotations

import json
import re
import reprlib
from collections.abc import Sequence
from math import prod
from typing import Any, get_args

import numpy as np

from ..scope import Purpose
from .entries import Entry, Sent, Walk
from .format import COUNT, LENGTH, OBJECT, REAL, TEXT, TEXTS, TRUTH, WHOLE, Check, Format, listed, maybe, real, whole
from .summary import Summary

__all__ = ["FORMAT", "VERSION", "from_json", "to_json"]

FORMAT = "tinygrad_seq.record"
VERSION = 2
RECORD = Format(
    FORMAT, VERSION, "record", "Record it again, or read it with the release of tinygrad_seq that wrote it."
)
KINDS = ("parameter", "input", "constant", "op", "result")
TYPE_NAME = re.compile("[a-z]+[0-9]*")
MOST_STEPS = 1_000_000  # what is drawn takes room for each
MOST_NUMBERS = 2**40  # in one array: a record holds its shape, and whoever reads it may make one
MOST_AXES = 64


def to_json(nodes: Sequence[Entry], sent: Sequence[Sent], walks: Sequence[Walk]) -> str:
    """Return a record as JSON text, the same for the same record."""
    lists = {"nodes": [node(x) for x in nodes], "walks": [walk(x) for x in walks], "sent": [part(x) for x in sent]}
    written = {"format": FORMAT, "version": VERSION, **lists}
    return json.dumps(written, allow_nan=False, ensure_ascii=True, separators=(",", ":"))


def node(entry: Entry) -> dict[str, Any]:
    """Return an entry as JSON writes it."""
    written: dict[str, Any] = {
        "id": entry.id,
        "kind": entry.kind,
        "op": entry.op,
        "name": entry.name,
        "path": entry.path,
        "t": entry.t,
        "backward": entry.backward,
        "shape": None if entry.shape is None else list(entry.shape),
        "dtype": entry.dtype,
        "inputs": list(entry.inputs),
        "index": entry.index,
        "settings": entry.settings,
        "value": size(entry.value),
        "gradient": size(entry.gradient),
        "view_of": entry.view_of,
    }
    return written if entry.at is None else written | {"at": entry.at.tolist()}


def size(summary: Summary | None) -> dict[str, Any] | None:
    if summary is None:
        return None
    written: dict[str, Any] = {
        "norm": number(summary.norm),
        "min": number(summary.min),
        "max": number(summary.max),
    }
    return written if summary.data is None else written | {"data": numbers(summary.data)}


def walk(own: Walk) -> dict[str, Any]:
    """Return a backward walk as JSON writes it."""
    return {"purpose": own.purpose, "before": [{"of": i, "data": numbers(x)} for i, x in own.before.items()]}


def part(sent: Sent) -> dict[str, Any]:
    written: dict[str, Any] = {
        "walk": sent.walk,
        "from": sent.source,
        "to": sent.target,
        "norm": number(sent.norm),
    }
    if sent.total is not None:
        written["total"] = number(sent.total)
    if sent.data is not None:
        written["data"] = numbers(sent.data)
    return written if sent.at is None else written | {"at": sent.at.tolist()}


def number(x: float | None) -> float | str | None:
    """Return a number that JSON can hold.

    >>> number(0.5), number(float("nan")), number(float("-inf")), number(None)
    (0.5, 'NaN', '-Infinity', None)
    """
    if x is None or x - x == 0:
        return x
    return "NaN" if x != x else "Infinity" if x > 0 else "-Infinity"  # noqa: PLR0124  NaN differs from itself


def numbers(array: np.ndarray) -> list[Any]:
    """Return the numbers of an array, flat, in C order."""
    flat = array.ravel()
    if flat.dtype.kind != "f":
        return flat.astype(np.int64).tolist()
    listed = flat.tolist() if flat.dtype == np.float64 else [float(text) for text in flat.astype("U").tolist()]
    return listed if np.isfinite(flat).all() else [number(x) for x in listed]


def from_json(text: str) -> tuple[list[Entry], list[Sent], list[Walk]]:
    """Return nodes, what was sent, and the walks. Raises DataError that says what does not fit, and where."""
    given = RECORD.read(text)
    RECORD.objects(given, "nodes", "walks", "sent")
    nodes: list[Entry] = []
    for i, one in enumerate(given["nodes"]):
        nodes.append(read_node(nodes, f"nodes[{i}]", one))
    walks = [read_walk(nodes, f"walks[{i}]", one) for i, one in enumerate(given["walks"])]
    return nodes, [read_part(nodes, walks, f"sent[{i}]", one) for i, one in enumerate(given["sent"])], walks


def read_node(nodes: Sequence[Entry], where: str, given: Any) -> Entry:
    """Return the node that comes after those read so far."""
    RECORD.expect(where, given, NODE, {"at": PLACES})
    i = len(nodes)
    if given["id"] != i:
        raise RECORD.damaged(where, "id", given["id"], f"{i}, its place in the list")
    if any(x is not None and not 0 <= x < i for x in given["inputs"]):
        raise RECORD.damaged(where, "inputs", given["inputs"], "ids of earlier nodes, or null")
    if given["kind"] == "result" and [x is None for x in given["inputs"]] != [False]:
        raise RECORD.damaged(where, "inputs", given["inputs"], "the id of the operation whose result it is")
    if given["view_of"] is not None and not 0 <= given["view_of"] < i:
        raise RECORD.damaged(where, "view_of", given["view_of"], "the id of an earlier node, or null")
    shape = None if given["shape"] is None else tuple(given["shape"])
    entry = Entry(i, given["kind"], shape, given["dtype"])
    entry.op, entry.name, entry.path = given["op"], given["name"], given["path"]
    entry.t, entry.backward, entry.index = given["t"], given["backward"], given["index"]
    entry.inputs, entry.settings, entry.view_of = tuple(given["inputs"]), given["settings"], given["view_of"]
    entry.value = read_size(f"{where}.value", given["value"], entry)
    entry.gradient = read_size(f"{where}.gradient", given["gradient"], entry)
    if "at" in given:
        entry.at = places(where, given["at"], None if entry.view_of is None else nodes[entry.view_of])
        if shape is None or len(entry.at) != prod(shape):
            raise RECORD.damaged(where, "at", given["at"], "a place for each of its numbers")
    return entry


def read_walk(nodes: Sequence[Entry], where: str, given: Any) -> Walk:
    """Return a backward walk."""
    RECORD.expect(where, given, WALK)
    before = {}
    for k, one in enumerate(given["before"]):
        here = f"{where}.before[{k}]"
        RECORD.expect(here, one, BEFORE)
        if not 0 <= one["of"] < len(nodes):
            raise RECORD.damaged(here, "of", one["of"], "the id of a node")
        before[one["of"]] = array(here, one["data"], nodes[one["of"]], None)
    return Walk(given["purpose"], before)


def read_part(nodes: Sequence[Entry], walks: Sequence[Walk], where: str, given: Any) -> Sent:
    """Return one part of a gradient."""
    RECORD.expect(where, given, SENT, {"total": LENGTH, "data": LIST_OF_NUMBERS, "at": PLACES})
    if not 0 <= given["walk"] < len(walks):
        raise RECORD.damaged(where, "walk", given["walk"], "the number of a walk")
    for key in ("from", "to"):
        if not 0 <= given[key] < len(nodes):
            raise RECORD.damaged(where, key, given[key], "the id of a node")
    if given["from"] == given["to"]:
        raise RECORD.damaged(where, "to", given["to"], "another node than the one that sent it")
    target = nodes[given["to"]]
    total = float(given["total"]) if "total" in given else None
    data = at = None
    if "at" in given:
        at = places(where, given["at"], target)
    if "data" in given:
        data = array(where, given["data"], target, None if at is None else (len(at),))
        if target.view_of is not None and target.at is None and target.shape != nodes[target.view_of].shape:
            raise RECORD.damaged(
                where, "data", given["data"], "none, for it is not said where it lies in the parameter"
            )
    return Sent(given["walk"], given["from"], given["to"], float(given["norm"]), data, at, total)


def read_size(where: str, given: Any, entry: Entry) -> Summary | None:
    """Return the size of an array as it was written."""
    if given is None:
        return None
    RECORD.expect(where, given, SIZE, {"data": LIST_OF_NUMBERS})
    data = array(where, given["data"], entry, entry.shape) if "data" in given else None
    return Summary(float(given["norm"]), given_number(given["min"]), given_number(given["max"]), data)


def given_number(x: Any) -> Any:
    return float(x) if isinstance(x, str) else x


def array(where: str, given: list[Any], entry: Entry, shape: Any) -> np.ndarray:
    """Return listed numbers as an array of the node's type; its own shape unless another is given."""
    shape = entry.shape if shape is None else shape
    if shape is None or entry.dtype is None or len(given) != prod(shape):
        raise RECORD.damaged(where, "data", f"{len(given)} numbers", f"as many as shape {reprlib.repr(shape)} holds")
    try:
        return np.array([given_number(x) for x in given], type_of_numbers(entry.dtype)).reshape(shape)
    except (TypeError, ValueError, OverflowError) as e:
        raise RECORD.damaged(where, "data", given[:3], f"numbers of type {entry.dtype:.40}") from e


def type_of_numbers(name: str) -> np.dtype[Any]:
    """Return a type by its name. Raises TypeError for one that holds no numbers, such as texts of any length."""
    if not TYPE_NAME.fullmatch(name):  # NumPy has Python parse what may be a list of types
        raise TypeError(name)
    dtype = np.dtype(name)
    if dtype.kind not in "biuf":
        raise TypeError(name)
    return dtype


def places(where: str, given: list[int], entry: Entry | None) -> np.ndarray:
    """Return places in the array of a node."""
    size = 0 if entry is None or entry.shape is None else prod(entry.shape)
    if any(not 0 <= i < size for i in given):
        raise RECORD.damaged(where, "at", given, f"places in an array of {size}")
    return np.array(given, np.intp)


def shape_of_an_array(x: Any) -> bool:
    return isinstance(x, list) and all(map(COUNT[0], x)) and len(x) <= MOST_AXES and prod(x) <= MOST_NUMBERS


STEP: Check = (lambda x: whole(x) and 0 <= x < MOST_STEPS), f"a whole number from 0, below {MOST_STEPS:,}"
SHAPE: Check = shape_of_an_array, f"a list of whole numbers from 0, at most {MOST_AXES}, of {MOST_NUMBERS:,} elements"
PLACES: Check = listed(whole), "a list of whole numbers"
LIST_OF_NUMBERS: Check = listed(real), "a list of numbers"

NODE: dict[str, Check] = {
    "id": WHOLE,
    "kind": ((lambda x: x in KINDS), f"one of {', '.join(KINDS)}"),
    "op": TEXT,
    "name": TEXT,
    "path": TEXT,
    "t": maybe(STEP),
    "backward": TRUTH,
    "shape": maybe(SHAPE),
    "dtype": maybe(TEXT),
    "inputs": (listed(lambda x: x is None or whole(x)), "a list of ids"),
    "index": maybe(COUNT),
    "settings": TEXTS,
    "value": maybe(OBJECT),
    "gradient": maybe(OBJECT),
    "view_of": maybe(WHOLE),
}
SIZE: dict[str, Check] = {"norm": LENGTH, "min": maybe(REAL), "max": maybe(REAL)}
WALK: dict[str, Check] = {
    "purpose": ((lambda x: x in get_args(Purpose)), f"one of {', '.join(get_args(Purpose))}"),
    "before": (lambda x: isinstance(x, list), "a list"),
}
BEFORE: dict[str, Check] = {"of": WHOLE, "data": LIST_OF_NUMBERS}
SENT: dict[str, Check] = {"walk": WHOLE, "from": WHOLE, "to": WHOLE, "norm": LENGTH}
