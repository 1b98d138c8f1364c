"""Kill a training run at random times, again and again: is every file whole, and is only the last interval lost?

    python -m benchmarks.reliability.kills [--kills 200] [--signal KILL|INT] [--seed 0]

Each attempt is `tinygrad-seq train` in a process of its own that goes on with the run (or begins it, while nothing has
been saved) and gets the signal after a random time. After each one the files are read. `lost` counts the steps that the
log knows and the checkpoint does not: at most one interval after KILL, none after INT. In the end the run is trained to
a last step without a signal, and compared bit for bit with one that was never disturbed. Processes are forked: Unix.
"""

from __future__ import annotations

import faulthandler
import json
import os
import signal
import sys
import warnings
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import asdict, dataclass, field
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from time import monotonic, sleep
from typing import Any

import numpy as np

from tinygrad_seq.checkpoint import load
from tinygrad_seq.cli.app import app
from tinygrad_seq.cli.ctrl_c import end
from tinygrad_seq.errors import CheckpointError
from tinygrad_seq.train.run import BEST, LAST, PREVIOUS, Run

from ..report import save

__all__ = ["Outcome", "attempts"]

INTERVAL = 3
LONGEST = 1.0
MODEL = ("--hidden", "128", "--batch-size", "4", "--seq-length", "8", "--dropout", "0.2", "--validation", "0")
ENDLESS = "100000000"
PATIENCE = 120


@dataclass
class Outcome:
    """What the signals left behind, counted.

    Attributes:
        signals: how many were sent.
        corrupt: files that were there and could not be read back whole.
        lost_more: attempts after which more was lost than the signal allows.
        most_lost: the most steps lost in one attempt.
        went_back: attempts after which the checkpoint was older than before.
        half_written: temporary files found; the next save removes them.
        exit_codes: how the processes ended; a negative one is the signal that ended it.
        steps: the last step of the run.
        equal: whether the run came out as the undisturbed one, bit for bit.
    """

    signals: int = 0
    corrupt: int = 0
    lost_more: int = 0
    most_lost: int = 0
    went_back: int = 0
    half_written: int = 0
    exit_codes: dict[str, int] = field(default_factory=dict)
    steps: int = 0
    equal: bool = False

    @property
    def good(self) -> bool:
        """Whether nothing was lost that may not be."""
        return self.equal and not (self.corrupt or self.lost_more or self.went_back)


def attempts(folder: Path, kills: int, number: signal.Signals, seed: int) -> Outcome:
    """Send the signal that many times to a run in a folder, then compare it with an undisturbed one."""
    dice = Random(seed)
    text = folder / "text.txt"
    text.write_text("".join(dice.choice("abcdefgh \n") for _ in range(4000)))
    run = folder / "run"
    command(("train", str(text), "--out", str(folder / "first"), "--steps", "1", *MODEL))  # imports and compiles
    outcome = Outcome(signals=kills)
    saved = 0
    for _ in range(kills):
        begun = (run / LAST).exists()
        arguments = ("--resume", str(run)) if begun else (str(text), "--out", str(run), "--force", *MODEL)
        options = ("--steps", ENDLESS, "--save-every", str(INTERVAL))
        code = interrupted(("train", *arguments, *options), number, dice.uniform(0.0, LONGEST))
        outcome.exit_codes[str(code)] = outcome.exit_codes.get(str(code), 0) + 1
        saved = look(run, saved, outcome, allowed=INTERVAL if number == signal.SIGKILL else 0)
    outcome.steps = saved + 2 * INTERVAL
    end = ("--steps", str(outcome.steps))
    if saved:
        finished(("train", "--resume", str(run), *end))
    else:
        finished(("train", str(text), "--out", str(run), "--force", *MODEL, *end))
    finished(("train", str(text), "--out", str(folder / "whole"), *MODEL, *end, "--save-every", ENDLESS))
    outcome.equal = same(run, folder / "whole")
    return outcome


