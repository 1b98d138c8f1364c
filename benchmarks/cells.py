"""What the search for cells costs: time and memory for a million characters of Python.

    python -m benchmarks.cells [--symbols 1000000] [--run RUN]

An LSTM of 256 units reads Python's own library, is searched for the cells of 15 labels, and so is the same net
untrained; both with ten shuffles, intervals, thresholds and linear probes. What the weights are makes no difference to
the cost; without --run they are fresh. CPU seconds of one thread; memory is the most that the process ever held, mapped
files included.
"""

from __future__ import annotations

from argparse import ArgumentParser
from itertools import pairwise
from pathlib import Path

import tinygrad_seq as tg
from tinygrad_seq.analysis.cells import find, parts
from tinygrad_seq.analysis.cells.activity import bytes_needed, shown
from tinygrad_seq.analysis.labels import usual
from tinygrad_seq.data import stdlib
from tinygrad_seq.models import CharLM
from tinygrad_seq.train.run import Run

from .measure import clock, peak
from .report import save, table


def main() -> None:
    """Find the cells once, and print and keep what each stage took."""
    parser = ArgumentParser(prog="python -m benchmarks.cells", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--symbols", type=int, default=1_000_000)
    parser.add_argument("--run", type=Path)
    args = parser.parse_args()
    corpus = stdlib()
    tg.manual_seed(0)
    model = Run.open(args.run).model() if args.run else CharLM(corpus.vocab, hidden_size=256).eval()
    tg.manual_seed(1)
    untrained = CharLM(corpus.vocab, hidden_size=256).eval()
    model.generate(length=2)  # compiles nothing that a user would not have compiled by training
    before = peak()
    stages: list[tuple[str, float]] = [("labels", clock())]
    text = parts(corpus, usual([document.name for document in corpus.documents]), limit=args.symbols)
    find(model, untrained, text, say=lambda what: stages.append((what, clock())))
    stages.append(("", clock()))
    rows = [{"stage": name, "CPU s": after - start} for (name, start), (_, after) in pairwise(stages)]
    total = stages[-1][1] - stages[0][1]
    result = {
        "symbols": len(text),
        "labels": len(text.labels),
        "CPU s": total,
        "peak MB": peak(),
        "peak MB before": before,
        "disk MB": bytes_needed(model, len(text.search), [shown(model)]) / 1e6,
        "stages": rows,
    }
    print(table(["stage", "CPU s"], [[row["stage"], f"{row['CPU s']:.1f}"] for row in rows]))
    print(f"\n{len(text):,} symbols, {len(text.labels)} labels: {total:.1f} CPU s, at most {result['peak MB']:,.0f} MB")
    save("cells_cost", result)


if __name__ == "__main__":
    main()
