"""`exercise` and `check`, as a student calls them."""

from __future__ import annotations

import json
from pathlib import Path

from tinygrad_seq.exercises import EXERCISES

SOLUTIONS = Path(__file__).resolve().parents[1] / "exercises" / "key" / "solutions"


def test_list_names_every_exercise_and_what_to_type_next(call):
    done = call("exercise", "list")
    assert done.code == 0
    assert all(name in done.out for name in EXERCISES)
    assert "Next:  tinygrad-seq exercise new topological_backward" in done.out


def test_from_new_to_green(call):
    done = call("exercise", "new", "broadcast_sum")
    assert "Next:  tinygrad-seq check broadcast_sum" in done.out
    done = call("check", "broadcast_sum")
    assert done.code == 1
    assert done.out.count("not yet ") == 2
    Path("broadcast_sum.py").write_text("def unbroadcast(g, shape):\n    return g\n")
    assert "expected shape" in call("check", "broadcast_sum").out
    Path("broadcast_sum.py").write_text((SOLUTIONS / "broadcast_sum.py").read_text())
    done = call("check", "broadcast_sum")
    assert done.code == 0
    assert "2 of 2. Well done." in done.out
    assert "Next:  tinygrad-seq exercise new rnn_step" in done.out


def test_json_is_gradescopes_and_nothing_else(call):
    done = call("check", "unroll", "--file", SOLUTIONS / "unroll.py", "--json")
    assert done.code == 0
    assert json.loads(done.out)["score"] == 2.0


def test_what_is_not_there_says_what_is(call):
    assert "There are: topological_backward" in call("check", "lstm").err
    assert "There are: topological_backward" in call("exercise", "new", "lstm").err
    assert "tinygrad-seq exercise new unroll" in call("check", "unroll").err
