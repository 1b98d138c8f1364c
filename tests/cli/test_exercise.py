"""`exercise` and `check`, as a student and an instructor call them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tinygrad_seq.exercises import EXERCISES

SOLUTIONS = Path(__file__).resolve().parents[1] / "exercises" / "key" / "solutions"

BREADTH_FIRST = """
def backward(output: Node) -> None:
    output.grad = 1.0
    visited, queue = {output}, [output]
    while queue:
        node = queue.pop(0)
        for parent, derivative in node.parents:
            parent.grad += node.grad * derivative
            if parent not in visited:
                visited.add(parent)
                queue.append(parent)
"""
ADDS_NOTHING_UP = """
def backward(output: Node) -> None:
    order, visited, stack = [], set(), [(output, False)]
    while stack:
        node, done = stack.pop()
        if done:
            order.append(node)
        elif node not in visited:
            visited.add(node)
            stack.append((node, True))
            stack.extend((parent, False) for parent, _ in node.parents)
    output.grad = 1.0
    for node in reversed(order):
        for parent, derivative in node.parents:
            parent.grad = node.grad * derivative
"""


def test_list_names_every_exercise_and_what_to_type_next(call):
    done = call("exercise", "list")
    assert done.code == 0
    assert all(name in done.out for name in EXERCISES)
    assert "Next:  tinygrad-seq exercise new topological_backward" in done.out


def test_exercise_one_as_a_student_does_it_from_the_stub_by_two_wrong_attempts_to_green(call):
    done = call("exercise", "new", "topological_backward")
    assert "Next:  tinygrad-seq check topological_backward" in done.out
    file = Path("topological_backward.py")
    stub = file.read_text().partition("\ndef backward")[0]

    done = call("check", "topological_backward")
    assert done.code == 1
    assert done.out.count("not written yet: there is still a `raise NotImplementedError`.") == 3
    assert done.out.endswith("0 of 10 points.\n")

    file.write_text(stub + BREADTH_FIRST)
    done = call("check", "topological_backward")
    assert done.code == 1
    assert "before all that read it had sent theirs" in done.out
    assert "List the nodes, each after all of its parents, and go from the end." in done.out
    assert "y = 7 u + v + w, w = 3 v, v = 2 u, u = 2 q: u.grad: expected 15, got 9." in done.out
    assert done.out.endswith("0 of 10 points.\n")

    file.write_text(stub + ADDS_NOTHING_UP)
    done = call("check", "topological_backward")
    assert done.code == 1
    assert "a node that is read twice gets the sum of both, so add with +=." in done.out
    assert "s = a + a: a.grad: expected 2, got 1." in done.out

    file.write_text(stub + ADDS_NOTHING_UP.replace("parent.grad =", "parent.grad +="))
    done = call("check", "topological_backward")
    assert done.code == 0
    assert done.out.count("ok  ") == 3
    assert "10 of 10 points. Well done." in done.out
    assert "Next:  tinygrad-seq exercise new broadcast_sum" in done.out


def test_what_a_check_is_worth_is_said_with_it(call):
    done = call("check", "unroll", "--file", SOLUTIONS / "unroll.py")
    assert [line.rpartition("(")[2] for line in done.out.splitlines()[:3]] == ["6 points)", "2 points)", "2 points)"]


def test_the_last_one_has_no_next(call):
    done = call("check", "find_a_cell", "--file", SOLUTIONS / "find_a_cell.py")
    assert done.out.endswith("10 of 10 points. Well done: that was the last one.\n")


def test_json_is_gradescopes_and_nothing_else(call):
    done = call("check", "unroll", "--file", SOLUTIONS / "unroll.py", "--json")
    assert done.code == 0
    assert json.loads(done.out)["score"] == 10.0
    assert done.err == ""


@pytest.mark.parametrize(
    ("text", "score"),
    [
        ("print((5, 2, 3))\n" + (SOLUTIONS / "unroll.py").read_text("utf-8"), 10),
        ("import sys\nsys.exit(0)", 0),
        ("import os\nos._exit(0)", 0),
        ("def unroll(:", 0),
        (None, 0),
    ],
)
def test_json_whatever_a_file_does_and_the_exit_code_is_1_unless_all_is_right(call, text, score):
    if text is not None:
        Path("unroll.py").write_text(text)
    done = call("check", "unroll", "--json")
    results = json.loads(done.out)
    assert results["score"] == score
    assert results["output"] == ("(5, 2, 3)\n" if score else "")
    assert done.code == (0 if score == 10 else 1)


def test_the_process_as_a_whole_prints_json_alone(tmp_path):
    (tmp_path / "unroll.py").write_text("import os\nprint('mine')\nos.write(1, b'raw')\nos._exit(0)")
    done = subprocess.run(
        [sys.executable, "-m", "tinygrad_seq", "check", "unroll", "--json"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert json.loads(done.stdout)["output"] == "mine\nraw"


def test_what_a_file_prints_is_shown_above_and_set_apart(call):
    Path("unroll.py").write_text("print('shape', (5, 2))\nprint('twice')")
    done = call("check", "unroll")
    assert done.out.startswith("Your file printed:\n        shape (5, 2)\n        twice\nnot yet values")


def test_a_folder_is_graded_a_line_each(call):
    slip = (SOLUTIONS / "unroll.py").read_text("utf-8").replace("h, hs = h_0, []", "h, hs = np.zeros_like(h_0), []")
    texts = {
        "ann/unroll.py": (SOLUTIONS / "unroll.py").read_text("utf-8"),
        "ben/unroll-1.py": slip,
        "ben/notes.py": "1 / 0",
        "carl_lstm_cell.py": "import sys; sys.exit(0)",
    }
    for name, text in texts.items():
        path = Path("hand-in", name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    done = call("exercise", "grade", "hand-in")
    assert done.code == 1
    ann, notes, ben, carl = done.out.splitlines()
    assert notes == f"not graded: {Path('ben/notes.py')}: its name holds no exercise's, or two."
    assert ann.split() == ["10", "of", "10", "unroll", str(Path("ann/unroll.py"))]
    assert ben.split(maxsplit=5)[:5] == ["0", "of", "10", "unroll", str(Path("ben/unroll-1.py"))]
    assert ben.endswith("it starts from zero: the state to begin with is h_0 as given.")
    assert "carl_lstm_cell.py  the file cannot be loaded: it ended the program" in carl


def test_a_folder_of_right_answers_is_green(call):
    done = call("exercise", "grade", SOLUTIONS)
    assert done.code == 0, done
    assert done.out.count("  10 of 10  ") == len(EXERCISES)


def test_what_is_not_there_says_what_is(call):
    assert "There are: topological_backward" in call("check", "lstm").err
    assert "There are: topological_backward" in call("exercise", "new", "lstm").err
    assert "tinygrad-seq exercise new unroll" in call("check", "unroll").out
    assert "such as unroll.py or unroll_ann.py" in call("exercise", "grade", ".").err
