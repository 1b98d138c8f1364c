"""How long a picture of T steps takes, and how large it is: is the cost linear?

    python -m benchmarks.page [--rounds 3] [--steps 10 50 200 1000]

An LSTM of 128 units reads T symbols and follows the last loss back. Measured are the run without a recorder, the run
with one, and the interactive page made from the record; sizes are of the page. Time grows as T^e.
"""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

import numpy as np

import tinygrad_seq as tg
from tinygrad_seq.data import CharVocab
from tinygrad_seq.models import CharLM
from tinygrad_seq.viz import page

from .depth import exponent
from .measure import clock
from .report import save, table

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
    plain, recorded, drawn = np.diff(times).tolist()
    return {
        "steps": T,
        "nodes": len(tape.nodes),
        "run": plain,
        "recorded run": recorded,
        "page": drawn,
        "page kB": len(html.encode()) / 1000,
    }


def main() -> None:
    """Measure every length, round by round; print and keep the least times."""
    parser = ArgumentParser(prog="python -m benchmarks.page", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, nargs="+", default=[10, 50, 200, 1000])
    args = parser.parse_args()
    tg.manual_seed(0)
    model = CharLM(CharVocab.from_text(TEXT), hidden_size=128)
    measure(model, args.steps[0])
    rounds = [[measure(model, T) for T in args.steps] for _ in range(args.rounds)]
    points = [{key: min(run[key] for run in own) for key in own[0]} for own in zip(*rounds, strict=True)]
    rows = [
        (p["steps"], p["nodes"], *(f"{p[k]:.3f}" for k in ("run", "recorded run", "page")), f"{p['page kB']:.0f}")
        for p in points
    ]
    print(table(("steps", "nodes", "run s", "recorded run s", "page s", "page kB"), rows))
    growth = exponent(tuple(args.steps), [p["page"] for p in points])
    print(f"\npage ~ steps^{growth:.2f}")
    save("page", {"rounds": args.rounds, "unit": "CPU seconds", "sizes": points, "page_exponent": growth})


if __name__ == "__main__":
    main()
