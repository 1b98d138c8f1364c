"""Damaged and hostile files give a clear error or a right load: the quick form of the measured counts."""

from __future__ import annotations

import subprocess
import sys

import pytest

from benchmarks.reliability.mutations import many
from benchmarks.reliability.readers import READERS

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="memory is limited as Linux limits it")


@pytest.mark.parametrize("name", READERS)
def test_every_mutant_is_refused_clearly_or_read_rightly(name: str) -> None:
    counts, failures = many(name, 100, seed=0)
    assert not failures, failures[0]["why"]
    assert counts["refused"] + counts["loaded"] == 100


EVIL = """
import os, sys
from pathlib import Path
from random import Random
from benchmarks.reliability import mutations
from benchmarks.reliability.readers import Reader, right
from tinygrad_seq.errors import DataError

class Evil(Reader):
    def prepare(self, dice):
        pass

    def read(self):
        if guarded:
            {deed}

guarded = []
mutations.READERS["evil"] = Evil
limit_memory = mutations.limit_memory
mutations.limit_memory = lambda: (limit_memory(), guarded.append(True))
mutations.SECONDS, mutations.WARM_UP = 1, 1
mutations.work("evil", 0, 1, 0)
"""


@pytest.mark.parametrize(
    ("deed", "verdict"),
    [
        ("eval('1')", "ForbiddenError"),
        ("os.system('true')", "ForbiddenError"),
        ("import wave", "ForbiddenError"),
        ("Path(self.scratch.parent, 'elsewhere.txt').write_text('x')", "ForbiddenError"),
        ("bytearray(1 << 30)", "MemoryError"),
        ("[0 for _ in iter(int, 1)]", "TooLongError"),
        ("right(False, 'other weights')", "WrongLoadError"),
        ("1 / 0", "not one of ours"),
        ("raise DataError", "unclear"),
        ("raise DataError('x' * 5000)", "unclear"),
    ],
)
def test_what_must_not_happen_would_be_noticed(deed: str, verdict: str) -> None:
    command = [sys.executable, "-c", f"import sys; sys.path[:] = {sys.path!r}" + EVIL.format(deed=deed)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert f'counts {{"{verdict}": 1}}' in done.stdout
