"""Run tutorials as programs, one after the other, and say how long each took.

    python tutorials/run.py              # all, in fast mode
    python tutorials/run.py 03 04        # those
    python tutorials/run.py --full       # as they are meant, with what they print
    python tutorials/run.py --stale      # those alone whose kept outputs are not theirs

A tutorial fails where one of its assertions does. Exit code: 1 if one failed. What each prints and draws is kept in
`build/tutorials`, from where the site takes it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time

from notebooks import HERE, tutorials

LIMIT = 300  # seconds for one tutorial
KEPT = HERE.parent / "build" / "tutorials"


def run(path, full):
    """Return whether a tutorial ran to its end, and what it printed."""
    environment = {
        "OPENBLAS_NUM_THREADS": "1",
        "MPLBACKEND": "agg",
        **os.environ,
        "TINYGRAD_SEQ_FAST": "" if full else "1",
    }
    try:
        done = subprocess.run(
            [sys.executable, str(HERE / "cells.py"), str(path), str(KEPT)],
            cwd=HERE.parent,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=LIMIT,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return False, f"stopped after {LIMIT} s\n"
    return done.returncode == 0, done.stdout


def is_kept(path, full):
    """Tell whether the outputs of this very program are kept, in the length that is asked for or longer."""
    kept = KEPT / path.stem / "outputs.json"
    found = json.loads(kept.read_text("utf-8")) if kept.exists() else {}
    return found.get("program") == path.read_text("utf-8") and not (full and found["short"])


def main():
    full, stale = "--full" in sys.argv[1:], "--stale" in sys.argv[1:]
    wanted = [argument for argument in sys.argv[1:] if not argument.startswith("--")]
    failed, total = [], 0.0
    for path in tutorials():
        if (wanted and path.name[:2] not in wanted) or (stale and is_kept(path, full)):
            continue
        before = time.perf_counter()
        is_well, said = run(path, full)
        seconds = time.perf_counter() - before
        total += seconds
        print(f"{path.stem:<38} {'ok' if is_well else 'FAILED':<7} {seconds:6.1f} s", flush=True)
        if full or not is_well:
            print("    " + said.rstrip().replace("\n", "\n    "), flush=True)
        if not is_well:
            failed.append(path.name)
    print(f"{'in all':<42} {total:6.1f} s")
    sys.exit(f"Failed: {', '.join(failed)}" if failed else 0)


if __name__ == "__main__":
    main()
