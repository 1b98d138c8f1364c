"""How measurements are printed, kept, and judged."""

from __future__ import annotations

import json

import pytest

from benchmarks import guard, report
from benchmarks.peers.__main__ import printed, workloads
from benchmarks.report import merge, table


def test_a_table_is_markdown_in_columns():
    assert table(("library", "ms"), [("ours", 1.5), ("torch", 20)]) == (
        "| library | ms  |\n"
        "| ------- | --- |\n"
        "| ours    | 1.5 |\n"
        "| torch   | 20  |"
    )  # fmt: skip


def test_a_run_leaves_the_results_of_other_workloads(tmp_path, monkeypatch):
    monkeypatch.setattr(report, "HERE", tmp_path)
    monkeypatch.setattr(report, "RESULTS", tmp_path / "results")
    merge("peers", "chain, 1 thread", {"threads": 1, "peers": "first"})
    merge("peers", "S-lstm, 2 threads", {"threads": 2, "peers": "second"})
    merge("peers", "chain, 1 thread", {"threads": 1, "peers": "third"})
    kept = json.loads((tmp_path / "results" / "peers.json").read_text("utf-8"))
    assert {key: entry["peers"] for key, entry in kept.items()} == {
        "chain, 1 thread": "third",
        "S-lstm, 2 threads": "second",
    }
    assert kept["S-lstm, 2 threads"]["environment"]["blas_threads"] == 2


def test_a_library_that_failed_is_a_line_below_the_table():
    ours = {
        "version": "1",
        "step": {"median": 2e-3, "min": 1e-3},
        "total": {"median": 2e-3, "min": 1e-3},
        "ratio": 0.5,
        "ratio_of_minima": 0.25,
        "process_mb": None,
        "checked": "agrees",
    }
    text = printed({"ours": ours, "chainer": {"problem": "not installed (chainer)"}}, per=1e-3)
    assert text.splitlines()[2] == "| ours    | 1       | 2.00 | 1.00 | 0.50    | 0.25 | -          | agrees  |"
    assert text.endswith("chainer: not installed (chainer)")


def test_workloads_may_be_joined_by_commas():
    assert [w.name for w in workloads(["S-lstm,M-gru", "chain"], 10, 10, 10)] == ["S-lstm", "M-gru", "chain"]


def test_an_unknown_workload_is_answered_with_those_that_there_are():
    with pytest.raises(SystemExit, match=r"no workload 'S-mlp': there are chain, lstm, write, XS-lstm"):
        workloads(["S-mlp"], 10, 10, 10)


@pytest.mark.parametrize(
    ("found", "slow"), [({"a": 2.9, "b": 1.0}, []), ({"a": 3.1, "b": 1.0}, ["a"]), ({"a": 6.0, "b": 4.1}, ["a", "b"])]
)
def test_the_guard_names_what_is_above_its_ceiling(found, slow):
    assert guard.over(found, {"a": 3.0, "b": 4.0}) == slow


def test_the_guard_knows_a_ceiling_for_everything_it_measures():
    assert set(json.loads(guard.CEILINGS.read_text("utf-8"))) == set(guard.TASKS)


@pytest.fixture
def measured(monkeypatch, tmp_path):
    """Let the guard find these ratios one after another."""
    monkeypatch.setattr(guard, "CEILINGS", tmp_path / "guard.json")
    guard.CEILINGS.write_text('{"S-lstm": 3.0}')

    def find(*ratios, arguments=()):
        answers = iter(ratios)
        monkeypatch.setattr(guard, "in_a_process", lambda: {"S-lstm": next(answers)})
        monkeypatch.setattr("sys.argv", ["guard", *arguments])
        return guard.main()

    return find


def test_the_guard_fails_where_it_was_too_slow_twice(measured, capsys):
    assert measured(3.1, 3.2) == 1
    assert "3.20 x its matrix products, at most 3.00" in capsys.readouterr().out


def test_the_guard_forgives_one_bad_moment(measured):
    assert measured(3.1, 2.9) == 0


def test_the_guard_asks_once_where_all_is_well(measured):
    assert measured(2.9) == 0


def test_updating_doubles_what_is_measured(measured):
    assert measured(1.25, arguments=["--update"]) == 0
    assert json.loads(guard.CEILINGS.read_text()) == {"S-lstm": 2.5}
