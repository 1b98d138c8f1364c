"""Results as JSON that strangers may have written; crossovers; the machine."""

from __future__ import annotations

import json
import sys

import pytest

from tinygrad_seq.analysis.bench import (
    Machine,
    NoRoom,
    Row,
    Runner,
    Size,
    Timing,
    Work,
    crossovers,
    from_json,
    to_json,
)
from tinygrad_seq.analysis.bench.agreement import Distance
from tinygrad_seq.analysis.bench.machine import kernel_hash, machine
from tinygrad_seq.analysis.bench.peaks import Peak
from tinygrad_seq.analysis.bench.report import labelled, page
from tinygrad_seq.errors import DataError


def row(H, ms, runner="a", spread=0.0, case="lstm"):
    timing = ms and Timing(ms, ms * (1 - spread), ms * (1 + spread), ms, ms, ms, 5)
    return Row(case, "layer", Size(2, 3, H), runner, Work(4000, 100, 64), Distance("y", 1e-7), 1e-4, timing)


def no_room(H, runner="a", whose="a"):
    return NoRoom("lstm", "layer", Size(2, 3, H), runner, whose)


def results(*rows, names=("a",)):
    runners = [Runner(name, {"device": "an abacus"}, "beads", "ff" * 32, Peak(2.0, 1.0)) for name in names]
    return Machine({"python": "3", "commit": "None"}, runners, {"cupy": "not there.\n    Get it."}, list(rows))


def test_what_is_written_is_read():
    found = [results(row(4, 2.0), row(8, None), no_room(16, whose="NumPy in float64")), results()]
    assert from_json(to_json(found)) == found
    infinite = row(4, None)
    infinite = Row(*[*vars(infinite).values()][:5], Distance("y", float("inf")), 1e-4, None)
    assert from_json(to_json([results(infinite)]))[0].rows == [infinite]


def test_the_share_of_the_peak_is_that_of_the_slower_of_the_two():
    """4100 operations at 2 a nanosecond take 2.05 us, 64 bytes at 1 take 0.064."""
    assert row(4, 4.1e-3).of_roof(Peak(2.0, 1.0)) == pytest.approx(0.5)
    assert row(4, 4.1e-3).of_roof(Peak(2e6, 0.032)) == pytest.approx(2 / 4.1)
    assert row(4, None).of_roof(Peak(1, 1)) is row(4, None).gflops is row(4, None).gbytes is None


def test_curves_cross_where_straight_lines_on_logarithmic_axes_do():
    """a: 1, 4 at H = 16, 64; b: 2, 2. They meet half way: H = 32."""
    rows = [("a", row(16, 1.0)), ("a", row(64, 4.0)), ("b", row(16, 2.0)), ("b", row(64, 2.0))]
    (found,) = crossovers(rows)
    assert (found.case, found.T, found.B, found.winner, found.loser) == ("lstm", 2, 3, "b", "a")
    assert pytest.approx(32) == found.H
    (back,) = crossovers([("b", r) if label == "a" else ("a", r) for label, r in rows])
    assert (back.winner, back.loser) == ("a", "b")


def test_times_whose_middle_halves_overlap_are_no_crossing():
    one = [("a", row(16, 1.0, spread=0.2)), ("a", row(64, 1.1, spread=0.2))]
    other = [("b", row(16, 1.1, spread=0.2)), ("b", row(64, 1.0, spread=0.2))]
    assert list(crossovers(one + other)) == []
    assert list(crossovers([("a", row(16, None)), ("b", row(16, 1.0))])) == []


def test_between_two_clear_sizes_an_unclear_one_is_passed_over():
    a = [("a", row(16, 1.0)), ("a", row(32, 9.0, spread=1.0)), ("a", row(64, 4.0))]
    b = [("b", row(H, 2.0)) for H in (16, 32, 64)]
    (found,) = crossovers(a + b)
    assert pytest.approx(32) == found.H


def test_labels_tell_the_machines_apart_where_there_are_several():
    one = results(names=("a", "b"))
    assert [label for label, *_ in labelled([one])] == ["a", "b"]
    assert [label for label, *_ in labelled([one, one])] == ["a · 1", "b · 1", "a · 2", "b · 2"]


