"""Press Ctrl-C at random moments of a training that has just been started: does it always end in words, with 130?

    python -m benchmarks.reliability.interrupts [--times 100] [--seed 0]

Each attempt is `tinygrad-seq train` in a fresh process, with compiled kernels and without. The signal comes between the
first line of the command and a few steps of training, which began after `start_up` seconds where nobody disturbed it.
Before that line Python starts and imports the library, and answers Ctrl-C with a traceback of its own. Signals as here
are Unix's.
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
from time import monotonic, sleep

from ..report import save

__all__ = ["Outcome", "attempts"]

BEYOND = 1.25
"""The latest moment, in times of what a start takes."""
PATIENCE = 120
MODEL = ("--hidden", "64", "--batch-size", "4", "--seq-length", "16", "--steps", "100000000", "--eval-every", "50")
PROGRAM = """
import os, signal
signal.signal(signal.SIGINT, lambda *_: os._exit(130))
from tinygrad_seq.cli import main
print("begun", flush=True)
main()
"""
"""The first handler stands for the time between that line and the command's own first one."""


@dataclass
class Outcome:
    """How the processes ended, counted.

    Attributes:
        start_up: seconds from the first line to the first step.
        signals: how many were sent.
        exit_codes: how the processes ended; a negative one is the signal that ended it.
        trained: processes that had taken a step, which was saved.
        other_words: what else stood on stderr than that it was interrupted.
    """

    start_up: float
    signals: int
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
    first_step(command, environment)  # compiles
    start_up = first_step(command, environment)
    outcome = Outcome(round(start_up, 2), times)
    for _ in range(times):
        process = begun(command, environment)
        sleep(dice.uniform(0.0, BEYOND * start_up))
        out, err = ended(process)
        code = str(process.returncode)
        outcome.exit_codes[code] = outcome.exit_codes.get(code, 0) + 1
        outcome.trained += "which is saved" in out
        if err not in ("", "Interrupted.\n"):
            outcome.other_words.append(err)
    return outcome


def begun(command: list[str], environment: dict[str, str]) -> subprocess.Popen[str]:
    """Start a command, and return it when its first line is reached."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)
    assert process.stdout is not None
    process.stdout.readline()
    return process


def ended(process: subprocess.Popen[str]) -> tuple[str, str]:
    """Press Ctrl-C, wait for the end, and return what was said; a process that goes on and on is killed."""
    process.send_signal(signal.SIGINT)
    try:
        return process.communicate(timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.communicate()


def first_step(command: list[str], environment: dict[str, str]) -> float:
    """Return the seconds from the first line of a training to its first step."""
    process = begun(command, environment)
    began = monotonic()
    assert process.stdout is not None
    while not (line := process.stdout.readline()).startswith("step 1 "):
        assert line, process.communicate()
    seconds = monotonic() - began
    ended(process)
    return seconds


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
