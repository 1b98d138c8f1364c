"""Damage, drawn at random: of bytes, as a disk or a cable does it, and of what a file says, as an enemy does it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from copy import deepcopy
from random import Random
from typing import Any

__all__ = ["damaged", "rewritten"]

NUMBER = re.compile(rb"-?\d+(\.\d+)?(e-?\d+)?")
HOSTILE_TEXTS = (
    *(b"", b"null", b"true", b"-1", b"0", b"1e999", b"-1e999", b"NaN", b"Infinity", b"[]", b"{}", b'""', b"0x1F"),
    *(b"18446744073709551616", b"9223372036854775807", b"1" + b"0" * 400, b"1" * 5000, b"1e308", b"[" * 50_000),
    *(b'{"a":' * 20_000, b'"\\ud800"', b"\xff\xfe", b"\xed\xa0\x80", b"\x00", b"\xf4\x90\x80\x80", b"__import__('os')"),
    *(b"</script><script>alert(1)</script>", b"../../../../etc/passwd", b"!!python/object/apply:os.system ['true']"),
    *(b"cos\nsystem\n(S'true'\ntR.", b"PK\x03\x04", b"\x80\x04\x95", b"%s%n{0.__class__}{{7*7}}", b"$(touch x)`x`"),
)
HOSTILE_VALUES: tuple[Any, ...] = (
    *(None, True, False, -1, 0, 1, 2, 2**31, 2**62, 2**63, 2**64, 10**30, 10**400, -(2**63), 0.5, -0.0, 1e-320, 1e308),
    *(float("nan"), float("inf"), float("-inf"), "", "x", "NaN", "float16", "object", "O", "complex128", "V8", "U9"),
    *("x" * 3000, "\ud800", "\x00", "../../etc/passwd", "</script><script>alert(1)</script>", "-", "stdlib", "numpy"),
    *([], {}, [[]], [None], {"": None}, [1, 2, 3], ["a", "b"], [2**40] * 4, {"kind": "chars"}, [0] * 5000),
)


def damaged(content: bytes, dice: Random) -> bytes:
    """Return bytes with one to three accidents in them."""
    for _ in range(dice.choice((1, 1, 1, 2, 3))):
        content = dice.choice(ACCIDENTS)(content, dice)
    return content


def rewritten(content: Any, dice: Random) -> Any:
    """Return JSON data in which one to three places were replaced, left out, doubled or swapped."""
    content = json.loads(json.dumps(content))
    for _ in range(dice.choice((1, 1, 1, 2, 3))):
        places = list(containers(content))
        if not places:
            return hostile(dice)
        place = dice.choice(places)
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        key = dice.choice(keys)
        match dice.randrange(8):
            case 0:
                del place[key]
            case 1:
                other = dice.choice(places)
                place[key] = json.loads(json.dumps(other))
            case 2:
                second = dice.choice(keys)
                place[key], place[second] = place[second], place[key]
            case 3 if isinstance(place, dict):
                place[dice.choice(("", "x", "__class__", "step", "\ud800"))] = place.pop(key)
            case 4 if type(place[key]) in (int, float):
                place[key] *= dice.choice((-1, 2, 10**6, 10**18, type(place[key])(1e300)))
            case _:
                place[key] = hostile(dice)
    return content


def hostile(dice: Random) -> Any:
    """Return a value of its own: what is done to one mutant next must not reach another."""
    return deepcopy(dice.choice(HOSTILE_VALUES))


def containers(content: Any) -> list[Any]:
    """Return every list and object in JSON data that has something in it."""
    found, stack = [], [content]
    while stack:
        one = stack.pop()
        if isinstance(one, dict | list) and one:
            found.append(one)
            stack += one.values() if isinstance(one, dict) else one
    return found


def truncate(content: bytes, dice: Random) -> bytes:
    return content[: dice.randrange(len(content) + 1)]


def flip(content: bytes, dice: Random) -> bytes:
    result = bytearray(content)
    for _ in range(dice.choice((1, 1, 2, 8, 64)) if content else 0):
        result[dice.randrange(len(result))] ^= 1 << dice.randrange(8)
    return bytes(result)


def overwrite(content: bytes, dice: Random) -> bytes:
    start = dice.randrange(len(content) + 1)
    length = dice.choice((1, 8, 100, 4096))
    return content[:start] + bytes([dice.choice((0, 255, dice.randrange(256)))]) * length + content[start + length :]


def splice(content: bytes, dice: Random) -> bytes:
    a, b, c = (dice.randrange(len(content) + 1) for _ in range(3))
    return content[:a] + content[min(b, c) : max(b, c)] + content[dice.choice((a, max(b, c))) :]


def leave_out(content: bytes, dice: Random) -> bytes:
    start = dice.randrange(len(content) + 1)
    return content[:start] + content[start + dice.choice((1, 2, 8, 1000)) :]


def insert(content: bytes, dice: Random) -> bytes:
    start = dice.randrange(len(content) + 1)
    return content[:start] + dice.choice(HOSTILE_TEXTS) + content[start:]


def change_number(content: bytes, dice: Random) -> bytes:
    numbers = list(NUMBER.finditer(content[: 1 << 16]))
    if not numbers:
        return content
    start, stop = dice.choice(numbers).span()
    return content[:start] + dice.choice(HOSTILE_TEXTS) + content[stop:]


def lie_about_the_header(content: bytes, dice: Random) -> bytes:
    said = int.from_bytes(content[:8], "little")
    lies = (0, 1, said - 1, said + 1, len(content) - 8, len(content), 2**31, 2**40, 2**63 - 1, 2**64 - 1)
    return (dice.choice(lies) % 2**64).to_bytes(8, "little") + content[8:]


def begin_otherwise(content: bytes, dice: Random) -> bytes:
    return dice.choice(HOSTILE_TEXTS) + content


ACCIDENTS: tuple[Callable[[bytes, Random], bytes], ...] = (
    *(truncate, flip, overwrite, splice, leave_out, insert, change_number, change_number, lie_about_the_header),
    begin_otherwise,
)
