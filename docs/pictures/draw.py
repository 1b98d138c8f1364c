"""Draw the README's pictures from a run of the demo.

    tinygrad-seq demo
    python docs/pictures/draw.py runs/demo

Writes loss.svg and unrolled.svg beside this file. What the model wrote is what the demo printed.
"""

from __future__ import annotations

import sys
from pathlib import Path

from tinygrad_seq.data import Ngram
from tinygrad_seq.train.run import Run
from tinygrad_seq.viz import Line, chart, unroll

HERE = Path(__file__).parent


def main(folder: str) -> None:
    run = Run.open(folder)
    training, held_out = run.settings.split(run.corpus())
    assert held_out is not None
    orders = {"unigram": 1, "bigram": 2}
    floors = {
        name: Ngram.fit(training.ids, len(training.vocab), order=n).nats(held_out.ids) for name, n in orders.items()
    }
    log = run.log()
    lines = [
        Line("training", [(line["step"], line["loss"]) for line in log], "var(--soft)", 1.0),
        Line("held out", [(line["step"], line["held_out"]) for line in log if "held_out" in line], "var(--hot)", 2.5),
    ]
    title = "Loss of the demo's model over its minute of training"
    chart(lines, floors, "steps of training", "nats per character", title).save(HERE / "loss.svg")
    unroll(run.model(), "if x: return", to=HERE / "unrolled.svg")
    print(f"wrote {HERE / 'loss.svg'} and {HERE / 'unrolled.svg'}")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "runs/demo")
