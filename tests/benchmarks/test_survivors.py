"""Which mutants are tried, and how they are counted."""

from __future__ import annotations

from benchmarks.reliability.survivors import drawn, left, summary

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
