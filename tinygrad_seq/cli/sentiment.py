"""`tinygrad-seq sentiment`: prepare reviews, and probe a model that has read them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from ..analysis.sentiment import Findings, cells, find_unit
from ..analysis.steering import Pin, steered
from ..atomic import replace_file
from ..data import Labelled, labelled, prepared, read, split, valence
from ..data.labelled_texts import write_labelled
from ..data.reviews import BEFORE
from ..errors import ConfigError, DataError
from ..models import CharLM
from ..train.run import Run
from ..viz import Reviewed, Sample, SentimentReport
from .backend import BackendOption, selected
from .debug import DebugOption
from .folder import quoted

__all__ = ["sentiment"]

FOUND = "sentiment.json"
SHOWN = 3
"""Reviews of each label on the page."""
SHARE = 0.2
"""Of the labelled reviews, for a part that was not given."""
TRAIN = "tinygrad-seq train {text} --vocab bytes --cell mlstm --weight-norm --out runs/reviews"
RECIPE = "--hidden 64 --batch-size 16 --lr 1e-2 --schedule cosine --steps 3000 --validation 0.01"
"""What is enough for the generated reviews, in a minute or two."""

sentiment = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="markdown",
    help="Find the unit of a model that tells good reviews from bad ones, and see it.",
)


@sentiment.command()
def grammar(
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder to write.")] = Path("valence"),
    reviews: Annotated[int, typer.Option(min=1, help="Reviews to train a language model on.")] = 60_000,
    seed: Annotated[int, typer.Option(min=0, help="The same seed writes the same reviews.")] = 0,
    debug: DebugOption = False,
) -> None:
    """Write a corpus whose truth is known: generated reviews with negation, and sentences with labels.

    reviews.txt holds the reviews to train on, without labels; train.csv, dev.csv and test.csv hold sentences of none of
    them, with labels. No word tells the label: it takes the negation and the adjective together.

    - `tinygrad-seq sentiment grammar -o valence`
    """
    corpus = valence(reviews=reviews, seed=seed)
    out.mkdir(parents=True, exist_ok=True)
    text = out / "reviews.txt"
    replace_file(text, b"".join(map(prepared, corpus.reviews)))
    for name in ("train", "dev", "test"):
        write_labelled(out / f"{name}.csv", getattr(corpus, name))
    print(f"Wrote: {text}, train.csv, dev.csv, test.csv. A review: {corpus.reviews[0]}")
    print(f"Next:  {TRAIN.format(text=quoted(text))} {RECIPE}")


@sentiment.command()
def prepare(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="UTF-8 text, a review on each line.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="File to write.")] = Path("reviews.txt"),
    debug: DebugOption = False,
) -> None:
    r"""Prepare reviews for training: one a line, entities of HTML read, each begun and ended as the probe has it.

    - `tinygrad-seq sentiment prepare my_reviews.txt -o reviews.txt`
    """
    lines = [line for line in read(list(files)).text.split("\n") if line.strip()]
    if not lines:
        raise DataError(f"There is no review in {', '.join(map(str, files))}: every line is blank.")
    replace_file(out, b"".join(map(prepared, lines)))
    print(f"Wrote: {out}, {len(lines):,} review{'s' * (len(lines) != 1)}.")
    print(f"Next:  {TRAIN.format(text=quoted(out))}")


@sentiment.command()
def probe(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a run: an mlstm or lstm, on bytes.")],
    train: Annotated[
        Path, typer.Argument(metavar="LABELLED", help="CSV with the header label,sentence; 1 is positive.")
    ],
    dev: Annotated[
        Path | None, typer.Option(help="As many again, to choose the strength on. Default: a fifth.")
    ] = None,
    test: Annotated[Path | None, typer.Option(help="Others, to measure on. Default: a fifth.")] = None,
    out: Annotated[Path, typer.Option("--out", "-o", help="Page to write, .html.")] = Path("sentiment.html"),
    backend: BackendOption = "auto",
    debug: DebugOption = False,
) -> None:
    """Find the unit of a trained model that tells the labels of reviews, and show it.

    A linear probe with an L1 penalty reads the cell state after each review. The unit with the largest weight, alone
    with a threshold, is measured on reviews that were not used to find it, and so is the same in the untrained net.

    - `tinygrad-seq sentiment probe runs/reviews valence/train.csv --dev valence/dev.csv --test valence/test.csv`
    """
    if out.suffix != ".html":
        raise ConfigError(f"{out}: the page is written as .html. Give it such a name (-o sentiment.html).")
    folder = Run.open(run)
    folder.change(backend=selected(backend))
    parts = parted(labelled(train), labelled(dev) if dev else None, labelled(test) if test else None)
    model = folder.model()
    found, untrained = find_unit(model, *parts), find_unit(folder.new_model(), *parts)
    replace_file(folder.folder / FOUND, (json.dumps(found.to_json(), indent=2) + "\n").encode())
    print(
        f"Unit {found.unit.index} of {model.hidden_size}: right on {found.unit_accuracy:.1%} of {len(parts[2]):,} ",
        end="",
    )
    print(f"test reviews (untrained: {untrained.unit_accuracy:.1%}).")
    print(f"Probe on {found.probe.units_used} units, C = {found.probe.C:g}: {found.probe_accuracy:.1%} ", end="")
    print(f"(untrained: {untrained.probe_accuracy:.1%}).")
    report(run, model, found, untrained, parts[2]).save(out)
    print(f"Wrote: {out}: open it in a browser. {folder.folder / FOUND}")
    _, high = found.pins()
    print(f"Next:  tinygrad-seq steer {quoted(run)} --cell {model.num_layers}:{found.unit.index}={high:.2f} --from 1")


def parted(
    train: list[Labelled], dev: list[Labelled] | None, test: list[Labelled] | None
) -> tuple[list[Labelled], list[Labelled], list[Labelled]]:
    """Return the three parts, those not given drawn from the training reviews."""
    if test is None:
        train, test = split(train, SHARE)
    if dev is None:
        train, dev = split(train, SHARE, seed=1)
    return train, dev, test


def samples(model: CharLM, unit: int, low: float, high: float) -> list[Sample]:
    """Return what the model writes with the unit held low, left free, and held high."""
    moods = {
        f"Unit {unit} held at {low:.2f}, negative": [Pin(model.num_layers, unit, low)],
        "Left free": [],
        f"Held at {high:.2f}, positive": [Pin(model.num_layers, unit, high)],
    }
    options: dict[str, Any] = {"prime": BEFORE, "length": 300, "temperature": 0.7, "seed": 0}
    return [Sample(mood, steered(model, pins, start=1, **options)) for mood, pins in moods.items()]


def report(run: Path, model: CharLM, found: Findings, untrained: Findings, test: list[Labelled]) -> SentimentReport:
    """Return the page."""
    unit = found.unit
    shown = [review for side in (True, False) for review in [r for r in test if r.positive is side][:SHOWN]]
    read_ = [(review, prepared(review.text)) for review in shown]
    values = [cells(model, text)[:, unit.index] for _, text in read_]
    return SentimentReport(
        title=f"Unit {unit.index} tells good reviews from bad ones",
        summary=f"Found by a linear probe in {run}, {model.rnn}, which was never told what is good or bad.",
        unit=unit.index,
        threshold=unit.threshold,
        rises=unit.rises,
        positive=found.values[found.labels].tolist(),
        negative=found.values[~found.labels].tolist(),
        scores=[
            ("the unit alone", found.unit_accuracy, untrained.unit_accuracy),
            ("the probe on all units", found.probe_accuracy, untrained.probe_accuracy),
        ],
        reviews=[
            Reviewed(text, v.tolist(), review.positive, (v[-1] > unit.threshold) == unit.rises)
            for (review, text), v in zip(read_, values, strict=True)
        ],
        samples=samples(model, unit.index, *found.pins()),
        facts={
            "Test reviews": f"{len(found.labels):,}, {found.labels.mean():.1%} positive",
            "Threshold": f"{unit.threshold:.3g}, positive {'above' if unit.rises else 'below'}",
            "Units with a weight": f"{found.probe.units_used} of {model.hidden_size}",
            "C": f"{found.probe.C:g}; right on dev: " + ", ".join(f"{C:g} {a:.1%}" for C, a in found.probe.dev.items()),
            "Positive, quantiles": quantiles(found, True),
            "Negative, quantiles": quantiles(found, False),
        },
    )


def quantiles(found: Findings, positive: bool) -> str:
    """Return the quantiles of the unit after reviews of one label, in words."""
    names = ("1 %", "25 %", "50 %", "75 %", "99 %")
    return ", ".join(f"{name}: {q:.2f}" for name, q in zip(names, found.quantiles(positive), strict=True))
