"""A pure update as a program that works in place: traced once a step, so that the recurrence stays the only text of it.

`update` is called with stand-ins for its arrays, which write down what is done to them. The results of the calls are
then given places: a new value goes where the old one was as soon as nobody reads that any more, the others share a few
scratch arrays. A backend runs the program block by block, in its cache; it makes the same calls on the same numbers in
the same order, so the result is the pure one, bit for bit.

What is more than elementwise arithmetic (a sum, a shape, a comparison) cannot be traced, and is run as it stands.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from ..backend import Call, Program

__all__ = ["traced"]


class Tape:
    """The calls so far. Values are numbered: the inputs first, then the result of each call; constants below zero."""

    def __init__(self, inputs: int) -> None:
        self.inputs = inputs
        self.calls: list[tuple[str, tuple[int, ...]]] = []
        self.constants: list[float] = []

    def call(self, name: str, *operands: Any) -> Value:
        """Write a call down and return its result."""
        self.calls.append((name, tuple([x.number if type(x) is Value else self.constant(x) for x in operands])))
        return Value(self, self.inputs + len(self.calls) - 1)

    def constant(self, x: Any) -> int:
        """Return the number of an operand that is no value. Raises TypeError for what is no Python number either."""
        if not isinstance(x, int | float):
            raise TypeError(f"a {type(x).__name__} cannot be traced")
        self.constants.append(float(x))
        return -len(self.constants)


class Value:
    """Stands for an array while an update is traced."""

    __slots__ = ("number", "tape")
    __array_ufunc__ = None

    def __init__(self, tape: Tape, number: int) -> None:
        self.tape = tape
        self.number = number

    def __bool__(self) -> bool:
        raise TypeError("the truth of an array cannot be traced")

    def __add__(self, other: Any) -> Value:
        return self.tape.call("add", self, other)

    def __radd__(self, other: Any) -> Value:
        return self.tape.call("add", other, self)

    def __sub__(self, other: Any) -> Value:
        return self.tape.call("subtract", self, other)

    def __rsub__(self, other: Any) -> Value:
        return self.tape.call("subtract", other, self)

    def __mul__(self, other: Any) -> Value:
        return self.tape.call("multiply", self, other)

    def __rmul__(self, other: Any) -> Value:
        return self.tape.call("multiply", other, self)

    def __truediv__(self, other: Any) -> Value:
        return self.tape.call("divide", self, other)

    def __rtruediv__(self, other: Any) -> Value:
        return self.tape.call("divide", other, self)

    def __neg__(self) -> Value:
        return self.tape.call("negative", self)


class Functions:
    """The array functions that can be traced; asking for another one is an AttributeError."""

    def __init__(self, tape: Tape) -> None:
        self.tape = tape

    def abs(self, x: Any, /) -> Value:
        return self.tape.call("abs", x)

    def sign(self, x: Any, /) -> Value:
        return self.tape.call("sign", x)

    def sqrt(self, x: Any, /) -> Value:
        return self.tape.call("sqrt", x)

    def exp(self, x: Any, /) -> Value:
        return self.tape.call("exp", x)

    def maximum(self, a: Any, b: Any, /) -> Value:
        return self.tape.call("maximum", a, b)

    def minimum(self, a: Any, b: Any, /) -> Value:
        return self.tape.call("minimum", a, b)


def traced(
    update: Callable[..., tuple[Any, dict[str, Any]]], t: int, slots: Sequence[str], settings: Mapping[str, Any]
) -> Program | None:
    """Return step t of an update as a program over the arrays p, g, *slots; None where it cannot be traced."""
    tape = Tape(2 + len(slots))
    p, g, *others = (Value(tape, i) for i in range(tape.inputs))
    try:
        new_p, new = update(Functions(tape), t, p, g, **dict(zip(slots, others, strict=True)), **settings)
        results = {0: new_p.number} | {home: new[slot].number for home, slot in enumerate(slots, start=2)}
    except (AttributeError, KeyError, TypeError):
        return None
    unmade = any(number < tape.inputs and number != home for home, number in results.items())
    if unmade or new.keys() != set(slots):
        return None
    calls, scratch = placed(tuple(tape.calls), tape.inputs, len(tape.constants), tuple(results.items()))
    return Program(calls, tape.inputs, tuple(tape.constants), scratch)


@lru_cache(maxsize=64)
def placed(
    made: tuple[tuple[str, tuple[int, ...]], ...], inputs: int, constants: int, results: tuple[tuple[int, int], ...]
) -> tuple[tuple[Call, ...], int]:
    """Return the calls with a place for every value, and how much scratch they take.

    `results` are pairs: an input, and the value that belongs into its array. The steps of a training differ in their
    constants alone, so the places are found once.
    """
    last_read = {number: k for k, (_, reads) in enumerate(made) for number in reads}
    last_read |= dict.fromkeys(dict(results).values(), len(made))
    homes = {number: home for home, number in results}
    places = {i: i for i in range(inputs)}
    places |= {-1 - i: inputs + i for i in range(constants)}
    first_scratch = end = len(places)
    free: list[int] = []
    calls = []
    for k, (name, reads) in enumerate(made):
        number, at = inputs + k, tuple(places[i] for i in reads)
        free += {places[i] for i in reads if last_read[i] == k and places[i] >= first_scratch}
        home = homes.get(number)
        if home is not None and last_read.get(home, -1) <= k:
            places[number] = home
        elif free:
            places[number] = free.pop()
        else:
            places[number], end = end, end + 1
        calls.append(Call(name, at, places[number]))
    calls += [Call("positive", (places[i],), home) for home, i in results if places[i] != home]
    return tuple(calls), end - first_scratch
