"""One process at a time holds a folder; who waits for it gets it; without locks nobody is kept out."""

from __future__ import annotations

import errno
import sys
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace

import pytest

from tinygrad_seq.errors import CheckpointError, FolderInUseError
from tinygrad_seq.train import lock
from tinygrad_seq.train.lock import held

pytestmark = [
    pytest.mark.host("files"),
    pytest.mark.skipif(sys.platform == "win32", reason="two locks of one process are Unix's"),
]


def test_a_folder_is_made_and_held_by_one_at_a_time(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "run"
    with held(folder):
        with pytest.raises(FolderInUseError, match=r"run is in use: .*\n.*--out"), held(folder):
            pass
        with held(tmp_path / "other"):
            pass
    with held(folder):
        pass


def test_who_has_patience_gets_it_when_the_other_lets_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with ExitStack() as other:
        other.enter_context(held(tmp_path))
        monkeypatch.setattr(lock, "sleep", lambda seconds: other.close())
        with held(tmp_path, patience=60), pytest.raises(FolderInUseError), held(tmp_path):
            pass


def test_an_error_inside_lets_go(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), held(tmp_path):
        raise ZeroDivisionError
    with held(tmp_path):
        pass


@pytest.mark.parametrize("blocked", ["run", "run/.lock"])
def test_a_folder_that_cannot_be_made_or_written_in_is_told(tmp_path: Path, blocked: str) -> None:
    if blocked == "run":
        (tmp_path / blocked).touch()
    else:
        (tmp_path / blocked).mkdir(parents=True)
    with pytest.raises(CheckpointError, match="run cannot be"), held(tmp_path / "run"):
        pass


@pytest.mark.parametrize(("number", "refused"), [(errno.ENOLCK, False), (errno.EACCES, True), (errno.EAGAIN, True)])
@pytest.mark.parametrize("system", ["Unix", "Windows"])
def test_what_a_system_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, system: str, number: int, refused: bool
) -> None:
    answers = [OSError(number, "no"), None]
    asked = []

    def answer(descriptor: int, *how: int) -> None:
        asked.append(how)
        if error := answers.pop(0):
            raise error

    unix = SimpleNamespace(flock=answer, LOCK_EX=2, LOCK_NB=4) if system == "Unix" else None
    monkeypatch.setitem(sys.modules, "fcntl", unix)
    monkeypatch.setitem(sys.modules, "msvcrt", SimpleNamespace(locking=answer, LK_NBLCK=2))
    if refused:
        with pytest.raises(FolderInUseError), held(tmp_path):
            pass
    with held(tmp_path):
        pass
    assert set(asked) == {(6,) if system == "Unix" else (2, 1)}
