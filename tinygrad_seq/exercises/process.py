"""Grading a file that others wrote: in a process of its own, with limits, so that whatever it does is an outcome."""

from __future__ import annotations

import faulthandler
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from linecache import getline
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from typing import IO, NamedTuple

from ..errors import ConfigError
from .answer import load
from .catalogue import Exercise, found
from .grading import Outcome, place, told, verdicts

__all__ = ["Graded", "graded"]

SECONDS = 10.0
MEMORY, FILES = 1 << 30, 100 << 20
"""Bytes of memory that the process may have, and of a file that it writes, where the system keeps such limits."""
PRINTED = 2000
"""Characters that are kept of what the file prints."""
START = 30.0
"""Seconds in which a process comes up, and ends, beside those that the file may take."""

PROGRAM = "from tinygrad_seq.exercises.process import answer; answer()"
REST = "not reached: see what is said above."
VERDICTS, STACK = "verdicts.jsonl", "stack.txt"


class Graded(NamedTuple):
    """What came of every check, and what the file printed meanwhile, its first 2,000 characters."""

    outcomes: list[Outcome]
    printed: str


def graded(name: str, path: str | Path, seconds: float = SECONDS) -> Graded:
    """Return what came of every check of an exercise on a student's file.

    The file runs in a process of its own, for at most 10 seconds, in 1 GB of memory (Linux), with its output apart from
    ours and nothing to read. Where it cannot be loaded, ends its process or does not come to an end, the check in hand
    says so and those after it are not reached. That guards against accidents; against malice only a container does.
    Raises ConfigError for a name that is no exercise's.
    """
    exercise = found(name)
    path = Path(path).absolute()
    with TemporaryDirectory() as folder:
        code, printed = run([name, str(path), folder, str(seconds)], seconds + START)
        says: dict[int, str] = dict(json.loads(line) for line in read(folder, VERDICTS).split("\n")[:-1])
        if missing := [number for number in range(len(exercise.checks)) if number not in says]:
            says |= dict.fromkeys(missing, REST) | {missing[0]: ended(code, read(folder, STACK), str(path), seconds)}
    return Graded([Outcome(*asked[:2], not says[n], says[n]) for n, asked in enumerate(exercise.checks)], printed)


def run(arguments: Sequence[str], seconds: float) -> tuple[int | None, str]:
    """Run `answer` as a process; return its exit code, None where its time was up, and what it printed."""
    process = subprocess.Popen(
        [sys.executable, "-P", "-u", "-c", PROGRAM, *arguments],
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
            "PYTHONIOENCODING": "utf-8",
            "TINYGRAD_SEQ_NUMBA": "0",  # a check is small: compiling would take longer than all of it
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        bufsize=0,
        start_new_session=True,
    )
    assert process.stdout is not None  # noqa: S101  it was asked for
    beginning = bytearray()
    reader = Thread(target=keep, args=(process.stdout, beginning), daemon=True)
    reader.start()
    code = None
    try:
        with suppress(subprocess.TimeoutExpired):
            code = process.wait(seconds)
    finally:
        stop(process)
    reader.join(1.0)
    text = beginning.decode("utf-8", "replace")
    return code, text if len(text) <= PRINTED else f"{text[:PRINTED]}\n... and more."


def keep(pipe: IO[bytes], beginning: bytearray) -> None:
    """Read a pipe to its end, so that who writes into it is not held up, and keep its beginning."""
    with pipe:
        while part := pipe.read(1 << 16):
            beginning.extend(part[: 4 * PRINTED + 4 - len(beginning)])


def stop(process: subprocess.Popen[bytes]) -> None:
    """End a process, and those that it started and left behind."""
    if hasattr(os, "killpg"):
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    process.kill()
    process.wait()


def read(folder: str, name: str) -> str:
    path = Path(folder) / name
    return path.read_text("utf-8", "replace") if path.exists() else ""


def ended(code: int | None, stack: str, path: str, seconds: float) -> str:
    """Return in words why a process ended before it had run all checks, and in which line of the file."""
    frame = re.search(rf'File "{re.escape(path)}", line (\d+)', stack)
    where = place(int(frame[1]), getline(path, int(frame[1]))) if frame else ""
    if code is None or stack.startswith("Timeout"):
        return f"still running after {seconds:g} seconds{where}\nIs there a loop that never ends?"
    if code < 0:
        return f"the whole process died of {signal.Signals(-code).name}{where}"
    return f"the whole process ended, with exit code {code}: leave os._exit out."


def answer() -> None:
    """Run the checks and write what each says, a line each; the program of the process."""
    name, path, folder, seconds = sys.argv[1:]
    with (
        (Path(folder) / STACK).open("w", encoding="utf-8") as stack,
        (Path(folder) / VERDICTS).open("w", encoding="utf-8", buffering=1) as lines,
    ):
        limit(float(seconds))
        faulthandler.enable(stack)
        faulthandler.dump_traceback_later(float(seconds), exit=True, file=stack)
        for numbered in enumerate(sayings(found(name), path)):
            lines.write(json.dumps(numbered) + "\n")
        os._exit(0)  # without waiting for threads that the file has started


def sayings(exercise: Exercise, path: str) -> Iterator[str]:
    """Yield what each check says of a file; where it cannot be loaded, the first says why."""
    try:
        module = load(path)
    except ConfigError as error:
        yield str(error)
    except BaseException as error:  # noqa: BLE001  it is theirs
        yield f"the file cannot be loaded: {told(error, path)}"
    else:
        yield from verdicts(exercise, module)
        return
    yield from [REST] * (len(exercise.checks) - 1)


def limit(seconds: float) -> None:
    """Lower what this process may take, where the system knows such limits."""
    with suppress(ImportError):
        import resource

        lower = {resource.RLIMIT_CPU: int(seconds + START), resource.RLIMIT_FSIZE: FILES, resource.RLIMIT_CORE: 0}
        if sys.platform == "linux":  # elsewhere it is not kept, or counts what is shared
            lower[resource.RLIMIT_AS] = MEMORY
        for what, most in lower.items():
            _, hard = resource.getrlimit(what)
            resource.setrlimit(what, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))
