"""Read damaged and hostile files by the hundred thousand: a clear error or a right load, and nothing else.

    python -m benchmarks.reliability.mutations [--count 100000] [--readers NAME...] [--seed 0]

Each reader (`readers.py`) is given mutants of a file that was whole (`mutants.py`). They are read in processes that may
take 512 MB more than they have after their imports, 5 s of CPU and 60 s per file; an audit hook watches what Python
does. What counts as a failure: an error that is not one of ours, or without words, or with too many; a process that
dies; a file that takes too long; a large allocation (MemoryError); code compiled or run, a module imported, a program
or a connection opened, a file written outside of the scratch folder; and a load that is not what was saved.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import traceback
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

from tinygrad_seq.errors import TinygradSeqError

from ..report import save, table
from .readers import READERS, Reader, WrongLoadError

__all__ = ["many"]

MODULE = "benchmarks.reliability.mutations"
MEGABYTE = 1 << 20
ROOM = 512 * MEGABYTE
SECONDS, PATIENCE = 5, 60
LONGEST_MESSAGE = 4000
MEMORY = Path("/dev/shm")  # noqa: S108  a disk would wait for each of many thousand files
MOST_DEATHS = 20
FORBIDDEN = ("compile", "exec", "import", "marshal", "os.exec", "os.fork", "os.posix_spawn", "os.spawn", "os.system")
FORBIDDEN_TOO = ("ctypes.dlopen", "pickle.find_class", "socket.", "subprocess.Popen", "urllib.Request", "webbrowser.")


class ForbiddenError(BaseException):
    """What reading a file must never do; no handler for Exception stops it."""


class TooLongError(BaseException):
    """A file that takes too long."""


class Guard:
    """An audit hook: while it is on, what no reader of data needs is an error. A hook cannot be taken off again."""

    def __init__(self, scratch: Path) -> None:
        self.scratch, self.on = str(scratch), False
        sys.addaudithook(self.hook)

    def hook(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self.on:
            return
        if event.startswith((*FORBIDDEN, *FORBIDDEN_TOO)):
            self.stop(event, arguments)
        if event == "open" and isinstance(arguments[1], str) and not set(arguments[1]).isdisjoint("wax+"):
            path = arguments[0]
            if not (isinstance(path, str | bytes) and os.fsdecode(path).startswith(self.scratch)):
                self.stop(event, arguments)

    def stop(self, event: str, arguments: tuple[Any, ...]) -> None:
        self.on = False  # what reports it may compile and import
        raise ForbiddenError(f"{event} {arguments!r:.200}")

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Watch inside the block, and stop what takes too long."""
        self.on = True
        signal.setitimer(signal.ITIMER_VIRTUAL, SECONDS)
        signal.setitimer(signal.ITIMER_REAL, PATIENCE)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)
            signal.setitimer(signal.ITIMER_REAL, 0)
            self.on = False


def work(name: str, start: int, stop: int, seed: int) -> None:
    """Read mutants start to stop of one kind here; write a line per failure and a last one with the counts."""
    with TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as scratch:
        folder = Path(scratch)
        reader = READERS[name](folder)
        for i in range(WARM_UP):
            judged(reader, Random(f"warm {seed} {name} {i}"))
        limit_memory()
        guard = Guard(folder)
        for number in (signal.SIGVTALRM, signal.SIGALRM):
            signal.signal(number, too_long)
        counts: Counter[str] = Counter()
        for i in range(start, stop):
            print(f"at {i}", flush=True)
            verdict, why = judged(reader, Random(f"{seed} {name} {i}"), guard)
            counts[verdict] += 1
            if verdict not in ("refused", "loaded"):
                print("failed", json.dumps({"reader": name, "case": i, "verdict": verdict, "why": why}), flush=True)
        print("counts", json.dumps(counts), flush=True)


WARM_UP = 60
"""Mutants read before the guard watches: what is imported at the first use has been imported then."""


def judged(reader: Reader, dice: Random, guard: Guard | None = None) -> tuple[str, str]:
    """Let a reader read one mutant, and say what came of it."""
    reader.prepare(dice)
    try:
        if guard is None:
            reader.read()
        else:
            with guard.watching():
                reader.read()
    except TinygradSeqError as error:
        said = str(error)
        return ("refused", "") if 0 < len(said) < LONGEST_MESSAGE else ("unclear", f"{len(said)} characters")
    except (TooLongError, ForbiddenError, MemoryError, WrongLoadError) as error:
        return type(error).__name__, traceback.format_exc(limit=-4)
    except Exception:  # noqa: BLE001  whatever it is, it is what is looked for
        return "not one of ours", traceback.format_exc(limit=-4)
    return "loaded", ""


def too_long(number: int, frame: Any) -> None:
    """End what takes too long."""
    raise TooLongError


def limit_memory() -> None:
    """Let this process take little more memory than it has (Linux)."""
    import resource

    now = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (now + ROOM, resource.RLIM_INFINITY))


def many(name: str, count: int, seed: int) -> tuple[Counter[str], list[dict[str, Any]]]:
    """Read that many mutants of one kind in a process of its own, a new one after each that died."""
    counts: Counter[str] = Counter()
    failures: list[dict[str, Any]] = []
    start = 0
    while start < count and counts["died"] < MOST_DEATHS:
        command = [sys.executable, "-m", MODULE, "--worker", name, str(start), str(count), "--seed", str(seed)]
        done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
        at = start
        for line in done.stdout.splitlines():
            kind, _, rest = line.partition(" ")
            if kind == "at":
                at = int(rest)
            elif kind == "failed":
                failures.append(json.loads(rest))
            elif kind == "counts":
                counts.update(json.loads(rest))
        if done.returncode == 0:
            break
        died = {"reader": name, "case": at, "verdict": f"died: {done.returncode}", "why": done.stderr[-1500:]}
        failures.append(died)
        counts["died"] += 1
        counts["before it died"] += at - start
        start = at + 1
    return counts, failures


def main() -> None:
    """Run the command line."""
    parser = ArgumentParser(description=__doc__, formatter_class=RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=100_000, help="mutants in all")
    parser.add_argument("--readers", nargs="+", choices=READERS, default=list(READERS))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--worker", nargs=3, metavar=("READER", "START", "STOP"), help="for the program's own use")
    options = parser.parse_args()
    if options.worker:
        name, start, stop = options.worker
        work(name, int(start), int(stop), options.seed)
        return
    results: dict[str, dict[str, int]] = {}
    failures: list[dict[str, Any]] = []
    for i, name in enumerate(options.readers):
        share = options.count * (i + 1) // len(options.readers) - options.count * i // len(options.readers)
        counts, failed = many(name, share, options.seed)
        results[name] = dict(sorted(counts.items()))
        failures += failed
        print(f"{name}: {results[name]}", flush=True)
        for failure in {(f["verdict"], f["why"][-200:]): f for f in failed}.values():
            print(f"  case {failure['case']}: {failure['verdict']}\n{failure['why']}", flush=True)
    rows = [(name, c.get("refused", 0), c.get("loaded", 0)) for name, c in results.items()]
    print(table(("file", "refused", "loaded"), rows))
    if options.count >= 10_000:
        kept = [failure | {"why": failure["why"].strip().rpartition("\n")[2]} for failure in failures[:50]]
        save("mutations", {"seed": options.seed, "count": options.count, "counts": results, "failures": kept})
    raise SystemExit(bool(failures))


if __name__ == "__main__":
    main()
