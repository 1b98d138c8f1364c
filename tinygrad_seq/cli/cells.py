"""`tinygrad-seq cells`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from ..analysis import labels as labelling
from ..analysis.cells import Finding, Findings, Parts, Passage, find, parts, passages
from ..analysis.cells.activity import bytes_needed, shown
from ..errors import ConfigError
from ..models import CharLM
from ..train.run import Run
from ..viz.coloured import Channel, Row, Stretch, coloured
from ..viz.page import Page
from .backend import BackendOption, selected
from .debug import DebugOption
from .figures import size, unit
from .folder import quoted
from .graph import wrote
from .held_out import LimitOption, TextsOption, held_out

__all__ = ["cells", "stretch"]

COLUMNS = (
    ("label", "what is asked of each character"),
    ("cell", "layer:unit that is best in the part searched; low: it is low where the label holds"),
    ("score", "AUC (0.5 is chance) or R2 (0 is chance) of that cell on the part scored on"),
    ("95 %", "interval of the score over resampled blocks of text"),
    ("yes/no", "balanced accuracy with the threshold chosen on a third part"),
    ("untrained", "the best cell of the same net before training"),
    ("shuffled", "the highest of ten scores for labels shifted around the text"),
    ("all cells", "a linear model on all cells"),
    ("untrained all", "a linear model on all cells before training"),
    ("has it", "share of characters that have the label, and in how many stretches"),
)
SPLIT = (
    "Cells are searched in one part of the text, thresholds chosen on a second, all scores taken on a third; the model "
    "was trained on none of it. Every control goes the same way: search, then score."
)
MEASURES = (
    "AUC: the chance that a character with the label stands higher than one without it. R2: the share of a number's "
    "variance that a line through the cell explains. Intervals: 1,000 resamples of blocks of 2,000 characters."
)
NOTES = (SPLIT, MEASURES)


def cells(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a run.")],
    text: TextsOption = None,
    label: Annotated[
        list[str] | None,
        typer.Option(
            "--label",
            help="A label by name, or NAME=REGEX of your own; again for more.",
            show_default="those that fit the text",
        ),
    ] = None,
    out: Annotated[Path, typer.Option("--out", "-o", help="Page to write, .html.")] = Path("cells.html"),
    to_json: Annotated[Path | None, typer.Option("--json", help="File for the findings as JSON.")] = None,
    limit: LimitOption = 1_000_000,
    backend: BackendOption = "auto",
    debug: DebugOption = False,
) -> None:
    r"""Find cells that mean something: which unit is high inside strings, in comments, near the end of a line?

    Without options it reads the text that the run held out and asks the labels that fit: Python's own for Python, those
    of any text for others. Beside each score stand its controls; the page shows the text coloured by any unit.

    - `tinygrad-seq cells runs/demo`

    - `tinygrad-seq cells runs/demo --label comment --label 'self=\bself\b' -o self.html`

    - `tinygrad-seq cells runs/play --text other_play.txt --json cells.json`
    """
    if out.suffix != ".html":
        raise ConfigError(f"{out}: the page is written as .html. Give it such a name (-o cells.html).")
    folder = Run.open(run)
    folder.change(backend=selected(backend))
    corpus = held_out(folder, text)
    asked = labelling.chosen(label or (), [document.name for document in corpus.documents])
    divided = parts(corpus, asked, limit=limit)
    model = folder.model()
    most = bytes_needed(model, len(divided.search), [shown(model)])
    print(f"Text: {size(corpus)}")
    print(f"Reading {len(divided):,} {unit(folder.vocab)}s: up to {most / 1e9:.2f} GB on disk, given back afterwards.")
    found = find(model, folder.new_model().eval(), divided, say=say)
    print_table(found)
    if to_json is not None:
        to_json.write_text(json.dumps(found.to_json(), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        print(f"Wrote: {to_json}")
    page_of(f"Cells of {run.name}", model, divided, found).save(out)
    best = max(found.findings, key=lambda f: f.best[0].score, default=None)
    pin = f"{best.best[0].cell}={best.best[0].sign:+d}" if best else "1:0=+1"
    wrote(out, f"tinygrad-seq steer {quoted(run)} --cell {pin}")


def say(what: str) -> None:
    """Say what is being done, where somebody watches."""
    if sys.stderr.isatty():
        print(f"  {what} ...", file=sys.stderr, flush=True)


def fields(finding: Finding) -> list[str]:
    """Return a finding as it stands in the table."""
    best = finding.best[0]
    share = "" if finding.positives is None else f"{finding.positives / finding.symbols:.1%} in {finding.spans:,}"
    return [
        finding.label,
        f"{best.cell}{' low' * (best.sign < 0)}",
        f"{finding.measure} {best.score:.3f}",
        f"{finding.low:.3f} to {finding.high:.3f}",
        number(finding.balanced_accuracy),
        number(finding.untrained.score),
        number(max(finding.shuffled)),
        number(finding.probe),
        number(finding.probe_untrained),
        share,
    ]


def number(x: float | None) -> str:
    return "" if x is None else f"{x:.3f}"


def print_table(found: Findings) -> None:
    """Print the findings."""
    from rich.box import SIMPLE
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE, pad_edge=False)
    for i, (name, _) in enumerate(COLUMNS):
        table.add_column(name, justify="left" if i == 0 else "right", no_wrap=True)
    for finding in found.findings:
        table.add_row(*map(Text, fields(finding)))
    console = Console(width=None if sys.stdout.isatty() else 140, highlight=False)
    console.print(table)
    for note in NOTES:
        console.print(note, markup=False)
    if found.skipped:
        print(f"Left out, a label could not read them: {', '.join(found.skipped)}")
    if any(finding.probe is None for finding in found.findings):
        print('The columns of all cells need scikit-learn: pip install "tinygrad_seq[analysis]"')


def page_of(title: str, model: CharLM, text: Parts, found: Findings) -> Page:
    """Return the page: the table, and passages of the part scored on."""
    letter = shown(model)
    names = [finding.label for finding in found.findings]
    read, best_for = passages(model, text.test, names, [letter])
    rows = [
        Row(
            fields(finding),
            best_for[finding.label],
            channel_of(finding.best[0].cell.layer, letter).name,
            finding.best[0].cell.unit,
            finding.label if finding.measure == "AUC" else "",
        )
        for finding in found.findings
    ]
    lead = (
        f"Which of {model.num_layers * model.hidden_size} units stand for something a person would name? Scores are on "
        f"{found.symbols[2]:,} {unit(model.vocab)}s that nothing was trained, searched or tuned on. Click a label to "
        "see the text coloured by its best cell; any other cell can be chosen by number."
    )
    return coloured(
        title,
        lead,
        [channel_of(k, letter) for k in range(1, model.num_layers + 1)],
        [stretch(passage) for passage in read],
        columns=COLUMNS,
        rows=rows,
        notes=NOTES,
    )


def channel_of(layer: int, letter: str) -> Channel:
    """Return the channel of a letter of the equations in a layer."""
    return Channel(f"layer {layer}: {'tanh(c)' if letter == 'c' else letter}", 0.0 if letter in "iforz" else -1.0, 1.0)


def stretch(passage: Passage) -> Stretch:
    """Return a passage as the page takes it."""
    return Stretch(
        f"from character {passage.start:,}",
        passage.text,
        passage.guesses,
        {name: values.tolist() for name, values in passage.values.items() if values.dtype == bool},
        {channel_of(layer, letter).name: values for (layer, letter), values in passage.units.items()},
    )
