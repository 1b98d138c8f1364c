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
from tinygrad_seq.exercises import EXERCISES, answers, check, gradescope, load, new
from tinygrad_seq.exercises.expected import VALUES
from tinygrad_seq.exercises.stub import STUBS

HERE = Path(__file__).resolve().parent
SHIPPED = Path(tinygrad_seq.exercises.__file__).parent


def key_of_the_instructor():
    spec = importlib.util.spec_from_file_location("values", HERE / "key" / "values.py")
    module = importlib.util.module_from_spec(spec)
    before = list(sys.path)
    spec.loader.exec_module(module)
    sys.path[:] = before
    return module


KEY = key_of_the_instructor()


@pytest.fixture
def key():
    """The instructor's key."""
    return KEY


every_exercise = pytest.mark.parametrize("name", EXERCISES)
every_wrong_answer = pytest.mark.parametrize(
    ("name", "i"), [(name, i) for name, slips in KEY.WRONG.items() for i in range(len(slips))], ids=str
)


@every_exercise
def test_a_stub_fails_every_check_as_not_written_yet(name, tmp_path):
    outcomes = check(name, load(new(name, tmp_path)))
    assert len(outcomes) >= 3
    for outcome in outcomes:
        assert not outcome.holds
        assert "not written yet" in outcome.says


@every_exercise
def test_the_reference_solution_passes_every_check(name):
    outcomes = check(name, load(HERE / "key" / "solutions" / f"{name}.py"))
    assert [outcome.says for outcome in outcomes if not outcome.holds] == []


@every_exercise
def test_values_are_worth_six_points_of_ten_and_two_other_checks_two_each(name):
    checks = EXERCISES[name].checks
    values = [one for one in checks if one.name.startswith("values: ")]
    others = [one for one in checks if one not in values]
    assert sum(one.points for one in values) == 6
    assert [one.points for one in others] == [2, 2]
    kinds = [one.name.partition(":")[0] for one in others]
    has_none = name in ("optimizers", "find_a_cell")
    assert kinds == (["property", "property"] if has_none else ["gradient", "property"])


def test_there_are_five_wrong_answers_to_each_and_their_messages_are_their_own(key):
    assert set(key.WRONG) == set(EXERCISES)
    for name, slips in key.WRONG.items():
        assert len({slip.says for slip in slips}) >= 5, name


@every_wrong_answer
def test_a_wrong_answer_fails_with_its_own_message(key, name, i):
    slip = key.WRONG[name][i]
    outcomes = check(name, key.module(name, key.slipped(name, slip)))
    (wrong,) = (outcome for outcome in outcomes if outcome.name.startswith("values") and not outcome.holds)
    says, where = wrong.says.split("\n")
    assert says == slip.says
    assert re.match(r".+: expected .+, got .+\.$", where)


@every_wrong_answer
def test_a_wrong_answer_fails_another_check_too_and_gets_the_points_of_what_is_right(key, name, i):
    outcomes = check(name, key.module(name, key.slipped(name, key.WRONG[name][i])))
    others = [outcome for outcome in outcomes if not outcome.name.startswith("values")]
    assert not all(outcome.holds for outcome in others)
    most = {"rnn_step": 3, "optimizers": 6.5, "masked_loss": 2, "find_a_cell": 2}.get(name, 0)
    assert sum(outcome.points for outcome in outcomes if outcome.holds) <= most


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
    values, *_ = check("unroll", key.module("unroll", text))
    assert re.fullmatch(r"hidden states: expected -?[\d.]+ at index \(\d, \d, \d\), got -?[\d.]+\.", values.says)


def test_what_an_answer_raises_is_reported(key):
    values, *_ = check("unroll", key.module("unroll", "def unroll(*args):\n    return args[9]"))
    assert values.says == "it raised IndexError: tuple index out of range"


def test_the_line_that_raised_it_is_named(tmp_path):
    path = tmp_path / "unroll.py"
    path.write_text(
        "import numpy as np\n\ndef unroll(*args):\n    return joined([])\n\ndef joined(hs):\n    return np.stack(hs)\n"
    )
    values, *_ = check("unroll", load(path))
    assert values.says.startswith("it raised ValueError: need at least one array")
    assert values.says.endswith(", in line 7: return np.stack(hs)")


