"""`tinygrad-seq recipe list`, and a command for each recipe."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict
from itertools import islice
from math import floor
from pathlib import Path
from typing import Annotated, Any

import typer

from ..models.cells import CellName
from ..recipes import RECIPES, Course, Example, Recipe
from ..recipes.course import KEPT
from ..recipes.pairs import Pairs
from ..recipes.recipe import Figures
from .ctrl_c import INTERRUPTED
from .debug import DebugOption
from .folder import free, quoted
from .interrupt import finishing_the_step
from .progress import Bar, Lines

__all__ = ["recipe"]

OWN = "the recipe's own"
SHOWN = 3
"""Answers of each kind."""
ALIGNMENT = "alignment.svg"

recipe = typer.Typer(
    help="The five shapes of sequence models, each a task with floors to beat: list them, train one.",
    no_args_is_help=True,
)


@recipe.command("list")
def listed() -> None:
    """Show all recipes: what goes in and comes out, and the task."""
    for one in RECIPES.values():
        print(f"{one.name:<11} {one.shape:<22} {one.about}")
    print("Next:  tinygrad-seq recipe sentiment")


def command(of: Recipe) -> Callable[..., None]:
    """Return the command that follows a recipe."""

    def follow(
        steps: Annotated[int | None, typer.Option(min=1, help="Steps to train.", show_default=OWN)] = None,
        hidden: Annotated[int | None, typer.Option(min=1, help="Hidden units.", show_default=OWN)] = None,
        batch_size: Annotated[int | None, typer.Option(min=1, help="Examples in a batch.", show_default=OWN)] = None,
        lr: Annotated[float | None, typer.Option(help="Learning rate at its highest.", show_default=OWN)] = None,
        cell: Annotated[CellName | None, typer.Option(help="Kind of recurrent net.", show_default=OWN)] = None,
        attention: Annotated[
            bool | None, typer.Option(help="Let the decoder look at all that was read.", show_default=OWN)
        ] = None,
        data: Annotated[Path | None, typer.Option(help="Files of yours to learn from.", show_default=OWN)] = None,
        seed: Annotated[int, typer.Option(min=0, help="Decides data, first weights, batches.")] = 0,
        out: Annotated[
            Path | None,
            typer.Option(help="Folder to write, or the next free one.", show_default="runs/ and the recipe's name"),
        ] = None,
        debug: DebugOption = False,
    ) -> None:
        given: dict[str, Any] = {
            "steps": steps,
            "hidden_size": hidden,
            "batch_size": batch_size,
            "lr": lr,
            "cell": cell,
        }
        given |= {"attention": attention, "data": None if data is None else str(data), "seed": seed}
        settings = of.changed(**{name: value for name, value in given.items() if value is not None})
        course = Course(of, settings)
        weights = sum(p.size for p in course.task.model.parameters())
        print(f"Task:    {of.about} ({of.shape})")
        print(f"Data:    {course.task.describe()}")
        print(f"Model:   {type(course.task.model).__name__}, {weights:,} weights")
        for i, (way, figures) in enumerate(course.floors.items()):
            print(f"{'' if i else 'Floors:':<9}{words(figures)}: {way}")
        print(flush=True)
        finished = trained(course)
        print(f"\nReached: {words(course.figures)}, after {course.seconds['clock'] / 60:.1f} min of training")
        print(f"         {'better' if course.beats_the_floors() else 'NOT better'} than every floor")
        show(course.task.examples())
        folder = free(out or Path("runs") / of.name, KEPT)
        course.save(folder)
        if settings.attention and isinstance(course.task, Pairs):
            course.task.alignment().save(folder / ALIGNMENT)
        print(f"\nWrote:   {quoted(folder)}: {', '.join(sorted(path.name for path in folder.iterdir()))}")
        print(f"Next:    tinygrad-seq recipe {of.name} --seed {settings.seed + 1}")
        if not finished:
            raise typer.Exit(INTERRUPTED)

    usual = ", ".join(f"{name} {value}" for name, value in asdict(of.settings).items() if value not in {None, "", 0})
    follow.__doc__ = f"""Learn {of.about}.

    Its own settings: {usual}.

    - `tinygrad-seq recipe {of.name} --hidden {of.settings.hidden_size * 2}`
    """
    return follow


for one in RECIPES.values():
    recipe.command(one.name)(command(one))


def trained(course: Course) -> bool:
    """Train to the end and show it; return False if Ctrl-C ended it sooner, measured all the same."""
    steps = course.settings.steps
    display = (Bar if sys.stdout.isatty() else Lines)(course.task.unit, 0, steps)
    with closing(course.steps()) as taken, finishing_the_step() as asked, display:
        for progress, figures in taken:
            display.show(progress)
            if figures is not None:
                display.say(f"step {progress.step:,}: {words(figures)}")
            if asked.to_stop and progress.step < steps:
                course.measure(progress.step)
                display.say(f"Stopped after step {progress.step:,}.")
                return False
    return True


def words(figures: Figures) -> str:
    """Return figures as they are printed: shares in percent, 100 only where nothing is wrong; losses as they are.

    >>> words({"exact": 0.981, "characters": 0.9996}), words({"nats per character": 1.4})
    ('exact 98.1 %, characters 99.9 %', '1.400 nats per character')
    """
    return ", ".join(
        f"{value:.3f} {name}" if name.startswith("nats") else f"{name} {floor(round(1000 * value, 6)) / 10:.1f} %"
        for name, value in figures.items()
    )


def show(examples: list[Example]) -> None:
    """Print a few answers that are right and a few that are wrong, or what was written where neither can be said."""
    asked = [one for one in examples if one.wanted]
    right = (f"{one.given!r}: {one.said!r}" for one in asked if one.said == one.wanted)
    wrong = (f"{one.given!r}: {one.said!r}, and is {one.wanted!r}" for one in asked if one.said != one.wanted)
    free_text = (f"{one.given!r} goes on {one.said!r}" for one in examples if not one.wanted)
    for name, lines in (("Right:", right), ("Wrong:", wrong), ("Writes:", free_text)):
        for i, line in enumerate(islice(lines, SHOWN)):
            print(f"{'' if i else name:<9}{line}")
