"""Press Ctrl-C at random moments of a training that has just been started: does it always end in words, with 130?

    python -m benchmarks.reliability.interrupts [--times 100] [--seed 0]

Each attempt is `tinygrad-seq train` in a fresh process, with compiled kernels and without, and the signal comes within
the first seconds, counted from the first line of the command: before it Python itself starts, and answers Ctrl-C with
a traceback of its own. Signals as here are Unix's.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from dataclasses import asdict, dataclass, field
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from time import sleep

from ..report import save

__all__ = ["Outcome", "attempts"]

LONGEST = 2.0
MODEL = ("--hidden", "64", "--batch-size", "4", "--seq-length", "16", "--steps", "100000000", "--eval-every", "50")
PROGRAM = """
import os, signal
signal.signal(signal.SIGINT, lambda *_: os._exit(130))
print("begun", flush=True)
from tinygrad_seq_command import main
main()
"""
"""The first handler stands for the time between that line and the command's own first one."""


@dataclass
class Outcome:
    """How the processes ended, counted.

    Attributes:
        signals: how many were sent.
        exit_codes: how the processes ended; a negative one is the signal that ended it.
        trained: processes that had taken a step, which was saved.
        other_words: what else stood on stderr than that it was interrupted.
    """

    signals: int = 0
    exit_codes: dict[str, int] = field(default_factory=dict)
    trained: int = 0
    other_words: list[str] = field(default_factory=list)

    @property
    def good(self) -> bool:
        """Whether each ended as it should."""
        return self.exit_codes == {"130": self.signals} and not self.other_words


def attempts(folder: Path, times: int, *, compiled: bool, seed: int) -> Outcome:
    """Start a training that many times, and interrupt each."""
    dice = Random(seed)
    text = folder / "text.txt"
    text.write_text("".join(dice.choice("abcdefgh \n") for _ in range(4000)))
    command = [sys.executable, "-c", PROGRAM, "train", str(text), "--out", str(folder / "run"), "--force", *MODEL]
    paths = os.pathsep.join(path for path in sys.path if path)
    environment = os.environ | {"TINYGRAD_SEQ_NUMBA": str(int(compiled)), "PYTHONPATH": paths}
    outcome = Outcome(signals=times)
    for _ in range(times):
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
        ) as process:
            assert process.stdout is not None
            process.stdout.readline()
            sleep(dice.uniform(0.0, LONGEST))
            process.send_signal(signal.SIGINT)
            try:
                out, err = process.communicate(timeout=120)
            except subprocess.TimeoutExpired:
                process.kill()
                out, err = process.communicate()
        code = str(process.returncode)
        outcome.exit_codes[code] = outcome.exit_codes.get(code, 0) + 1
        outcome.trained += "which is saved" in out
        if err not in ("", "Interrupted.\n"):
            outcome.other_words.append(err)
    return outcome


def main() -> None:
    """Run the command line."""
    parser = ArgumentParser(description=__doc__, formatter_class=RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    outcomes = {}
    for compiled in (False, True):
        with TemporaryDirectory() as folder:
            outcome = attempts(Path(folder), options.times, compiled=compiled, seed=options.seed)
        print(f"{'compiled' if compiled else 'plain'}: {outcome}")
        outcomes["compiled" if compiled else "plain"] = asdict(outcome) | {"good": outcome.good}
    save("interrupts", outcomes | {"seed": options.seed})
    raise SystemExit(not all(outcome["good"] for outcome in outcomes.values()))


if __name__ == "__main__":
    main()
