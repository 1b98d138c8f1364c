"""`tinygrad-seq steer`."""

from __future__ import annotations

import json
import shlex
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from ..analysis.cells import parts
from ..analysis.cells.activity import activity, layers_of, shown
from ..analysis.labels import matching, usual
from ..analysis.steering import STEPS, Dose, Pin, dose, steered
from ..models import CharLM
from ..train.run import Run
from .backend import BackendOption, selected
from .debug import DebugOption
from .folder import quoted
from .held_out import TextsOption, held_out
from .sample import shown as printable

__all__ = ["steer"]

READ, CONTEXT, CONTEXTS, DOSES, BAR = 100_000, 120, 64, 9, 40
INSIDE = {'"': 'string "', "'": "string '", ")": "bracket depth", "]": "bracket depth"}


def steer(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a run.")],
    cell: Annotated[
        list[str],
        typer.Option("--cell", help="LAYER:UNIT=VALUE, what to hold c at (h of a GRU or RNN); again for more cells."),
    ],
    start: Annotated[int, typer.Option("--from", min=1, help="Symbol of the sample from which on it is held.")] = 20,
    prime: Annotated[str, typer.Option("--prime", "--primetext", help="Text that the model reads first.")] = "",
    length: Annotated[int, typer.Option(min=1, help="Symbols to write.")] = 240,
    temperature: Annotated[float, typer.Option(min=0, help="As for sample.")] = 0.7,
    seed: Annotated[int, typer.Option(min=0, help="The same for both texts.")] = 0,
    char: Annotated[str, typer.Option(help="Symbol whose probability is measured against the value held.")] = '"',
    text: TextsOption = None,
    to_json: Annotated[Path | None, typer.Option("--json", help="File for the texts and the curve as JSON.")] = None,
    backend: BackendOption = "auto",
    debug: DebugOption = False,
) -> None:
    """Hold a cell at a value while the model writes, beside the same sample with the cell let be.

    Then a dose curve: how likely the model finds a closing quote (or --char), inside such strings of the held-out text,
    as the value of the first cell goes from the lowest to the highest that it takes there.

    - `tinygrad-seq steer runs/demo --cell 1:87=+1.0 --from 20`

    - `tinygrad-seq steer runs/demo --cell 1:87=-2 --cell 1:12=0.5 --prime 'print("' --temperature 0.5`
    """
    folder = Run.open(run)
    folder.change(backend=selected(backend))
    model = folder.model()
    pins = [Pin.parse(given).check(model) for given in cell]
    options: dict[str, Any] = {"prime": prime, "length": length, "temperature": temperature, "seed": seed}
    natural, held = (steered(model, some, start=start, **options) for some in ((), pins))
    print(f"Let be:\n{printable(prime + natural)}\n")
    names = ", ".join(f"{pin.layer}:{pin.unit} at {pin.value:+g}" for pin in pins)
    print(f"Held, {names} from symbol {start}:\n{printable(prime + held)}\n")
    curve, where = measured(folder, model, pins[0], char, text)
    print_curve(curve, pins[0], char, where)
    if to_json is not None:
        plain = {
            "cells": cell,
            "from": start,
            **options,
            "natural": natural,
            "held": held,
            "char": char,
            "where": where,
        }
        to_json.write_text(json.dumps(plain | {"dose": asdict(curve)}, indent=1) + "\n", encoding="utf-8")
        print(f"Wrote: {to_json}")
    other = " ".join(f"--cell {pin.layer}:{pin.unit}={-pin.value:+g}" for pin in pins)
    print(f"Next: tinygrad-seq steer {quoted(run)} {other}" + (f" --prime {shlex.quote(prime)}" if prime else ""))


def measured(run: Run, model: CharLM, pin: Pin, char: str, text: list[str] | None) -> tuple[Dose, str]:
    """Return the dose curve of a cell, and where in the text it was measured."""
    [symbol] = run.vocab.encode(char, strict=True)
    corpus = held_out(run, text)
    labels = [label for label in usual([d.name for d in corpus.documents]) if label.name == INSIDE.get(char)]
    whole = parts(corpus, labels or [matching("anywhere", r"(?s:.)")], limit=READ)
    part = whole.search
    inside = np.asarray(part.values[whole.labels[0].name]) > 0
    room = np.convolve(inside, np.ones(STEPS), "valid") == STEPS  # the symbols read with the cell held are all inside
    ends = np.flatnonzero(room) + STEPS
    ends = ends[ends >= CONTEXT]
    chosen = np.random.default_rng(0).permutation(ends)[:CONTEXTS]
    contexts = np.stack([part.ids[end - CONTEXT : end] for end in chosen]).astype(np.intp)
    letter = shown(model)
    with activity(model, part.ids, [letter]) as seen:
        values = np.asarray(seen.layers[layers_of(model)[pin.layer - 1]][letter][:, :, pin.unit])
    low, high = np.quantile(values, [0.001, 0.999]).tolist()
    doses = np.linspace(low, high, DOSES).tolist()
    where = whole.labels[0].about if labels else "anywhere in the text"
    return dose(model, contexts, int(symbol), pin, doses), where


def print_curve(curve: Dose, pin: Pin, char: str, where: str) -> None:
    """Print the probability at each value, as numbers and as bars."""
    print(f"P({char}) {where}, with {pin.layer}:{pin.unit} held at")
    most = max(*curve.probabilities, curve.natural) or 1.0
    for value, p in zip(curve.values, curve.probabilities, strict=True):
        print(f"  {value:+7.2f}  {p:6.4f} {'█' * round(BAR * p / most)}")
    print(f"   let be  {curve.natural:6.4f} {'█' * round(BAR * curve.natural / most)}")
