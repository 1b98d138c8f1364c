"""Draw the pictures of docs/sentiment.md from the benchmark's results.

    python -m benchmarks.sentiment
    python docs/pictures/sentiment.py

Writes sentiment_unit.svg and sentiment_labels.svg beside this file.
"""

from __future__ import annotations

import json
from math import log2
from pathlib import Path
from typing import Any

from tinygrad_seq.viz import Line, chart

HERE = Path(__file__).parent
RESULTS = HERE.parents[1] / "benchmarks" / "results" / "sentiment.json"
COLOURS = {True: "var(--hot)", False: "var(--cool)"}


def unit(results: dict[str, Any]) -> None:
    """The unit over the bytes of one sentence of each kind."""
    lines = [
        Line(
            ("denied " if course["denies"] else "said ") + course["text"].rstrip(".").split()[-1],
            list(enumerate(course["unit"])),
            COLOURS[course["positive"]],
            2.0 if course["denies"] else 1.2,
        )
        for course in results["courses"]
    ]
    title = f"Cell state of unit {results['trained']['unit']} while it reads four sentences"
    levels = {"threshold": results["trained"]["threshold"]}
    chart(lines, levels, "bytes read", "cell state", title).save(HERE / "sentiment_unit.svg")


def labels(results: dict[str, Any]) -> None:
    """Accuracy against the number of labels, on a logarithmic axis."""
    rows = results["labels"]
    start = log2(rows[0]["labels"])
    lines = [
        Line(name, [(log2(row["labels"]) - start, row[key]) for row in rows], colour, 2.0)
        for name, key, colour in (
            ("probe", "probe", "var(--hot)"),
            ("from scratch", "scratch", "var(--cool)"),
        )
    ]
    title = "Right on test sentences, against the number of labels"
    axis = f"doublings of the number of labels, from {rows[0]['labels']}"
    chart(lines, {"chance": 0.5}, axis, "share right", title).save(HERE / "sentiment_labels.svg")


if __name__ == "__main__":
    found = json.loads(RESULTS.read_text("utf-8"))
    unit(found)
    labels(found)
    print(f"wrote {HERE / 'sentiment_unit.svg'} and {HERE / 'sentiment_labels.svg'}")
