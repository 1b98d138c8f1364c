"""`tinygrad-seq exercise list`, `exercise new` and `check`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from ..exercises import EXERCISES, Outcome, gradescope, load, new
from ..exercises import check as checked
from ..exercises.catalogue import found
from .debug import DebugOption
from .folder import quoted

__all__ = ["check", "exercise"]

NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="Which exercise: see `tinygrad-seq exercise list`.")]

exercise = typer.Typer(help="Exercises that grade themselves: list them, begin one.", no_args_is_help=True)


@exercise.command("list")
def listed() -> None:
    """Show all exercises, and the tutorial to read before each."""
    for number, one in enumerate(EXERCISES.values(), 1):
        print(f"{number:>2}  {one.name:<22} {one.about} (tutorial {one.tutorial})")
    print(f"Next:  tinygrad-seq exercise new {next(iter(EXERCISES))}")


@exercise.command("new")
def begun(
    name: NameArgument,
    folder: Annotated[Path, typer.Option(help="Where to put it.")] = Path(),
    debug: DebugOption = False,
) -> None:
    """Write the stub of an exercise: the equations, the shapes, a hint, and functions to fill in."""
    path = new(name, folder)
    print(f"Wrote: {path}: open it in an editor.")
    print(f"Next:  tinygrad-seq check {name}" + ("" if folder == Path() else f" --file {quoted(path)}"))


def check(
    name: NameArgument,
    file: Annotated[Path | None, typer.Option(help="The answer.", show_default="NAME.py")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print Gradescope's results.json.")] = False,
    debug: DebugOption = False,
) -> None:
    """Check an answer to an exercise: what holds, and of what does not, what was expected.

    - `tinygrad-seq check lstm_cell`

    - `tinygrad-seq check lstm_cell --file answers/lstm_cell.py --json > results.json`
    """
    found(name)
    outcomes = checked(name, load(file or Path(f"{name}.py")))
    if as_json:
        print(json.dumps(gradescope(outcomes), indent=2))
    else:
        for outcome in outcomes:
            print(shown(outcome))
        print(f"{sum(outcome.holds for outcome in outcomes)} of {len(outcomes)}.{further(name, outcomes)}")
    if not all(outcome.holds for outcome in outcomes):
        raise typer.Exit(1)


def shown(outcome: Outcome) -> str:
    """Return one check as a line, and below it what was expected."""
    if outcome.holds:
        return f"ok      {outcome.name}"
    return f"not yet {outcome.name}\n        " + outcome.says.replace("\n", "\n        ")


def further(name: str, outcomes: list[Outcome]) -> str:
    """Return what to do next."""
    if not all(outcome.holds for outcome in outcomes):
        return ""
    names = list(EXERCISES)
    after = names[names.index(name) + 1 :]
    return (
        f" Well done.\nNext:  tinygrad-seq exercise new {after[0]}" if after else " Well done: that was the last one."
    )
