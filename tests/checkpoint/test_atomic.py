"""A file is replaced whole: whichever call of the system fails, there is the old one or the new one."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable
from itertools import count
from pathlib import Path
from types import SimpleNamespace

import pytest

from tinygrad_seq import atomic, errors
from tinygrad_seq.atomic import replace_file

from .disk import failing

pytestmark = pytest.mark.host("files")

OLD, NEW = b"the old content" * 1000, b"the new one" * 2000


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "last.safetensors"
    replace_file(file, OLD)
    return file


@pytest.mark.parametrize("previous", [None, "previous.safetensors"])
@pytest.mark.parametrize("first", [True, False], ids=["first", "again"])
def test_whichever_call_fails_there_is_the_old_file_or_the_new_one(
    tmp_path: Path, previous: str | None, first: bool, record_property: Callable[[str, object], None]
) -> None:
    said: list[str] = []
    for n in count(1):
        folder = tmp_path / str(n)
        folder.mkdir()
        path = folder / "last.safetensors"
        if not first:
            replace_file(path, b"older")
            replace_file(path, OLD, previous=previous)
        with failing(n) as watched:
            try:
                replace_file(path, NEW, previous=previous)
            except errors.CheckpointError as error:
                said.append(str(error))
        found = path.read_bytes() if path.exists() else None
        assert found in ((None, NEW) if first else (OLD, NEW))
        assert not list(folder.glob(".*")), "nothing half-written is left"
        if previous is not None and not first:
            assert (found, (folder / previous).read_bytes()) in ((OLD, b"older"), (NEW, b"older"), (NEW, OLD))
        replace_file(path, NEW, previous=previous)
        assert path.read_bytes() == NEW
        if watched.calls < n:
            record_property("calls that failed", n - 1)
            break
    assert len(said) >= 5 + (previous is not None and not first)
    assert all("No space left on device" in words for words in said)


def test_the_previous_file_is_kept_and_the_one_before_it_is_not(path: Path) -> None:
    replace_file(path, NEW, previous="previous")
    replace_file(path, b"3", previous="previous")
    assert {file.name: file.read_bytes() for file in path.parent.iterdir()} == {path.name: b"3", "previous": NEW}


def test_without_links_the_previous_file_is_a_copy(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_links(*args: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", no_links)
    replace_file(path, NEW, previous="previous")
    assert path.with_name("previous").read_bytes() == OLD
    assert path.read_bytes() == NEW


def test_a_process_killed_between_the_two_renames_has_left_nothing_behind(path: Path) -> None:
    path.with_name("previous").write_bytes(b"older")
    path.with_name(".previous.1.tmp").write_bytes(b"old")
    path.with_name(f".{path.name}.1.tmp").write_bytes(NEW[:100])
    replace_file(path, NEW, previous="previous")
    assert {file.name: file.read_bytes() for file in path.parent.iterdir()} == {path.name: NEW, "previous": OLD}


def test_what_looks_like_a_pattern_in_a_name_is_none(tmp_path: Path) -> None:
    path = tmp_path / "w[0-9]*?.safetensors"
    orphan = tmp_path / f".{path.name}.1.tmp"
    orphan.touch()
    (tmp_path / ".w1x.safetensors.1.tmp").touch()
    replace_file(path, NEW)
    assert sorted(file.name for file in tmp_path.iterdir()) == [".w1x.safetensors.1.tmp", path.name]


@pytest.mark.parametrize("refusals", [0, 1, 4, 5])
def test_on_windows_a_file_that_is_open_elsewhere_is_waited_for(
    path: Path, refusals: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    left, slept = [refusals], []
    replace = Path.replace

    def locked(self: Path, target: Path) -> Path:
        if left[0]:
            left[0] -= 1
            raise PermissionError(errno.EACCES, "The process cannot access the file")
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", locked)
    monkeypatch.setattr(atomic, "sleep", slept.append)
    monkeypatch.setattr(atomic, "LOCKS_OPEN_FILES", True)
    replace_file(path, NEW)
    assert path.read_bytes() == NEW
    assert slept == list(atomic.PAUSES[:refusals])
    left[0] = 6
    with pytest.raises(errors.CheckpointError, match="cannot access the file"):
        replace_file(path, OLD)
    monkeypatch.setattr(atomic, "LOCKS_OPEN_FILES", False)
    slept.clear()
    left[0] = 1
    with pytest.raises(errors.CheckpointError, match="cannot access the file"):
        replace_file(path, OLD)
    assert not slept
    assert path.read_bytes() == NEW


@pytest.mark.skipif(sys.platform == "win32", reason="fcntl is Unix's")
@pytest.mark.parametrize("refused", [False, True])
def test_on_macos_the_drive_is_told_to_empty_its_own_memory(
    path: Path, refused: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    orders: list[int] = []
    synced: list[int] = []

    def order(descriptor: int, command: int) -> None:
        orders.append(command)
        if refused:
            raise OSError(errno.ENOTSUP, "Operation not supported")

    monkeypatch.setitem(sys.modules, "fcntl", SimpleNamespace(F_FULLFSYNC=51, fcntl=order))
    monkeypatch.setattr(atomic, "sync_folder", lambda folder: None)
    monkeypatch.setattr(os, "fsync", synced.append)
    replace_file(path, NEW)
    assert orders == [51]
    assert len(synced) == refused


def test_without_fcntl_there_is_fsync(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fcntl", None)
    replace_file(path, NEW)
    assert path.read_bytes() == NEW


@pytest.mark.skipif(sys.platform == "win32", reason="folders are synced on Unix")
@pytest.mark.parametrize(("number", "matters"), [(errno.EINVAL, False), (errno.EIO, True)])
def test_a_folder_that_cannot_be_synced_is_no_failure_but_a_failing_disk_is(
    path: Path, number: int, matters: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    fsync = os.fsync

    def fails_for_folders(descriptor: int) -> None:
        if os.path.isdir(f"/proc/self/fd/{descriptor}"):  # noqa: PTH112  a descriptor, no path of ours
            raise OSError(number, os.strerror(number))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", fails_for_folders)
    if matters:
        with pytest.raises(errors.CheckpointError, match="Input/output error"):
            replace_file(path, NEW)
    else:
        replace_file(path, NEW)
    assert path.read_bytes() == NEW