def look(run: Path, before: int, outcome: Outcome, allowed: int) -> int:
    """Read what a signal left, count what is wrong with it, and return the last step saved."""
    step = 0
    for name in (BEST, PREVIOUS, LAST):
        if (run / name).exists():
            try:
                about = load(run / name, must_have_hash=True)[1]
                step = json.loads(about.get("training", "{}")).get("step", step)
            except (CheckpointError, KeyError, ValueError) as error:
                outcome.corrupt += 1
                print(f"{name}: {error}", file=sys.stderr)
    outcome.half_written += len(list(run.glob(".*.tmp")))
    if not step:
        return 0
    logged = max((line["step"] for line in Run.open(run).log()), default=0)
    lost = logged - step
    outcome.most_lost = max(outcome.most_lost, lost)
    outcome.lost_more += lost > allowed
    outcome.went_back += step < before
    return step


def interrupted(arguments: tuple[str, ...], number: signal.Signals, after: float) -> int:
    """Run a command in a process of its own, send it a signal after a time, and return how it ended."""
    process = forked(lambda: command(arguments))
    sleep(after)
    os.kill(process, number)
    return ended(process)


def finished(arguments: tuple[str, ...]) -> None:
    """Run a command in a process of its own to its end."""
    code = ended(forked(lambda: command(arguments)))
    if code:
        raise SystemExit(f"tinygrad-seq {' '.join(arguments)} ended with {code}")


def ended(process: int) -> int:
    """Wait for a process, and return how it ended; where it does not end, have it say where it stands, and raise."""
    patient_until = monotonic() + PATIENCE
    while monotonic() < patient_until:
        found, status = os.waitpid(process, os.WNOHANG)
        if found:
            return os.waitstatus_to_exitcode(status)
        sleep(0.01)
    os.kill(process, signal.SIGABRT)  # faulthandler's, set up in the copy
    os.waitpid(process, 0)
    raise TimeoutError(f"A training did not end within {PATIENCE} s.")


def forked(work: Callable[[], int]) -> int:
    """Begin work in a copy of this process, where everything is imported; return its number.

    Ctrl-C waits there until the work asks for it: before it would hit this process's own code, or nobody.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Python warns of BLAS's threads, which sleep
        process = os.fork()
    if not process:
        faulthandler.enable(sys.__stderr__)
        signal.signal(signal.SIGINT, end)
        os._exit(work())  # nothing of this process, such as a test's clean-up, runs in the copy
    signal.pthread_sigmask(signal.SIG_SETMASK, before)
    return process


def command(arguments: tuple[str, ...]) -> int:
    """Run a command here, without a word, and return its exit code."""
    try:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
        with Path(os.devnull).open("w") as silence, redirect_stdout(silence), redirect_stderr(silence):
            app(arguments, prog_name="tinygrad-seq")
    except SystemExit as how:
        return int(how.code or 0)
    return 0


def same(run: Path, whole: Path) -> bool:
    """Tell whether two runs have the same weights, optimizer, position, state and losses."""
    (arrays, about), (arrays_whole, about_whole) = load(run / LAST), load(whole / LAST)
    losses, losses_whole = ([line["loss"] for line in Run.open(folder).log()] for folder in (run, whole))
    return (
        arrays.keys() == arrays_whole.keys()
        and all(np.array_equal(array, arrays_whole[name]) for name, array in arrays.items())
        and (about, losses) == (about_whole, losses_whole)
    )


def main() -> None:
    """Run the command line."""
    parser = ArgumentParser(description=__doc__, formatter_class=RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--signal", choices=("KILL", "INT"), default="KILL")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    with TemporaryDirectory() as folder:
        outcome = attempts(Path(folder), options.kills, signal.Signals[f"SIG{options.signal}"], options.seed)
    counted: dict[str, Any] = {**asdict(outcome), "interval": INTERVAL, "seed": options.seed}
    for name, count in counted.items():
        print(f"{name}: {count}")
    save(f"kills_{options.signal.lower()}", counted)
    raise SystemExit(not outcome.good)


if __name__ == "__main__":
    main()
