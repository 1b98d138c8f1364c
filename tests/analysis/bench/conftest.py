"""A benchmark in a moment: peaks of tiny arrays, two contenders."""

from __future__ import annotations

import pytest

from tinygrad_seq.analysis.bench import peaks


@pytest.fixture(autouse=True)
def small_peaks(monkeypatch):
    monkeypatch.setattr(peaks, "SQUARES", (8, 8))
    monkeypatch.setattr(peaks, "COPIES", (8, 8))
