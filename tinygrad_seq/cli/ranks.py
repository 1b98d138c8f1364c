"""Work on many processes, as the terminal sees it: the first one speaks, and all of them end together."""

from __future__ import annotations

import signal
import subprocess
import sys
import traceback
from collections.abc import Iterator
from contextlib import closing, contextmanager
from time import sleep

import numpy as np
import typer

from ..backend import get_backend, use_backend
from ..data import Corpus
from ..errors import AnomalyError
from ..train.fit import fit
from ..train.parallel import Alone, Ranks
from ..train.run import Moment, Run, packed
from .failure import report

__all__ = ["assist", "hand_out", "together"]

PATIENCE = 0.5
"""Seconds that a launcher has to pass on what was said: what it has not read when the job is aborted is lost."""
SENTRY = "import sys; sys.stdin.buffer.read() or sys.stderr.write(sys.argv[1])"
"""Waits for a word; where its starter dies without one, it says what it was given to say."""


@contextmanager
def together(ranks: Alone, what: str, cure: str, debug: bool) -> Iterator[None]:
    """Make the failure of one rank inside the `with` block the end of all; `cure` says how to go on with what."""
    if not isinstance(ranks, Ranks):
        yield
        return
    try:
        with sentry(ranks, what, cure):
            yield
    except typer.Exit:
        raise
    except BaseException as error:
        raise typer.Exit(end(ranks, error, debug)) from error


@contextmanager
def sentry(ranks: Ranks, what: str, cure: str) -> Iterator[None]:
    """Have a process of its own say that a rank has died, where that was so sudden that no rank could.

    A launcher that sees one rank die kills the others, most of them without a word.
    """
    if ranks.rank:
        yield
        return
    words = (
        f"One of {ranks.size} processes has died or was killed, and {what} has ended. What was saved is whole."
        f"\n    {cure}\n"
    )
    command = [sys.executable, "-I", "-c", SENTRY, words]
    with subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True) as process:
        try:
            yield
        finally:
            process.communicate(b"I speak for myself")


def end(ranks: Ranks, error: BaseException, debug: bool) -> int:
    """Say what happened, have MPI end the processes that wait for this one, and return the exit code.

    A loss that is not finite is everybody's, and the first rank says it. What befalls another one alone, such as too
    little memory, is said with its number.
    """
    if ranks.rank and isinstance(error, AnomalyError):
        ranks.comm.Barrier()  # the first one does not come: it ends the job
    if ranks.rank:
        print(f"On rank {ranks.rank} of {ranks.size}:", file=sys.stderr)
    if debug:
        traceback.print_exception(error)
    if hasattr(error, "show"):  # typer's own, of a wrong call
        error.show()
    code = int(getattr(error, "exit_code", 0)) or report(error)
    sys.stdout.flush()
    sleep(PATIENCE)
    ranks.comm.Abort(code)
    return code


def hand_out(ranks: Alone, run: Run, moment: Moment, training: Corpus, held_out: Corpus | None) -> None:
    """Give the other ranks, in `assist`, all that they need to train: they read no file."""
    if ranks.size > 1:
        ranks.from_first(lambda: (run.folder, run.config, run.vocab, training, held_out, packed(moment)))
        ranks.connect(get_backend(run.settings.backend))  # its own device, the first one, is where the moment is


def assist(ranks: Alone) -> None:
    """Train along with the first rank, without a word: it tells what, and when to stop; it gets Ctrl-C too."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    folder, config, vocab, training, held_out, (arrays, saved) = ranks.from_first(lambda: None)
    run = Run(folder, config, vocab)
    ranks.connect(get_backend(run.settings.backend))
    moment = run.begin(training)
    run.put_back(moment, arrays, saved)
    computing = use_backend(run.settings.backend)
    with np.errstate(all="ignore"), computing, closing(fit(run, moment, training, held_out, ranks)) as course:
        for progress in course:
            if ranks.anywhere(False) and progress.step < run.settings.steps:
                break
