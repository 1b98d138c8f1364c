"""A student's file runs in a process of its own: whatever it does, there is an outcome for every check."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from time import sleep

import pytest

from tinygrad_seq.errors import ConfigError
from tinygrad_seq.exercises import graded, gradescope

SOLUTION = (Path(__file__).resolve().parent / "key" / "solutions" / "unroll.py").read_text("utf-8")
RIGHT = SOLUTION + "\n\n"
LOST = "not reached: see what is said above."
posix = pytest.mark.skipif(os.name != "posix", reason="as POSIX has it")
linux = pytest.mark.skipif(sys.platform != "linux", reason="a limit that Linux keeps")


@pytest.fixture
def grade(tmp_path):
    """Grade a text as an answer to `unroll`."""

    def graded_text(text, seconds=10.0):
        path = tmp_path / "unroll.py"
        path.write_text(text) if isinstance(text, str) else path.write_bytes(text)
        return graded("unroll", path, seconds)

    return graded_text


def test_a_right_answer_has_all_points_and_nothing_to_say(grade):
    outcomes, printed = grade(RIGHT)
    assert [outcome.says for outcome in outcomes] == ["", "", ""]
    assert [outcome.points for outcome in outcomes] == [6, 2, 2]
    assert all(outcome.holds for outcome in outcomes)
    assert printed == ""


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x = 1\ndef unroll(:\n    pass", "it raised SyntaxError: invalid syntax, in line 2: def unroll(:"),
        ("1 / 0", "it raised ZeroDivisionError: division by zero, in line 1: 1 / 0"),
        ("raise SystemExit(0)", "it ended the program by exit() or sys.exit(): leave that out, in line 1"),
        ("import sys\nsys.exit(0)", "leave that out, in line 2: sys.exit(0)"),
        ("import os\nos._exit(0)", "the whole process ended, with exit code 0: leave os._exit out."),
        ("raise KeyboardInterrupt", "it raised KeyboardInterrupt, in line 1"),
        ("input('x? ')", "it raised EOFError"),
        ("def f(): f()\nf()", "it raised RecursionError: maximum recursion depth exceeded, in line 1: def f(): f()"),
        ("import no_such_package", "it raised ModuleNotFoundError: No module named 'no_such_package', in line 1"),
        (b"\0\xff", "cannot be loaded: it raised "),
        ("class Bad(Exception):\n    def __str__(self): raise ValueError\nraise Bad", "str() failed"),
        ("raise ValueError('x' * 10**7)", "x" * 500),
        ("raise ValueError('\\udc80')", r"ValueError: \udc80"),
    ],
)
def test_a_file_that_cannot_be_loaded_fails_the_first_check_in_words_and_reaches_no_other(grade, text, said):
    outcomes, _ = grade(text)
    assert not any(outcome.holds for outcome in outcomes)
    assert said in outcomes[0].says
    outcomes[0].says.encode("utf-8")
    assert len(outcomes[0].says) < 2000
    assert [outcome.says for outcome in outcomes[1:]] == [LOST, LOST]


def test_a_file_that_is_not_there_says_how_to_begin(tmp_path):
    outcomes, _ = graded("unroll", tmp_path / "unroll.py")
    assert "Begin with: tinygrad-seq exercise new unroll" in outcomes[0].says
    assert not any(outcome.holds for outcome in outcomes)


def test_a_loop_without_an_end_is_ended_and_its_line_is_named(grade):
    outcomes, _ = grade("def unroll(xs, h_0, W_ih, W_hh, b):\n    while True:\n        pass\n", seconds=1.0)
    assert outcomes[0].says.startswith("still running after 1 seconds, in line ")
    assert "Is there a loop that never ends?" in outcomes[0].says
    assert [outcome.says for outcome in outcomes[1:]] == [LOST, LOST]


def test_what_was_found_before_the_end_of_the_process_counts(grade):
    count = "calls = []\nright = unroll\ndef unroll(*a):\n    calls.append(1)\n"
    ended, _ = grade(RIGHT + count + "    if len(calls) > 1:\n        os._exit(7)\n    return right(*a)\nimport os\n")
    assert ended[0].holds
    assert ended[1].says == "the whole process ended, with exit code 7: leave os._exit out."
    assert ended[2].says == LOST
    wrong, _ = grade(RIGHT + count + "    while len(calls) > 1: pass\n    return 2 * right(*a)\n", seconds=1.0)
    assert "expected" in wrong[0].says
    assert "still running after 1 seconds, in line" in wrong[1].says


@posix
def test_a_process_that_dies_says_of_which_signal(grade):
    outcomes, _ = grade("import ctypes\nctypes.string_at(0)")
    assert outcomes[0].says == "the whole process died of SIGSEGV, in line 2: ctypes.string_at(0)"


@linux
@pytest.mark.parametrize("text", ["np.ones(10**9)", "x = [0]\nwhile True: x += x"])
def test_memory_has_a_limit(grade, text):
    outcomes, _ = grade(f"import numpy as np\n{text}")
    assert "it wanted more memory than there is for it, in line" in outcomes[0].says


@posix
def test_a_file_that_it_writes_has_a_limit(grade, tmp_path):
    path = tmp_path / "large"
    outcomes, _ = grade(f"with open({str(path)!r}, 'wb') as f:\n    while True: f.write(bytes(10**7))")
    assert "OSError" in outcomes[0].says
    assert path.stat().st_size <= 100 << 20


def test_what_it_prints_is_kept_apart_and_cut(grade):
    _, printed = grade("print((5, 2, 3))\nimport os, sys\nsys.stderr.write('err')\nos.write(1, b'raw')\n" + RIGHT)
    assert printed == "(5, 2, 3)\nerrraw"
    outcomes, printed = grade("for i in range(2000): print('x' * 10_000)\n" + RIGHT)
    assert all(outcome.holds for outcome in outcomes)
    assert printed == "x" * 2000 + "\n... and more."


def test_printing_without_an_end_is_ended(grade):
    outcomes, printed = grade("while True: print('on and on')", seconds=1.0)
    assert "in line 1: while True" in outcomes[0].says
    assert printed.startswith("on and on")


def gone(pid):
    try:
        return "(zombie)" in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return True


def eventually(claim):
    """Whether it holds within ten seconds: a process that was killed is gone a little later."""
    return any(claim() or sleep(0.1) for _ in range(100))


def test_threads_and_processes_that_it_leaves_behind_hold_up_nobody(grade, tmp_path):
    pid = tmp_path / "pid"
    left = f"""