@pytest.mark.parametrize(
    ("name", "change", "said"),
    [
        ("unroll", ("return np.stack(hs)", "np.stack(hs)"), "unroll returned None: is there a `return` at its end?"),
        (
            "unroll",
            ("return np.stack(hs)", "return hs, h"),
            "hidden states: expected an array of shape (5, 2, 4), got a",
        ),
        ("unroll", ("def unroll", "def unrolled"), "there is no `unroll` in the file: keep the names of the stub."),
        ("lstm_cell", ("return h_t, c_t", "return h_t"), "expected 2 values, got one array of shape (3, 4)."),
        ("lstm_cell", ("return h_t, c_t", "return None, c_t"), "h_t: expected an array of shape (3, 4), got None."),
        ("rnn_step", ("return da_t @ W_ih,", "return"), "expected 5 values, got a tuple of 4."),
        ("masked_loss", ("return float(-(", "return str(-("), "expected a number, got str '"),
        ("masked_loss", ("return float(", "float("), "masked_cross_entropy returned None"),
        (
            "topological_backward",
            ("output.grad += 1.0", "output.grad = None\n    return"),
            "s.grad: expected a number, got N",
        ),
    ],
)
def test_what_came_back_is_told_by_its_kind(key, name, change, said):
    text = key.solution(name).replace(*change)
    assert text != key.solution(name)
    (first, *_) = (outcome for outcome in check(name, key.module(name, text)) if not outcome.holds)
    assert said in first.says


def test_a_node_that_is_wrong_is_named_with_its_graph(key):
    slip = key.WRONG["topological_backward"][0]
    values, *_ = check("topological_backward", key.module("x", key.slipped("topological_backward", slip)))
    assert values.says.endswith("\ns = a + a: a.grad: expected 2, got 1.")


def test_optimizers_are_told_one_by_one_and_each_has_its_points(key):
    slips = key.WRONG["optimizers"]
    text = key.slipped("optimizers", slips[0]).replace(slips[1].right, slips[1].wrong)
    text = re.sub(r"def rmsprop(?s:.*?)(?=def adam)", "def rmsprop(*_):\n    raise NotImplementedError\n\n", text)
    says = {o.name: (o.points, o.says.split("\n")[0]) for o in check("optimizers", key.module("optimizers", text))}
    assert says["values: momentum"] == (1.5, slips[0].says)
    assert says["values: Adagrad"] == (1.5, slips[1].says)
    assert says["values: RMSProp"] == (1.5, "not written yet: there is still a `raise NotImplementedError`.")
    assert says["values: Adam"] == (1.5, "")


def test_two_mistakes_in_one_place_are_told_by_index_and_value(key):
    slips = {slip.wrong: slip for slip in key.WRONG["lstm_cell"]}
    text = key.slipped("lstm_cell", slips["sigma(g)"]).replace("return h_t, c_t", "return c_t, h_t")
    values, *_ = check("lstm_cell", key.module("lstm_cell", text))
    assert re.fullmatch(r"h_t: expected -?[\d.]+ at index \(\d, \d\), got -?[\d.]+\.", values.says)


def test_names_of_arguments_are_the_students_own(key):
    text = re.sub(r"\bb\b", "bias", key.solution("unroll")).replace("h_0", "start")
    assert all(outcome.holds for outcome in check("unroll", key.module("unroll", text)))


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
STOPS = ("dh_next = da @ W_hh", "dh_next = 0.0")


