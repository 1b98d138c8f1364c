"""A text of our own making, for interpreters that ship no sources: small programs from a grammar.

Like real programs they have structure at every range: words, indentation, brackets that close, names that are declared
and then used, docstrings that say what the function does. Every program parses and uses no name it has not defined.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import TypeVar

import numpy as np

from tinygrad_seq.data.corpus import Corpus, VocabKind
from tinygrad_seq.data.vocab import Vocab

Choice = TypeVar("Choice")

PROGRAMS = 200

NOUNS = (
    "branch", "cell", "city", "color", "day", "edge", "event", "field", "group", "item", "key", "letter", "line",
    "match", "name", "node", "number", "page", "part", "path", "point", "price", "record", "row", "rule", "score",
    "sentence", "shape", "signal", "state", "step", "symbol", "table", "task", "token", "tree", "user", "value",
    "weight", "word",
)  # fmt: skip
QUALITIES = ("bad", "big", "early", "empty", "good", "long", "new", "odd", "old", "plain", "rare", "short", "simple")
LIMITS = ("limit", "maximum", "size", "threshold", "width")
WORDS = ("begin", "end", "error", "left", "none", "other", "right", "start", "stop", "unknown")


def fallback(*, vocab: VocabKind | Vocab = "chars", min_count: int = 20) -> Corpus:
    """Generated text of 200 small Python-like programs, the same on every machine.

    Args:
        vocab: "chars", "bytes", or a vocabulary that there is already.
        min_count: characters rarer than this become the unknown symbol.
    """
    documents = [(f"program_{seed:03}.py", program(seed)) for seed in range(PROGRAMS)]
    source = f"generated fallback text: {PROGRAMS} small programs from a grammar"
    return Corpus.from_documents(documents, vocab=vocab, min_count=min_count, source=source)


def program(seed: int) -> str:
    """One small program: a docstring, some functions about one or two kinds of things, a class."""
    dice = _Dice(seed)
    nouns = dice.several(NOUNS, 3)
    lines = [f'"""Functions for {_plural(nouns[0])} and {_plural(nouns[1])}."""', "", f"LIMIT = {dice.number()}"]
    for name in dice.several(tuple(_FUNCTIONS), 3 + dice.below(3)):
        lines += ["", "", *_FUNCTIONS[name](dice, dice.one(nouns), dice.one(QUALITIES))]
    lines += ["", "", *_class(dice, nouns[2])]
    return "\n".join(lines) + "\n"


class _Dice:
    """Draws from a bit generator's raw stream, which NumPy promises never to change (its `Generator` may)."""

    def __init__(self, seed: int) -> None:
        self._bits = np.random.PCG64(seed)

    def below(self, n: int) -> int:
        return int(self._bits.random_raw()) % n

    def one(self, options: Sequence[Choice]) -> Choice:
        return options[self.below(len(options))]

    def several(self, options: Sequence[Choice], count: int) -> list[Choice]:
        rest = list(options)
        return [rest.pop(self.below(len(rest))) for _ in range(count)]

    def number(self) -> int:
        return self.one((2, 3, 4, 5, 7, 8, 9, 10, 12, 16, 20, 32, 50, 64, 100, 128, 256, 1000))


def _plural(noun: str) -> str:
    if noun.endswith("y") and noun[-2] not in "aeiou":
        return noun[:-1] + "ies"
    return noun + ("es" if noun.endswith(("ch", "sh", "s", "x")) else "s")


def _indented(lines: Sequence[str]) -> Iterator[str]:
    return ("    " + line if line else line for line in lines)


def _condition(dice: _Dice, name: str, limit: str, depth: int = 0) -> str:
    if depth < 2 and dice.below(3) == 0:
        left, right = (_condition(dice, name, limit, depth + 1) for _ in range(2))
        whole = f"{left} {dice.one(('and', 'or'))} {right}"
        return f"({whole})" if depth else whole
    compare = dice.one(("<", ">", "<=", ">=", "==", "!="))
    return dice.one(
        (
            f"len({name}) {compare} {limit}",
            f"len({name}) {compare} {dice.number()}",
            f'{name} {dice.one(("==", "!="))} "{dice.one(WORDS)}"',
            f'{name}.startswith("{dice.one(WORDS)}")',
            f"not {name}",
        )
    )


def _guard(dice: _Dice, plural: str, empty: str) -> list[str]:
    return dice.one(
        (
            [],
            [f"if not {plural}:", f"    return {empty}"],
            [f"if not {plural}:", f'    raise ValueError("no {plural} given")'],
            [f"# Without {plural} there is nothing to do.", f"if len({plural}) == 0:", f"    return {empty}"],
        )
    )


def _function(signature: str, docstring: str, body: Sequence[str]) -> list[str]:
    return [f"def {signature}:", *_indented([f'"""{docstring}"""', *body])]


def _count(dice: _Dice, noun: str, quality: str) -> list[str]:
    plural, limit = _plural(noun), dice.one(LIMITS)
    return _function(
        f"count_{quality}_{plural}({plural}, {limit}={dice.number()})",
        f"Return how many of the {plural} are {quality}.",
        [
            *_guard(dice, plural, "0"),
            "count = 0",
            f"for {noun} in {plural}:",
            f"    if {_condition(dice, noun, limit)}:",
            "        count += 1",
            "return count",
        ],
    )