import subprocess, sys, threading, time
threading.Thread(target=time.sleep, args=(600,)).start()
with open({str(pid)!r}, "w") as f:
    f.write(str(subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"]).pid))
"""
    outcomes, _ = grade(RIGHT + left, seconds=300.0)
    assert all(outcome.holds for outcome in outcomes)
    if Path("/proc").exists():
        assert eventually(lambda: gone(pid.read_text()))


@posix
def test_a_fork_is_not_counted_twice(grade):
    outcomes, _ = grade(RIGHT + "import os\nos.fork()\n")
    assert len(outcomes) == 3


def test_a_dataclass_with_annotations_is_loaded(grade):
    outcomes, _ = grade(
        "from __future__ import annotations\nfrom dataclasses import dataclass\n@dataclass\nclass N:\n    x: N = None\n"
        + SOLUTION
    )
    assert all(outcome.holds for outcome in outcomes)


def test_files_beside_the_answer_take_no_module_of_ours_away(grade, tmp_path, monkeypatch):
    (tmp_path / "numpy.py").write_text("raise ValueError")
    (tmp_path / "random.py").write_text("raise ValueError")
    monkeypatch.chdir(tmp_path)
    outcomes, _ = grade(RIGHT)
    assert all(outcome.holds for outcome in outcomes)


def test_results_of_any_end_are_gradescopes(grade):
    for text in (RIGHT, "print('\\udc80 \\0')", "raise ValueError('\\udc80')", "import os; os._exit(0)"):
        outcomes, printed = grade(text)
        results = json.loads(json.dumps(gradescope(outcomes, printed), allow_nan=False))
        assert results["score"] == sum(test["score"] for test in results["tests"]) == (10 if text == RIGHT else 0)
        assert sum(test["max_score"] for test in results["tests"]) == 10
        assert all(isinstance(test["output"], str) for test in results["tests"])
        assert {test["status"] for test in results["tests"]} <= {"passed", "failed"}


def test_a_name_that_is_no_exercises_is_refused_before_anything_runs(tmp_path):
    with pytest.raises(ConfigError, match="There are: topological_backward"):
        graded("lstm", tmp_path / "lstm.py")
