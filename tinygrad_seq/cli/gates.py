"""`tinygrad-seq gates`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from ..analysis.cells import parts, passages
from ..analysis.cells.activity import bytes_needed, shown
from ..analysis.gates import GateUse, gate_use, gates_of
from ..analysis.labels import usual
from ..errors import ConfigError
from ..train.run import Run
from ..viz import Line, chart
from ..viz.coloured import Row, Section, coloured
from ..viz.scatter import scatter
from .backend import BackendOption, selected
from .cells import channel_of, stretch
from .debug import DebugOption
from .figures import size, unit
from .folder import quoted
from .graph import wrote
from .held_out import LimitOption, TextsOption, held_out

__all__ = ["gates"]

GATES = {
    "i": "input gate i: what to write",
    "f": "forget gate f: what to keep",
    "o": "output gate o: what to show",
    "r": "reset gate r: what of the past the candidate sees",
    "z": "update gate z: how much of the past stays",
}
LONGEST_FIRST = 12


def gates(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a run.")],
    text: TextsOption = None,
    out: Annotated[Path, typer.Option("--out", "-o", help="Page to write, .html.")] = Path("gates.html"),
    to_json: Annotated[Path | None, typer.Option("--json", help="File for the numbers as JSON.")] = None,
    limit: LimitOption = 100_000,
    backend: BackendOption = "auto",
    debug: DebugOption = False,
) -> None:
    """Look at the gates: how often each is shut or open, how long each cell remembers, the text coloured by any one.

    - `tinygrad-seq gates runs/demo`

    - `tinygrad-seq gates runs/demo --text poem.txt -o gates.html --json gates.json`
    """
    if out.suffix != ".html":
        raise ConfigError(f"{out}: the page is written as .html. Give it such a name (-o gates.html).")
    folder = Run.open(run)
    folder.change(backend=selected(backend))
    model = folder.model()
    letters = gates_of(model)
    corpus = held_out(folder, text)
    divided = parts(corpus, usual([document.name for document in corpus.documents]), limit=limit)
    ids = np.concatenate([divided.search.ids, divided.threshold.ids, divided.test.ids])
    print(f"Text: {size(corpus)}")
    most = bytes_needed(model, len(ids), letters)
    print(f"Reading {len(ids):,} {unit(folder.vocab)}s: up to {most / 1e9:.2f} GB on disk, given back afterwards.")
    uses = gate_use(model, ids)
    for use in uses:
        print(summary(use))
    if to_json is not None:
        to_json.write_text(json.dumps([plain(use) for use in uses]) + "\n", encoding="utf-8")
        print(f"Wrote: {to_json}")
    kept = [use for use in uses if use.half_life is not None]
    names = [label.name for label in divided.labels]
    seen = [*letters, shown(model)]
    read, _ = passages(model, divided.test, names, seen, most=2, length=400)
    coloured(
        f"Gates of {run.name}",
        f"What the gates of {model.num_layers * model.hidden_size} units did over {len(ids):,} {unit(folder.vocab)}s. "
        "The table has the units with the longest memory; click one to see the text coloured by it, and choose any "
        "gate below.",
        [channel_of(k, letter) for k in range(1, model.num_layers + 1) for letter in seen],
        [stretch(passage) for passage in read],
        columns=(
            ("unit", "layer:unit"),
            ("half-life", "characters after which half of what the cell holds is left: ln 2 / mean(-ln f)"),
            ("shut", "share of characters at which its gate that keeps is below 0.1"),
            ("open", "share of characters at which it is above 0.9"),
        ),
        rows=[row for use in kept for row in longest(use)],
        sections=[saturation(uses), memory(kept)],
    ).save(out)
    wrote(out, f"tinygrad-seq cells {quoted(run)}")


def longest(use: GateUse) -> list[Row]:
    """Return the units of a layer that remember longest."""
    assert use.half_life is not None  # noqa: S101  for the type checker: asked of gates that keep alone
    order = np.argsort(-use.half_life, kind="stable")[:LONGEST_FIRST]
    return [
        Row(
            (f"{use.layer}:{unit}", f"{use.half_life[unit]:,.1f}", f"{use.left[unit]:.1%}", f"{use.right[unit]:.1%}"),
            0,
            channel_of(use.layer, use.letter).name,
            int(unit),
        )
        for unit in order
    ]


def saturation(uses: list[GateUse]) -> Section:
    """Return the scatter of the paper: each gate's share of time shut against its share of time open."""
    plots = [
        (
            f"layer {use.layer}, gate {use.letter}",
            [(x, y, f"unit {unit}: {x:.1%} below 0.1, {y:.1%} above 0.9") for unit, (x, y) in enumerate(pairs(use))],
        )
        for use in uses
    ]
    return Section(
        "How often a gate is shut or open",
        "One point per unit, as Karpathy, Johnson and Fei-Fei plot it (2015): to the right, units whose gate is mostly "
        "below 0.1; at the top, above 0.9. A forget gate at the top left is a cell that keeps nearly everything; a "
        "point in the lower left is a gate that does neither.",
        scatter(plots, "share of time below 0.1", "share of time above 0.9", "Gate saturation"),
    )


def pairs(use: GateUse) -> list[tuple[float, float]]:
    return list(zip(use.left.tolist(), use.right.tolist(), strict=True))


def memory(kept: list[GateUse]) -> Section:
    """Return the curve of half-lives, sorted."""
    colours = ("var(--hot)", "var(--cool)", "var(--ink)", "var(--soft)")
    lines = [
        Line(f"layer {use.layer}", list(enumerate(np.sort(use.half_life)[::-1].tolist())), colours[i % 4], 2.0)
        for i, use in enumerate(kept)
        if use.half_life is not None
    ]
    picture = chart(
        lines, {}, "units, longest memory first", "half-life in characters", "Memory of the cells", log=True
    )
    return Section(
        "How long a cell remembers",
        "What a cell holds is multiplied by its forget gate at each character. Its half-life is ln 2 / mean(-ln f): "
        "after so many characters half of it is left, in the mean over the text.",
        picture,
    )


def summary(use: GateUse) -> str:
    """Return one gate in a line."""
    said = (
        f"layer {use.layer}, {GATES[use.letter]}: shut {use.left.mean():.1%} of the time, open {use.right.mean():.1%}"
    )
    if use.half_life is None:
        return said
    return (
        f"{said}; half-life {np.median(use.half_life):.1f} characters in the median, {use.half_life.max():,.1f} at most"
    )


def plain(use: GateUse) -> dict[str, object]:
    """Return one gate for JSON; a half-life without end is null."""
    lives = None if use.half_life is None else [round(x, 3) if np.isfinite(x) else None for x in use.half_life.tolist()]
    return {
        "layer": use.layer,
        "gate": use.letter,
        "left": [round(x, 5) for x in use.left.tolist()],
        "right": [round(x, 5) for x in use.right.tolist()],
        "half_life": lives,
    }
