"""Which mutants are tried, and how they are counted."""

from __future__ import annotations

import pytest

from benchmarks.reliability import survivors
from benchmarks.reliability.survivors import drawn, left, shown, summary, with_closures

FILES = {"a.py": dict.fromkeys(map(str, range(60))), "b.py": dict.fromkeys("xyz"), "c.py": {"only": None}}


def test_each_file_gives_its_share_rounded_up():
    tried = drawn(FILES, 32, seed=0)
    assert {file: len(names) for file, names in tried.items()} == {"a.py": 30, "b.py": 2, "c.py": 1}
    assert all(set(names) < set(FILES[file]) for file, names in tried.items() if file != "c.py")


def test_the_seed_alone_decides():
    assert drawn(FILES, 32, seed=0) == drawn({file: FILES[file] for file in reversed(FILES)}, 32, seed=0)
    assert drawn(FILES, 32, seed=0) != drawn(FILES, 32, seed=1)


def test_a_sample_of_nothing_or_of_too_many_is_all():
    for sample in (0, 64, 1000):
        assert {file: set(names) for file, names in drawn(FILES, sample, seed=0).items()} == {
            file: set(names) for file, names in FILES.items()
        }


def test_what_is_not_noticed_is_counted_apart():
    codes = {"m1": 1, "m2": 0, "m3": 33, "m4": 36, "m5": -11, "m6": None}
    counts = summary({"a.py": codes}, {"a.py": ["m1", "m2", "m3", "m4", "m5"]})["a.py"]
    verdicts = {"killed": 1, "survived": 1, "not called": 1, "too long": 1, "died": 1}
    assert counts == {"mutants": 6, "tried": 5, **verdicts}
    assert left(counts) == 2


def test_the_table_has_a_row_for_each_folder_and_one_for_all():
    files = {
        "tinygrad_seq/ops/a.py": {"mutants": 1000, "tried": 20, "killed": 19, "too long": 1},
        "tinygrad_seq/ops/b.py": {"mutants": 500, "tried": 10, "killed": 7, "survived": 2, "not called": 1},
        "tinygrad_seq/atomic.py": {"mutants": 50, "tried": 2, "killed": 1, "died": 1},
    }
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in shown(files).splitlines()]
    assert rows[2:] == [
        ["tinygrad_seq/ops", "1,500", "30", "26", "1", "3", "90.0 %"],
        ["tinygrad_seq/atomic.py", "50", "2", "1", "1", "0", "100.0 %"],
        ["all", "1,550", "32", "27", "2", "3", "90.6 %"],
    ]


@pytest.fixture
def from_the_start(monkeypatch):
    """Pretend that `early` is called at import, and that some mutants are noticed when tried from the start."""
    asked = []

    def pretend(*noticed):
        monkeypatch.setattr(survivors, "called_at_import", lambda: {"p.early"})
        monkeypatch.setattr(survivors, "noticed_afresh", lambda name: asked.append(name) or name in noticed)
        return asked

    return pretend


def test_a_survivor_that_a_fork_could_not_try_is_tried_from_the_start(from_the_start):
    asked = from_the_start("p.early__mutmut_2")
    names = [f"p.{function}__mutmut_{i}" for function in ("early", "late") for i in (1, 2, 3)]
    files = {"p.py": dict(zip(names, (0, 0, 1, 0, 1, None), strict=True))}
    found = with_closures(files, {"p.py": names[:5]}, 1)
    assert asked == ["no mutant", "p.early__mutmut_1", "p.early__mutmut_2"]
    assert list(found["p.py"].values()) == [0, 1, 1, 0, 1, None]


def test_tests_that_fail_without_a_mutant_tell_nothing(from_the_start):
    from_the_start("no mutant")
    with pytest.raises(SystemExit, match="without any mutant"):
        with_closures({"p.py": {"p.early__mutmut_1": 0}}, {"p.py": ["p.early__mutmut_1"]}, 1)
