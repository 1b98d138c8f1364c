"""`tinygrad-seq exercise list`, `exercise new`, `exercise grade` and `check`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from ..exercises import EXERCISES, Outcome, answers, graded, gradescope, new
from .debug import DebugOption
from .folder import quoted

__all__ = ["check", "exercise"]

NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="Which exercise: see `tinygrad-seq exercise list`.")]

exercise = typer.Typer(help="Exercises that grade themselves: list, begin, grade a folder.", no_args_is_help=True)


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


@exercise.command("grade")
def folder_graded(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Answers, in folders of their own or all together.")],
    debug: DebugOption = False,
) -> None:
    """Grade all answers in a folder and below it, a line each: points, exercise, file, and what fails first.

    A file answers the exercise whose name is in its own: `ann/unroll.py`, `unroll_ben.py`. `tinygrad-seq check` says
    more of one. The exit code is 1 unless all is right.

    - `tinygrad-seq exercise grade submissions`
    """
    right = True
    for path, name in answers(folder).items():
        if name is None:
            print(f"not graded: {path.relative_to(folder)}: its name holds no exercise's, or two.")
            continue
        outcomes = graded(name, path).outcomes
        wrong = [outcome for outcome in outcomes if not outcome.holds]
        right = right and not wrong
        says = f"  {wrong[0].says.splitlines()[0]}" if wrong else ""
        print(f"{points(outcomes):>5} of 10  {name:<20}  {path.relative_to(folder)}{says}", flush=True)
    if not right:
        raise typer.Exit(1)


def check(
    name: NameArgument,
    file: Annotated[Path | None, typer.Option(help="The answer.", show_default="NAME.py")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print Gradescope's results.json.")] = False,
    debug: DebugOption = False,
) -> None:
    """Check an answer to an exercise: what holds, and of what does not, what was expected.

    The file runs in a process of its own, for 10 seconds and in 1 GB of memory (Linux) at most. The exit code is 1
    unless all is right.

    - `tinygrad-seq check lstm_cell`

    - `tinygrad-seq check lstm_cell --file answers/lstm_cell.py --json > results.json`
    """
    outcomes, printed = graded(name, file or Path(f"{name}.py"))
    if as_json:
        print(json.dumps(gradescope(outcomes, printed), indent=2))
    else:
        if printed:
            print(f"Your file printed:\n{indented(printed.rstrip())}")
        for outcome in outcomes:
            print(shown(outcome))
        print(f"{points(outcomes)} of 10 points.{further(name, outcomes)}")
    if not all(outcome.holds for outcome in outcomes):
        raise typer.Exit(1)


def points(outcomes: list[Outcome]) -> str:
    return f"{sum(outcome.points * outcome.holds for outcome in outcomes):g}"


def indented(text: str) -> str:
    return "        " + text.replace("\n", "\n        ")


def shown(outcome: Outcome) -> str:
    """Return one check and its points as a line, and below it what was expected."""
    line = f"{outcome.name} ({outcome.points:g} points)"
    return f"ok      {line}" if outcome.holds else f"not yet {line}\n{indented(outcome.says)}"


def further(name: str, outcomes: list[Outcome]) -> str:
    """Return what to do next."""
    if not all(outcome.holds for outcome in outcomes):
        return ""
    names = list(EXERCISES)
    after = names[names.index(name) + 1 :]
    return (
        f" Well done.\nNext:  tinygrad-seq exercise new {after[0]}" if after else " Well done: that was the last one."
    )