def test_the_page_of_no_times_says_what_differs():
    html = page([results(row(8, None))]).html
    assert "differs" in html
    assert "in y" in html
    assert "<svg" not in html


def test_where_memory_ran_out_the_page_says_so_and_whose_and_draws_no_point():
    timed = [row(4, 1.0), row(8, 2.0)]
    whole = page([results(*timed)]).html
    html = page([results(*timed, no_room(16), no_room(32, whose="NumPy in float64"))]).html
    assert html.count("out of memory") == whole.count("out of memory") + 2
    assert html.count("for NumPy in float64") == 1
    assert html.count("<circle") == whole.count("<circle") > 0


def damaged(change):
    given = json.loads(to_json([results(row(4, 2.0), no_room(8))]))
    change(given["machines"][0])
    return json.dumps(given)


def put(*path, value):
    def change(machine):
        for key in path[:-1]:
            machine = machine[key]
        machine[path[-1]] = value

    return change


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no benchmark: it is not JSON"),
        ("[" * 100_000, "not JSON"),
        ("[]", 'expected a JSON object with "format": "tinygrad_seq.bench"'),
        ('{"format": "tinygrad_seq.bench", "version": 9}', "version 9"),
        ('{"format": "tinygrad_seq.bench", "version": 1}', "it has no 'machines'"),
        (damaged(put("rows", value={})), r"machines\[0\].rows is {}; expected a list"),
        (damaged(put("rows", value=[0] * 10_001)), "10,001 rows"),
        (damaged(put("extra", value=1)), "'extra', which version 1 does not know"),
        (damaged(put("environment", "python", value=3)), "environment is .* expected an object of texts"),
        (damaged(put("runners", 0, "about", value={})), "expected a device among them"),
        (damaged(put("runners", 0, "peak", "gflops", value=0)), "gflops is 0; expected a number above zero"),
        (damaged(put("runners", 0, "peak", "gflops", value="Infinity")), "expected a number above zero"),
        (damaged(put("rows", 0, "runner", value="b")), "runner is 'b'; expected one of a"),
        (damaged(put("rows", 1, "runner", value="b")), "runner is 'b'; expected one of a"),
        (damaged(put("rows", 1, "out_of_memory", value=True)), "out_of_memory is True; expected text"),
        (damaged(put("rows", 1, "timing", value=None)), "'timing', which version 1 does not know"),
        (damaged(put("rows", 1, value=[])), r"rows\[1\] is no object"),
        (damaged(put("rows", 0, "kind", value="<b>")), "expected one of operation, layer, training step"),
        (damaged(put("rows", 0, "size", "H", value=0)), "H is 0; expected a whole number from 1"),
        (damaged(put("rows", 0, "size", "H", value=True)), "H is True; expected a whole number"),
        (damaged(put("rows", 0, "work", "bytes", value=10**30)), "below 2"),
        (damaged(put("rows", 0, "timing", "median_ms", value=-1)), "median_ms is -1; expected a number above zero"),
        (damaged(put("rows", 0, "timing", value=[])), "timing is no object"),
        (damaged(put("rows", 0, "distance", "size", value=float("nan"))), "size is nan"),
        (damaged(lambda m: m["runners"].append(m["runners"][0])), "a name of its own for each"),
    ],
)
def test_what_does_not_fit_is_refused_with_its_place(text, said):
    with pytest.raises(DataError, match=said):
        from_json(text)


def test_the_hash_is_one_of_all_files_but_what_python_compiled(tmp_path):
    (tmp_path / "kernels").mkdir()
    (tmp_path / "kernels" / "lstm.cu").write_text("x")
    before = kernel_hash(tmp_path)
    (tmp_path / "lstm.pyc").write_text("y")
    assert kernel_hash(tmp_path) == before
    (tmp_path / "kernels" / "lstm.cu").write_text("z")
    assert kernel_hash(tmp_path) != before


def test_the_machine_says_when_and_from_which_commit(monkeypatch, tmp_path):
    found = machine()
    assert {"python", "numpy", "blas", "commit", "date"} <= found.keys()
    monkeypatch.setattr(sys.modules[machine.__module__], "HERE", tmp_path / "a" / "b" / "c")
    assert machine()["commit"] is None
