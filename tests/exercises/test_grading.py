"""The grader: stubs fail, solutions pass, a wrong answer is told what is wrong, and no solution is shipped."""

from __future__ import annotations

import ast
import importlib.util
import re
import sys
from pathlib import Path

import pytest

import tinygrad_seq.exercises
from tinygrad_seq.errors import ConfigError
from tinygrad_seq.exercises import EXERCISES, check, gradescope, load, new
from tinygrad_seq.exercises.expected import VALUES
from tinygrad_seq.exercises.stub import STUBS

HERE = Path(__file__).resolve().parent
SHIPPED = Path(tinygrad_seq.exercises.__file__).parent


@pytest.fixture(scope="module")
def key():
    """The instructor's key."""
    spec = importlib.util.spec_from_file_location("values", HERE / "key" / "values.py")
    module = importlib.util.module_from_spec(spec)
    before = list(sys.path)
    spec.loader.exec_module(module)
    sys.path[:] = before
    return module


every_exercise = pytest.mark.parametrize("name", EXERCISES)
every_wrong_answer = pytest.mark.parametrize(
    ("name", "i"), [(name, i) for name in EXERCISES for i in range(6 if name == "topological_backward" else 5)], ids=str
)


@every_exercise
def test_a_stub_fails_every_check_as_not_written_yet(name, tmp_path):
    outcomes = check(name, load(new(name, tmp_path)))
    assert len(outcomes) == 2
    for outcome in outcomes:
        assert not outcome.holds
        assert "not written yet" in outcome.says


@every_exercise
def test_the_reference_solution_passes_every_check(name):
    outcomes = check(name, load(HERE / "key" / "solutions" / f"{name}.py"))
    assert [outcome.says for outcome in outcomes] == ["", ""]
    assert all(outcome.holds for outcome in outcomes)


def test_there_are_five_wrong_answers_to_each_and_their_messages_are_their_own(key):
    assert set(key.WRONG) == set(EXERCISES)
    for name, slips in key.WRONG.items():
        assert len({slip.says for slip in slips}) == 5, name


@every_wrong_answer
def test_a_wrong_answer_fails_with_its_own_message(key, name, i):
    slip = key.WRONG[name][i]
    values, _ = check(name, key.module(name, key.slipped(name, slip)))
    assert not values.holds
    says, where = values.says.split("\n")
    assert says == slip.says
    assert re.match(r".+: expected .+, got .+\.$", where)


def test_the_committed_values_are_those_of_the_key(key):
    assert VALUES.read_text("utf-8") == key.computed()


@every_exercise
def test_no_line_of_a_solution_is_in_what_a_student_receives(name):
    shipped = "\n".join(path.read_text("utf-8") for path in SHIPPED.rglob("*.py"))
    kept = {re.sub(r"\s+", "", line) for line in shipped.splitlines()}
    body = (HERE / "key" / "solutions" / f"{name}.py").read_text("utf-8")
    lines = [re.sub(r"\s+", "", line) for line in body.splitlines() if len(line.strip()) > 24]
    own = [line for line in lines if not line.startswith(("def", "class", "import", "from", "self.", '"""'))]
    assert own
    assert [line for line in own if line in kept] == []


@every_exercise
def test_a_stub_states_the_equation_the_shapes_and_a_hint_and_computes_nothing(name):
    text = (STUBS / f"{name}.py").read_text("utf-8")
    module = ast.parse(text)
    said = ast.get_docstring(module) + "".join(
        ast.get_docstring(f) for f in ast.walk(module) if isinstance(f, ast.FunctionDef) and f.name != "__init__"
    )
    assert said.startswith(f"Exercise {list(EXERCISES).index(name) + 1}: ")
    assert "=" in said
    assert "Hint: " in said
    asked = [f for f in module.body if isinstance(f, ast.FunctionDef)]
    assert asked
    assert all(isinstance(f.body[-1], ast.Raise) and len(f.body) == 2 for f in asked)


