"""Documents quote times on a GPU from the file that was measured there, and say so where there is none."""

from __future__ import annotations

import json
from pathlib import Path

from benchmarks.gpu_check import kernel_hash
from benchmarks.gpu_figures import NOTHING, newest, quotation, rows

DOCS = Path(__file__).parents[2] / "docs"
MEASURED = {
    "device": {"name": "a GPU", "driver": 13000},
    "environment": {"date": "2026-11-25"},
    "kernels": "abc",
    "steps": {
        "S": {"ours": {"median_ms": 0.5}, "torch": {"median_ms": 2.0}, "torch_graphed": {"median_ms": 1.0}},
        "M": {"ours": {"median_ms": 1.0}, "torch": "not measured: PyTorch finds no CUDA"},
        "L": "skipped: out of time",
    },
}


def test_the_page_says_what_the_newest_file_says_and_nothing_more():
    page = (DOCS / "gpu.md").read_text("utf-8")
    assert quotation(newest(), kernel_hash()) in page
    assert (NOTHING in page) == (newest() is None)


def test_rows_have_medians_and_a_ratio_where_both_were_measured():
    assert rows(MEASURED["steps"]) == [
        ("S", "0.500", "2.000", "0.25", "1.000"),
        ("M", "1.000", "", "", ""),
        ("L", "skipped: out of time", "", "", ""),
    ]


def test_a_quotation_says_when_the_kernels_have_changed():
    assert "| S " in quotation(MEASURED, "abc")
    assert "changed" not in quotation(MEASURED, "abc")
    assert quotation(MEASURED, "abd").endswith("The kernels have changed since.")
    assert quotation(None, "abc") == NOTHING


def test_the_newest_file_is_that_of_the_latest_day(tmp_path):
    assert newest(tmp_path) is None
    for name in ("gpu-nvidia-h200-2026-11-25", "gpu-nvidia-a100-2026-12-01"):
        (tmp_path / f"{name}.json").write_text(json.dumps({"name": name}))
    assert newest(tmp_path) == {"name": "gpu-nvidia-a100-2026-12-01"}
