"""How long a picture of T steps takes, and how large it is: is the cost linear?

    python -m benchmarks.drawing [--rounds 3] [--steps 10 50 100 200 1000]

An LSTM of 128 units reads T symbols and follows the last loss back. Measured are the run without a recorder, the run
with one (and its JSON), the interactive page made from the record, its DOT text operation by operation, and what the
`dot` command then takes for an SVG: whole, and with all but eight steps folded. Time grows as T^e.
"""

from __future__ import annotations

from argparse import ArgumentParser
from resource import RUSAGE_CHILDREN, getrusage
from shutil import which
from typing import Any

import numpy as np

import tinygrad_seq as tg
from tinygrad_seq.data import CharVocab
from tinygrad_seq.models import CharLM
from tinygrad_seq.viz import graph, page
from tinygrad_seq.viz.render import by_command

from .depth import exponent
from .measure import clock
from .report import save, table

WHOLE_UP_TO = 200  # steps: above, dot takes minutes for what nobody can look at
TEXT = "The quick brown fox jumps over the lazy dog. "


def forward_and_backward(model: CharLM, ids: np.ndarray) -> None:
    logits, _ = model(ids[None, :-1])
    loss = tg.functional.cross_entropy(logits[:, -1], ids[-1:])
    tg.grad(loss, list(model.parameters()))


def measure(model: CharLM, T: int) -> dict[str, Any]:
    """Return the times of one run of T steps, and the page's size."""
    ids = model.vocab.encode((TEXT * (T // len(TEXT) + 1))[: T + 1])
    times = [clock()]
    forward_and_backward(model, ids)
    times.append(clock())
    with tg.record(gradients="parts", expand=True) as tape:
        forward_and_backward(model, ids)
    times.append(clock())
    html = page(tape).html
    times.append(clock())
    whole = graph(tape).dot
    times.append(clock())
    plain, recorded, drawn, written = np.diff(times).tolist()
    return {
        "steps": T,
        "nodes": len(tape.nodes),
        "run": plain,
        "recorded run": recorded,
        "page": drawn,
        "page kB": len(html.encode()) / 1000,
        "JSON kB": len(tape.to_json()) / 1000,
        "DOT": written,
        "DOT kB": len(whole.encode()) / 1000,
        "dot": dot(whole) if T <= WHOLE_UP_TO else None,
        "dot, folded": dot(graph(tape, steps=8).dot),
    }


def dot(source: str) -> float | None:
    """Return the CPU seconds that the dot command takes for an SVG, None where it is not."""
    if which("dot") is None:
        return None
    before = getrusage(RUSAGE_CHILDREN).ru_utime
    by_command(source, "svg")
    return getrusage(RUSAGE_CHILDREN).ru_utime - before


def main() -> None:
    """Measure every length, round by round; print and keep the least times."""
    parser = ArgumentParser(prog="python -m benchmarks.drawing", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, nargs="+", default=[10, 50, 100, 200, 1000])
    args = parser.parse_args()
    tg.manual_seed(0)
    model = CharLM(CharVocab.from_text(TEXT), hidden_size=128)
    measure(model, args.steps[0])
    rounds = [[measure(model, T) for T in args.steps] for _ in range(args.rounds)]
    points = [
        {key: None if own[0][key] is None else min(run[key] for run in own) for key in own[0]}
        for own in zip(*rounds, strict=True)
    ]
    rows = [["-" if x is None else f"{x:.3f}" if isinstance(x, float) else x for x in p.values()] for p in points]
    print(table(list(points[0]), rows))
    growth = {}
    for key in ("run", "recorded run", "page", "DOT", "dot", "page kB", "JSON kB", "DOT kB"):
        known = [(p["steps"], p[key]) for p in points if p[key]]
        if len(known) > 1:
            growth[key] = exponent(*zip(*known, strict=True))
    print("\n" + ", ".join(f"{key} ~ steps^{e:.2f}" for key, e in growth.items()))
    save("drawing", {"rounds": args.rounds, "unit": "CPU seconds", "sizes": points, "exponents": growth})


if __name__ == "__main__":
    main()
