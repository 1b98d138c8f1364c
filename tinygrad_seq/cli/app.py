"""The commands under one name, and what every failure of theirs becomes."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from ..train.blas import use_one_thread
from .bench import bench
from .cells import cells
from .ctrl_c import interruptible
from .debug import wants_traceback
from .demo import demo
from .doctor import doctor
from .evaluate import evaluate
from .exercise import check, exercise
from .failure import report
from .gates import gates
from .grads import grads
from .graph import graph
from .race import race
from .recipe import recipe
from .sample import sample
from .sentiment import sentiment
from .steer import steer
from .sweep import sweep
from .train import train

__all__ = ["app"]


class Commands(TyperGroup):
    """A command that fails says why in one line, on stderr, and how to go on; `--debug` shows where."""

    def invoke(self, ctx: typer.Context) -> Any:  # type: ignore[override]
        """Run a command."""
        use_one_thread()
        try:
            with interruptible():
                return super().invoke(ctx)
        except KeyboardInterrupt as error:
            raise typer.Exit(report(error)) from error
        except Exception as error:
            if hasattr(error, "exit_code") or isinstance(error, typer.Abort) or wants_traceback(ctx):
                raise  # typer's own: it has said what it wants
            raise typer.Exit(report(error)) from error


app = typer.Typer(
    cls=Commands,
    help="Train a recurrent net on text, let it write, look inside. Begin with: `tinygrad-seq demo`",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)
for command in (demo, train, sample, evaluate, cells, gates, steer, graph, grads, race, sweep, bench, check, doctor):
    app.command("eval" if command is evaluate else command.__name__)(command)
app.add_typer(sentiment, name="sentiment")
app.add_typer(exercise, name="exercise")
app.add_typer(recipe, name="recipe")


def show_version(wanted: bool) -> None:
    """Print the version and stop."""
    if wanted:
        from .. import __version__

        print(f"tinygrad-seq {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=show_version, is_eager=True)
    ] = False,
) -> None:
    """Options that stand before the command."""