def _find(dice: _Dice, noun: str, quality: str) -> list[str]:
    plural = _plural(noun)
    place = dice.one(("first", "last"))
    order = f"reversed({plural})" if place == "last" else plural
    return _function(
        f"find_{quality}_{noun}({plural}, default=None)",
        f"Return the {place} {quality} {noun}, or the default if there is none.",
        [
            f"for {noun} in {order}:",
            f"    if {_condition(dice, noun, 'LIMIT')}:",
            f"        return {noun}",
            "return default",
        ],
    )


def _collect(dice: _Dice, noun: str, quality: str) -> list[str]:
    plural, result = _plural(noun), dice.one(("found", "kept", "result"))
    otherwise = dice.one(
        (
            [],
            ["    else:", f'        print("skipped", {noun})'],
            ["    elif index > LIMIT:", "        break"],
        )
    )
    return _function(
        f"{dice.one(('collect', 'select', 'filter'))}_{quality}_{plural}({plural})",
        f"Return a list of the {quality} {plural}, in the same order.",
        [
            *_guard(dice, plural, "[]"),
            f"{result} = []",
            f"for index, {noun} in enumerate({plural}):",
            f"    if {_condition(dice, noun, 'index')}:",
            f"        {result}.append({noun})",
            *otherwise,
            f"return {result}",
        ],
    )


def _group(dice: _Dice, noun: str, quality: str) -> list[str]:
    plural, mapping = _plural(noun), dice.one(("groups", "mapping", "table_of"))
    key = dice.one((f"len({noun})", f"{noun}[0]", f"{noun}.lower()", f'{noun}.strip("()")'))
    return _function(
        f"group_{plural}({plural})",
        f"Return a dictionary of lists of {quality} {plural}.",
        [
            f"{mapping} = {{}}",
            f"for {noun} in {plural}:",
            f"    key = {key}",
            f"    if key not in {mapping}:",
            f"        {mapping}[key] = []",
            f"    {mapping}[key].append({noun})",
            f"return {mapping}",
        ],
    )


def _join(dice: _Dice, noun: str, quality: str) -> list[str]:
    plural, parts = _plural(noun), dice.one(("parts", "pieces", "texts"))
    mark = dice.one((", ", "; ", " ", "-", "/"))
    return _function(
        f'join_{plural}({plural}, mark="{mark}")',
        f"Return one string of the {quality} {plural}, with a mark between them.",
        [
            f"{parts} = [str({noun}) for {noun} in {plural} if {_condition(dice, noun, 'LIMIT')}]",
            f"return mark.join({parts})",
        ],
    )


def _largest(dice: _Dice, noun: str, quality: str) -> list[str]:
    plural = _plural(noun)
    best, compare = dice.one((("longest", ">"), ("shortest", "<")))
    return _function(
        f"{best}_{noun}({plural})",
        f"Return the {best} of the {quality} {plural}.",
        [
            *_guard(dice, plural, "None"),
            f"{best} = None",
            f"for {noun} in {plural}:",
            f"    if {best} is None or len({noun}) {compare} len({best}):",
            f"        {best} = {noun}",
            f"return {best}",
        ],
    )


def _scan(dice: _Dice, noun: str, quality: str) -> list[str]:
    plural, opening, closing = _plural(noun), *dice.one((("(", ")"), ("[", "]"), ("{", "}")))
    return _function(
        f"scan_{plural}({plural})",
        f"Return the depth of brackets at the end of the {quality} {plural}.",
        [
            "depth = 0",
            "index = 0",
            f"while index < len({plural}):",
            f"    {noun} = {plural}[index]",
            f'    if {noun} == "{opening}":',
            "        depth += 1",
            f'    elif {noun} == "{closing}":',
            "        depth -= 1",
            f"    index += 1  # the next {noun}",
            "return depth",
        ],
    )


_FUNCTIONS = {
    "collect": _collect,
    "count": _count,
    "find": _find,
    "group": _group,
    "join": _join,
    "largest": _largest,
    "scan": _scan,
}


def _class(dice: _Dice, noun: str) -> list[str]:
    plural, quality, limit = _plural(noun), dice.one(QUALITIES), dice.one(LIMITS)
    methods = [
        _function(
            f"__init__(self, {plural}=(), {limit}=LIMIT)",
            f"Start with these {plural}.",
            [f"self.{plural} = list({plural})", f"self.{limit} = {limit}"],
        ),
        _function("__len__(self)", f"Return the number of {plural}.", [f"return len(self.{plural})"]),
        _function(
            f"add(self, {noun})",
            f"Add one {noun}, unless it is {quality}.",
            [
                f"if {_condition(dice, noun, f'self.{limit}')}:",
                f'    raise ValueError(f"the {noun} is {quality}: {{{noun}}}")',
                f"self.{plural}.append({noun})",
            ],
        ),
    ]
    body = chain([f'"""A collection of {plural}."""'], *(["", *method] for method in methods))
    return [f"class {noun.capitalize()}List:", *_indented(list(body))]
