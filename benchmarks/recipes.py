"""The five shapes, each trained by its recipe: what it reaches on unseen examples, beside its floors.

    python -m benchmarks.recipes [NAME ...] [--doc]

Without names all of them, about seven minutes of one core. Prints what each reaches on the way, keeps it in
results/recipes.json, and writes the table of docs/recipes.md anew; with --doc only that.
"""

from __future__ import annotations

import argparse
import json
from typing import Any

from tinygrad_seq.cli.recipe import words
from tinygrad_seq.recipes import RECIPES, Course
from tinygrad_seq.train.blas import use_one_thread

from .readme import END, replaced
from .report import HERE, RESULTS, merge, table

DOC = HERE.parent / "docs" / "recipes.md"
PICTURES = HERE.parent / "docs" / "pictures"
BEGIN = "<!-- From benchmarks/results, by python -m benchmarks.recipes --doc. Not to be edited here: begin -->"
EXAMPLES = 3


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.recipes", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(RECIPES))
    parser.add_argument("--doc", action="store_true", help="write the table alone")
    args = parser.parse_args()
    use_one_thread()
    for name in [] if args.doc else args.names or RECIPES:
        course = Course(RECIPES[name])
        merge("recipes", name, measured(course))
        if course.settings.attention:
            course.task.alignment().save(PICTURES / f"alignment_{name}.svg")
    DOC.write_text(replaced(DOC.read_text("utf-8"), block(results()), BEGIN), "utf-8")


def results() -> dict[str, Any]:
    """Return what was kept."""
    return json.loads((RESULTS / "recipes.json").read_text("utf-8"))


def measured(course: Course) -> dict[str, Any]:
    """Train and return all that is to be kept."""
    print(f"{course.recipe.name}: {course.task.describe()}")
    for way, figures in course.floors.items():
        print(f"    {words(figures)}: {way}")
    for progress, figures in course.steps():
        if figures is not None:
            print(f"    step {progress.step:,}, {course.seconds['processor']:.0f} s: {words(figures)}", flush=True)
    wrong = [one for one in course.task.examples() if one.wanted not in {"", one.said}]
    return {"threads": 1, **course.to_json(), "wrong": [list(one) for one in wrong[:EXAMPLES]]}


def block(kept: dict[str, Any]) -> str:
    """Return the table of all recipes in Markdown."""
    rows = []
    for name, recipe in RECIPES.items():
        if name not in kept:
            continue
        one = kept[name]
        floors = "; ".join(f"{words(figures)} ({way})" for way, figures in one["floors"].items())
        seconds = one["seconds"]["processor"]
        time = f"{seconds / 60:.1f} min" if seconds >= 60 else f"{seconds:.0f} s"
        rows.append([name, recipe.shape, floors, words(one["figures"]), time, one["environment"]["date"][:10]])
    head = ["recipe", "shape", "floors", "reached", "time of one core", "date"]
    environment = next(iter(kept.values()))["environment"]
    kernels = {one["environment"]["kernels"] for one in kept.values()}
    machine = f"{environment['cpu']}, Python {environment['python']}, NumPy {environment['numpy']}"
    measured_on = f"Measured on one of {environment['cores']} cores: {machine}, kernels: {', '.join(sorted(kernels))}."
    beside = [beside_keras(kept["addition"])] if "addition" in kept else []
    return "\n\n".join([BEGIN, table(head, rows), measured_on, *beside, END])


def beside_keras(ours: dict[str, Any]) -> str:
    """Return the figures of three-digit addition beside those that Keras publishes, as its example says them."""
    settings, figures = ours["settings"], ours["figures"]
    epochs = settings["steps"] * settings["batch_size"] / settings["train"]
    head = ["addition of three digits", "learnt from", "epochs", "per character", "whole answers"]
    rows = [
        [
            "`recipe addition`: LSTM of 128 units, with attention",
            f"{settings['train']:,}",
            f"{epochs:.1f}",
            f"{100 * figures['characters']:.1f} %",
            f"{100 * figures['exact']:.1f} %",
        ],
        ["Keras, `addition_rnn`: LSTM of 128 units, as published", "45,000", "100, or about 30", "99 % or more", "-"],
    ]
    return table(head, rows)


if __name__ == "__main__":
    main()
