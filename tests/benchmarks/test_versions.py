"""How the tests of one Python and NumPy are counted."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from benchmarks.reliability.versions import Outcomes


@pytest.mark.parametrize(
    ("phases", "counted"),
    [
        ("passed passed passed", {"passed": 1}),
        ("passed failed passed", {"failed": 1}),
        ("passed skipped passed", {"skipped": 1}),
        ("skipped - passed", {"skipped": 1}),
        ("failed - passed", {"failed": 1}),
        ("passed passed failed", {"passed": 1, "failed": 1}),  # pytest's own count has both, too
    ],
)
def test_a_test_is_counted_by_what_became_of_it(phases, counted):
    outcomes = Outcomes()
    for when, outcome in zip(("setup", "call", "teardown"), phases.split(), strict=True):
        if outcome != "-":
            outcomes.pytest_runtest_logreport(SimpleNamespace(when=when, outcome=outcome))
    assert outcomes == counted
