"""Compute tinygrad_seq/exercises/values.json from the solutions and the wrong answers, or check that it is theirs.

python tests/exercises/key/values.py            # write
python tests/exercises/key/values.py --check
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import ModuleType

import numpy as np

from tinygrad_seq.exercises import EXERCISES
from tinygrad_seq.exercises.answer import Answer
from tinygrad_seq.exercises.expected import VALUES
from tinygrad_seq.exercises.probes import PROBES

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from wrong import WRONG  # noqa: E402  of this folder


def solution(name):
    return (HERE / "solutions" / f"{name}.py").read_text("utf-8")


def module(name, text):
    """Return the text of an answer as a module."""
    made = ModuleType(name)
    exec(compile(text, f"{name}.py", "exec"), made.__dict__)  # noqa: S102  our own answers
    return made


def slipped(name, slip):
    """Return the solution with one change."""
    text = solution(name)
    if text.count(slip.right) != 1:
        raise SystemExit(f"{name}: {slip.right!r} occurs {text.count(slip.right)} times in the solution, not once.")
    return text.replace(slip.right, slip.wrong)


def said(name, text):
    """Return what an answer says, by case, as lists."""
    answer = Answer(module(name, text), EXERCISES[name].returns)
    with np.errstate(all="ignore"):
        cases = [case for probe in PROBES[name].values() for case in probe(answer).items()]
    return {case: np.asarray(value, float).round(10).tolist() for case, value in cases}


def computed():
    """Return all values: of a mistake those cases alone in which it differs."""
    found = {}
    for name in EXERCISES:
        expected = said(name, solution(name))
        mistakes = []
        for slip in WRONG[name]:
            values = said(name, slipped(name, slip))
            differs = {c: v for c, v in values.items() if not np.array_equal(v, expected[c], equal_nan=True)}
            mistakes.append({"says": slip.says, "values": differs})
        found[name] = {"expected": expected, "mistakes": mistakes}
    return json.dumps(found, separators=(",", ":")) + "\n"


if __name__ == "__main__":
    if "--check" in sys.argv[1:]:
        sys.exit(0 if VALUES.read_text("utf-8") == computed() else "values.json is not what the answers give.")
    VALUES.write_text(computed(), encoding="utf-8", newline="\n")
    print("wrote", VALUES)
