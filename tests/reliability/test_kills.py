"""A run that is killed again and again, and one that is stopped by Ctrl-C: the quick form of the measured counts."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from benchmarks.reliability.kills import attempts

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are forked")


def test_five_kills_corrupt_nothing_and_lose_no_more_than_the_last_interval(tmp_path: Path) -> None:
    outcome = attempts(tmp_path, 5, signal.SIGKILL, seed=1)
    assert outcome.good, outcome
    assert outcome.exit_codes == {"-9": 5}


def test_three_times_ctrl_c_loses_nothing(tmp_path: Path) -> None:
    outcome = attempts(tmp_path, 3, signal.SIGINT, seed=1)
    assert outcome.good, outcome
    assert outcome.exit_codes == {"130": 3}
    assert outcome.half_written == 0