def test_an_answer_is_never_overwritten(tmp_path):
    new("unroll", tmp_path)
    with pytest.raises(ConfigError, match="is there already"):
        new("unroll", tmp_path)


def test_a_wrong_number_that_nobody_foresaw_is_told_where_and_what_was_expected(key):
    text = key.solution("unroll").replace("return np.stack(hs)", "return np.stack(hs) * 1.5")
    values, _ = check("unroll", key.module("unroll", text))
    assert re.fullmatch(r"hidden states: expected -?[\d.]+ at index \(\d, \d, \d\), got -?[\d.]+\.", values.says)


def test_what_an_answer_raises_is_reported(key):
    values, _ = check("unroll", key.module("unroll", "def unroll(*args):\n    return args[9]"))
    assert values.says == "it raised IndexError: tuple index out of range"


DEEP = """
class Node:
    def __init__(self, value, parents=()):
        self.value, self.parents, self.grad = value, parents, 0.0

def backward(output):
    order = []
    def visit(node):
        if node not in order:
            for parent, _ in node.parents:
                visit(parent)
            order.append(node)
    visit(output)
    output.grad = 1.0
    for node in reversed(order):
        for parent, d in node.parents:
            parent.grad += node.grad * d
"""
PEEKS = "import numpy as np\ndef unroll(xs, h, *w):\n    return np.tanh(xs[:, :, :1].sum() + np.zeros((len(xs), 2, 4)))"
IN_PLACE = ("return p - lr * z, z", "p -= lr * z\n    return p, z")
OVERFLOWS = ("z = logits - logits.max(axis=-1, keepdims=True)", "z = logits")


@pytest.mark.parametrize(
    ("name", "change", "said"),
    [
        ("topological_backward", DEEP, "RecursionError"),
        ("unroll", PEEKS, "past only"),
        ("optimizers", IN_PLACE, "momentum wrote into an array"),
        ("masked_loss", OVERFLOWS, "scores of 1000"),
        ("broadcast_sum", ("return g.sum", "return 2 * g.sum"), "is not the gradient"),
        ("rnn_step", ("da_t @ W_ih, da_t", "2 * da_t @ W_ih, da_t"), "dx_t is not the gradient"),
        ("truncated_bptt", ("dh_next = da @ W_hh", "dh_next = 0.5 * da @ W_hh"), "with k = T"),
        ("lstm_cell", ("np.tanh(c_t)\n", "np.tanh(c_t) + h_prev.mean(axis=0)\n"), "rows must not see each other"),
        ("gru_forms", ("(1 - z) * n", "(2 - z) * n"), "can never leave"),
        ("find_a_cell", ("np.argmax(train)", "np.argmin(train)"), "unit 0 was made to be the label"),
    ],
)
def test_the_property_is_checked_and_said_in_words(key, name, change, said):
    text = change if isinstance(change, str) else key.solution(name).replace(*change)
    assert text != key.solution(name)
    _, held = check(name, key.module(name, text))
    assert not held.holds
    assert said in held.says


def test_results_are_gradescopes(key):
    outcomes = check("unroll", key.module("unroll", key.slipped("unroll", key.WRONG["unroll"][0])))
    results = gradescope(outcomes)
    assert results["score"] == 1.0
    assert [(test["score"], test["max_score"], test["status"]) for test in results["tests"]] == [
        (0.0, 1.0, "failed"),
        (1.0, 1.0, "passed"),
    ]
    assert results["tests"][0]["output"] == outcomes[0].says


@pytest.mark.parametrize(
    ("text", "said"), [(None, "exercise new unroll"), ("def unroll(:", "SyntaxError"), ("1 / 0", "ZeroDivisionError")]
)
def test_a_file_that_is_not_there_or_cannot_be_read_says_so(tmp_path, text, said):
    path = tmp_path / "unroll.py"
    if text is not None:
        path.write_text(text)
    with pytest.raises(ConfigError, match=said):
        load(path)
