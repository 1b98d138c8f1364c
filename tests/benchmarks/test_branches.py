"""How coverage is summed up by package."""

from __future__ import annotations

from benchmarks.reliability.branches import by_package, shown


def measured(lines, reached, branches, taken):
    counts = {"num_statements": lines, "covered_lines": reached, "num_branches": branches, "covered_branches": taken}
    return {"summary": {**counts, "percent_covered": 50.0}}


FILES = {
    "tinygrad_seq/tensor.py": measured(7, 7, 0, 0),
    "tinygrad_seq/train/fit.py": measured(1000, 999, 10, 4),
    "tinygrad_seq/train/deeper/one.py": measured(1000, 1000, 10, 10),
}


def test_a_package_is_all_that_is_in_it():
    packages = by_package(FILES)
    assert list(packages) == ["tinygrad_seq/tensor.py", "tinygrad_seq/train"]
    assert list(packages["tinygrad_seq/train"].values()) == [2000, 1999, 20, 14]


def test_a_share_is_rounded_down_so_that_all_is_all():
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in shown(by_package(FILES)).splitlines()]
    assert rows[2:] == [
        ["`tinygrad_seq/tensor.py`", "7", "100.0 %", "0", ""],
        ["`tinygrad_seq/train`", "2,000", "99.9 %", "20", "70.0 %"],
    ]
