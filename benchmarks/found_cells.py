"""The cells of the models in docs/cells.md: searched for, kept as JSON, printed as the table that stands there.

    python -m benchmarks.found_cells RUN NAME [--text FILE ...]

Reads the run that `tinygrad-seq train` made, with the text that it held out, and writes `results/NAME.json` (settings,
curve, every score with its controls) and `docs/pictures/NAME.svg`, the curve. The commands that train the two models
stand in docs/cells.md.
"""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from tinygrad_seq.analysis.cells import find, parts
from tinygrad_seq.analysis.labels import usual
from tinygrad_seq.cli.cells import COLUMNS, fields
from tinygrad_seq.cli.held_out import held_out
from tinygrad_seq.train.run import Run
from tinygrad_seq.viz import Line, chart

from .report import HERE, save, table

EVERY = 50  # steps between points of the curve that is kept


def curve(run: Run) -> dict[str, Any]:
    """Return the loss over training, in means of 50 steps, and each evaluation."""
    log = run.log()
    chunks = [log[start : start + EVERY] for start in range(0, len(log), EVERY)]
    return {
        "training": [[c[-1]["step"], round(sum(line["loss"] for line in c) / len(c), 4)] for c in chunks],
        "held out": [[line["step"], round(line["held_out"], 4)] for line in log if "held_out" in line],
    }


def main() -> None:
    """Find the cells of one run, and print and keep them."""
    parser = ArgumentParser(prog="python -m benchmarks.found_cells", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("run", type=Path)
    parser.add_argument("name")
    parser.add_argument("--text", nargs="*")
    args = parser.parse_args()
    run = Run.open(args.run)
    corpus = held_out(run, args.text)
    text = parts(corpus, usual([document.name for document in corpus.documents]))
    found = find(run.model(), run.new_model().eval(), text, say=lambda what: print(what, flush=True))
    losses = curve(run)
    best = min(losses["held out"], key=lambda point: point[1])
    lines = [
        Line("training", losses["training"], "var(--soft)", 1.0),
        Line("held out", losses["held out"], "var(--hot)", 2.5),
    ]
    picture = chart(lines, {}, "steps of training", "nats per character", f"Loss of the model in {args.name}")
    picture.save(HERE.parent / "docs" / "pictures" / f"{args.name}.svg")
    print(table([name for name, _ in COLUMNS], [fields(finding) for finding in found.findings]))
    print(f"\nweights of step {best[0]:,}: {best[1]} nats per character held out; {corpus!r}")
    save(
        args.name,
        {
            "settings": run.settings.to_json(),
            "trained with": run.environment,
            "text": run.config["text"],
            "held out": {"source": corpus.source, "sha256": corpus.sha256, "symbols": len(corpus)},
            "weights of step": best[0],
            "curve": losses,
            **found.to_json(),
        },
    )


if __name__ == "__main__":
    main()
