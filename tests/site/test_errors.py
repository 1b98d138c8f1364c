"""The errors page: each class of errors.py has a program of a few lines that raises it."""

from __future__ import annotations

import pytest

from docs.site.error_page import PROGRAMS, classes, entry, printed, program
from tinygrad_seq import errors

every_error = pytest.mark.parametrize("error", classes(), ids=lambda error: error.__name__)


def test_every_class_has_its_program_and_no_program_is_left_over():
    assert sorted(path.stem for path in PROGRAMS.glob("*.py")) == sorted(error.__name__ for error in classes())
    defined = {name for name, value in vars(errors).items() if isinstance(value, type) and name != "TinygradSeqError"}
    assert {error.__name__ for error in classes()} == defined


@every_error
def test_its_program_has_six_lines_at_most_and_ends_with_it(error):
    assert sum(bool(line.strip()) for line in program(error).splitlines()) <= 6
    said = printed(error)
    assert said.startswith(f"tinygrad_seq.errors.{error.__name__}: ")
    assert said in entry(error)


def test_a_program_that_raises_something_else_stops_the_site(tmp_path, monkeypatch):
    monkeypatch.setattr("docs.site.error_page.PROGRAMS", tmp_path)
    (tmp_path / "ShapeError.py").write_text("print('all is well')")
    with pytest.raises(RuntimeError, match="was to raise ShapeError"):
        printed(errors.ShapeError)