@pytest.mark.parametrize(
    ("name", "change", "which", "said"),
    [
        ("topological_backward", ("node.grad * derivative", "abs(node.grad * derivative)"), -1, None),
        ("topological_backward", DEEP, -1, "RecursionError"),
        ("unroll", PEEKS, -1, "four steps, and then two"),
        ("unroll", ("np.tanh(x_t", "(x_t"), -1, "beyond -1 .. 1"),
        ("optimizers", IN_PLACE, -1, "momentum wrote into an array"),
        ("optimizers", ("b1 * m + (1 - b1)", "b1 * m + (1 - b2)"), -2, "every step should be lr"),
        ("masked_loss", OVERFLOWS, -1, "Take the largest score off"),
        ("masked_loss", ("(chosen * mask)", "(0.5 * chosen * mask)"), -2, "d L / d logits by differences"),
        ("broadcast_sum", ("return g.sum", "return 2 * g.sum"), -1, "Nothing may be lost"),
        ("broadcast_sum", ("return g.sum", "return 2 * g.sum"), -2, "beside differences: expected"),
        ("rnn_step", ("da_t @ W_ih, da_t", "2 * da_t @ W_ih, da_t"), -1, "dx_t should be the unit's row of W_ih"),
        ("rnn_step", ("da_t @ W_ih, da_t", "2 * da_t @ W_ih, da_t"), -2, "dx_t, beside differences: expected"),
        (
            "truncated_bptt",
            ("dh_next = da @ W_hh", "dh_next = 0.5 * da @ W_hh"),
            -2,
            "with the state detached: expected",
        ),
        ("truncated_bptt", STOPS, -1, "k = 1 and k = 3 give the same"),
        ("lstm_cell", ("np.tanh(c_t)\n", "np.tanh(c_t) + 0.1\n"), -1, "h_t should be tanh(2)"),
        ("lstm_cell", ("np.tanh(c_t)\n", "np.tanh(c_t) * (1 + c_t)\n"), -2, "beside our engine's backward()"),
        ("gru_forms", ("tanh(xn + r", "tanh(xn + 1 - r"), -1, "h_t should be tanh(0.5)"),
        ("gru_forms", ("(r * h_prev)", "(r * r * h_prev)"), -2, "d (h_t, reset_after=False)"),
        ("find_a_cell", ("np.argmax(train)", "np.argmax(high)"), -2, "the best and now is"),
        ("find_a_cell", ("(high + low) / 2", "units.mean(axis=0)"), -1, "five times over"),
    ],
)
def test_the_two_other_checks_say_in_words_what_does_not_hold(key, name, change, which, said):
    text = change if isinstance(change, str) else key.solution(name).replace(*change)
    assert text != key.solution(name)
    outcome = check(name, key.module(name, text))[which]
    assert outcome.holds == (said is None)
    assert (said or "") in outcome.says


def test_results_are_gradescopes(key):
    outcomes = check("rnn_step", key.module("rnn_step", key.slipped("rnn_step", key.WRONG["rnn_step"][0])))
    results = gradescope(outcomes, "what it printed")
    assert results["score"] == 3.0
    assert results["output"] == "what it printed"
    assert [(test["score"], test["max_score"], test["status"]) for test in results["tests"]] == [
        (3.0, 3.0, "passed"),
        (0.0, 3.0, "failed"),
        (0.0, 2.0, "failed"),
        (0.0, 2.0, "failed"),
    ]
    assert results["tests"][1]["output"] == outcomes[1].says


def test_answers_in_a_folder_are_known_by_the_names_of_their_files(tmp_path):
    for name in (
        "ann/unroll.py",
        "unroll_ben.py",
        "carl_12-34_lstm_cell-2.py",
        "notes.py",
        "unroll_or_rnn_step.py",
        "x/._unroll.py",
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("")
    found = {str(path.relative_to(tmp_path)): name for path, name in answers(tmp_path).items()}
    assert found == {
        str(Path("ann/unroll.py")): "unroll",
        "unroll_ben.py": "unroll",
        "carl_12-34_lstm_cell-2.py": "lstm_cell",
        "notes.py": None,
        "unroll_or_rnn_step.py": None,
    }


def test_no_name_of_an_exercise_is_in_that_of_another():
    assert [(a, b) for a in EXERCISES for b in EXERCISES if a in b and a != b] == []


@pytest.mark.parametrize("there", [True, False])
def test_a_folder_without_answers_says_how_files_are_called(tmp_path, there):
    (tmp_path / "notes.py").write_text("")
    with pytest.raises(ConfigError, match=r"such as unroll\.py or unroll_ann\.py"):
        answers(tmp_path if there else tmp_path / "not there")


def test_a_file_that_is_not_there_says_how_to_begin(tmp_path):
    with pytest.raises(ConfigError, match="exercise new unroll"):
        load(tmp_path / "unroll.py")
