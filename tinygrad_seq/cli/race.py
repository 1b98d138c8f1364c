"""`tinygrad-seq race`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..analysis.race import SURFACES, Race
from ..analysis.race import race as run
from ..analysis.race.run import save
from .debug import DebugOption
from .graph import wrote

__all__ = ["race"]

RNN_STEPS = 60
NOISE = 0.5


def race(
    surfaces: Annotated[
        list[str] | None,
        typer.Option(
            "--surface",
            "-s",
            help=f"{', '.join(SURFACES)} or rnn; may be given several times.",
            show_default="all, some with noise, the rnn with and without clipping",
        ),
    ] = None,
    steps: Annotated[int, typer.Option(help="Steps of each optimizer.")] = 150,
    noise: Annotated[float, typer.Option(help="Standard deviation of what is added to every gradient.")] = 0.0,
    clip: Annotated[float | None, typer.Option(help="The longest that a gradient may be.")] = None,
    lr: Annotated[float | None, typer.Option(help="One learning rate for all.", show_default="what suits each")] = None,
    seed: Annotated[int, typer.Option(help="Of the noise.")] = 0,
    out: Annotated[Path, typer.Option("--out", "-o", help="File to write: .html, .svg or .png.")] = Path("race.html"),
    debug: DebugOption = False,
) -> None:
    """Let every optimizer run from one start over surfaces that can be seen.

    - `tinygrad-seq race`

    - `tinygrad-seq race --surface beale --noise 2 -o beale.png`
    """
    races = [run(name, steps=steps, noise=noise, clip=clip, lr=lr, seed=seed) for name in surfaces or SURFACES]
    if not surfaces:
        races += [run(name, steps=steps, noise=NOISE, lr=lr, seed=seed) for name in ("beale", "valley")]
        races += [run("rnn", steps=min(steps, RNN_STEPS), clip=c, lr=lr) for c in (None, 0.2)]
    for held in races:
        print(f"{held.title}: {podium(held)}")
    wrote(save(out, races), "tinygrad-seq race --surface trap --lr 0.1")


def podium(race: Race) -> str:
    """Return who came lowest, and who came last."""
    first, *_, last = race.paths
    return ", ".join(f"{path.contender.name} {path.result:.3g} (lr {path.lr:g})" for path in (first, last))
