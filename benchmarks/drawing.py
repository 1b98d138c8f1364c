"""How recording and drawing grow with time: an LSTM unrolled operation by operation.

    python -m benchmarks.drawing [--rounds 3] [--lengths 10 50 200 1000]

For each length T: recording a forward and backward pass (beside the pass unrecorded), its JSON, the DOT text, and SVG
by the `dot` command where it is there, whole and with all but 8 steps folded. Least CPU seconds of the rounds; dot's
are those of its own process. Times grow as T^e.
"""

from __future__ import annotations

import resource
from argparse import ArgumentParser
from collections.abc import Callable
from shutil import which
from typing import Any

import numpy as np

import tinygrad_seq as tg
from tinygrad_seq import nn, viz
from tinygrad_seq.record import Record
from tinygrad_seq.viz.render import by_command

from .measure import clock
from .report import save, table

B, I, H = 1, 8, 16
WHOLE_UP_TO = 200  # above that dot takes minutes, and nobody looks at 15,000 nodes


def step(T: int) -> Callable[[], None]:
    """Return a function that runs an LSTM over T steps, forward and backward."""
    tg.manual_seed(0)
    lstm, x = nn.LSTM(I, H, path="cell"), tg.randn(T, B, I)
    return lambda: (lstm(x).output[-1] ** 2).sum().backward()


def recorded(T: int) -> Record:
    with tg.record() as tape:
        step(T)()
    return tape


def dot_seconds(source: str) -> float:
    """Return the CPU seconds that dot takes for an SVG."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    by_command(source, "svg")
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before


def timed(f: Callable[[], Any]) -> float:
    start = clock()
    f()
    return clock() - start


def measure(T: int) -> dict[str, float]:
    """Return times and sizes of one length."""
    run = step(T)
    tape = recorded(T)
    whole, folded = viz.graph(tape), viz.graph(tape, steps=8)
    found: dict[str, float] = {
        "nodes": len(tape.nodes),
        "unrecorded s": timed(run),
        "recorded s": timed(lambda: recorded(T)),
        "JSON MB": len(tape.to_json()) / 1e6,
        "JSON s": timed(tape.to_json),
        "DOT MB": len(whole.dot) / 1e6,
        "DOT s": timed(lambda: viz.graph(tape).dot),
    }
    if which("dot"):
        if T <= WHOLE_UP_TO:
            found["dot s"] = dot_seconds(whole.dot)
        found["dot folded s"] = dot_seconds(folded.dot)
    return found


def main() -> None:
    parser = ArgumentParser(prog="python -m benchmarks.drawing", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--lengths", type=int, nargs="+", default=[10, 50, 200, 1000])
    args = parser.parse_args()
    rounds = [[measure(T) for T in args.lengths] for _ in range(args.rounds)]
    best = [{key: min(run[k][key] for run in rounds) for key in rounds[0][k]} for k in range(len(args.lengths))]
    columns = list(best[0])
    rows = [
        (T, *(f"{found[key]:.3g}" if key in found else "-" for key in columns))
        for T, found in zip(args.lengths, best, strict=True)
    ]
    growth = {}
    for key in columns:
        known = [(T, found[key]) for T, found in zip(args.lengths, best, strict=True) if found.get(key)]
        if len(known) > 1:
            growth[key] = float(np.polyfit(*np.log(np.array(known)).T, 1)[0])
    print(table(("T", *columns), [*rows, ("T^e", *(f"{growth[key]:.2f}" for key in columns))]))
    save("drawing", {"lengths": args.lengths, "rounds": args.rounds, "best": best, "growth": growth})


if __name__ == "__main__":
    main()
