"""`tinygrad-seq sweep`."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from concurrent.futures import BrokenExecutor, Executor, ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from multiprocessing import Pipe, get_context
from multiprocessing.connection import Connection, wait
from pathlib import Path
from statistics import mean, pstdev
from threading import Thread
from time import perf_counter
from typing import Annotated, Any

import typer

from ..errors import TinygradSeqError
from ..train.lock import held
from ..train.parallel import Ranks, launched
from ..train.sweep import RESULTS, Sweep, outcome
from ..viz.sweep import write_curves
from .debug import DebugOption
from .failure import FAILED, message, say
from .figures import bits
from .ranks import together

__all__ = ["sweep"]

SEED = "seed"
GO_ON = "Give the same command again: it goes on."


def sweep(
    config: Annotated[Path, typer.Argument(metavar="CONFIG", help="TOML: settings of train, and a [grid] of lists.")],
    out: Annotated[Path, typer.Option(help="Folder of the runs and their results.")] = Path("runs/sweep"),
    processes: Annotated[
        int | None,
        typer.Option(min=1, help="Runs side by side.", show_default="one per CPU"),
    ] = None,
    steps: Annotated[int | None, typer.Option(min=1, help="Steps of each run, instead of those in CONFIG.")] = None,
    plot: Annotated[Path | None, typer.Option(help="Picture to write: .svg or .png. It needs matplotlib.")] = None,
    debug: DebugOption = False,
) -> None:
    """Train a model for every point of a grid of settings, and compare their losses on the held-out text.

    What is done is not done again: begin it anew with the same command, and it goes on. Under `mpiexec -n 5` the first
    process hands runs to the four others.

    - `tinygrad-seq sweep cells.toml --out runs/cells --plot cells.svg`
    """
    with workers(processes or cpus(), debug) as executor:
        if executor is None:
            return
        plan = Sweep.read(config, out, steps=steps)
        with held(plan.folder):
            unfinished = carry_out(plan, executor)
            results = plan.results()
    if results:
        show(plan, results)
        if plot is not None:
            draw(plan, results, plot)
        print(f"Wrote {plan.folder / RESULTS}{'' if plot is None else f' and {plot}'}")
    if unfinished:
        say(f"Error: {unfinished} of {len(plan.runs)} runs have no result yet. {GO_ON}")
        raise typer.Exit(FAILED)


def carry_out(plan: Sweep, executor: Executor) -> int:
    """Train what has no result yet, write down what comes of it, and return how many runs have not come to an end."""
    began = perf_counter()
    to_do = plan.to_do()
    print(f"{len(plan.runs)} runs, {len(plan.runs) - len(to_do)} of them done.", flush=True)
    running = {executor.submit(outcome, *arguments): arguments[0] for arguments in to_do}
    cpu_seconds, unfinished = 0.0, 0
    broken: BrokenExecutor | None = None
    for future in as_completed(running):
        try:
            result = future.result()
        except BrokenExecutor as error:  # all that was running or waiting has it
            broken, unfinished = error, unfinished + 1
        except (TinygradSeqError, OSError, MemoryError) as error:
            unfinished += 1
            print(f"{running[future]}: not finished: {message(error).splitlines()[0]}", flush=True)
        else:
            plan.add(result)
            cpu_seconds += result["cpu_seconds"]
            print(told(result), flush=True)
    print(f"{cpu_seconds:,.0f} s of CPU time, {perf_counter() - began:,.0f} s on the clock.")
    if broken:
        say(message(broken))
    return unfinished


@contextmanager
def workers(processes: int, debug: bool) -> Iterator[Executor | None]:
    """Yield what runs functions in other processes: of this machine, or the ranks that a launcher has started.

    On ranks other than the first it is None: when the block is entered there, the work is done. The others end with
    this process, whatever ends it: a run is gone on with from its checkpoint.
    """
    os.environ.setdefault("NUMBA_NUM_THREADS", "1")  # a run beside runs has a CPU for itself
    ranks = launched()
    if isinstance(ranks, Ranks):
        from mpi4py.futures import MPICommExecutor

        if ranks.rank:
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # the first one gets it too, and ends all
        handing_out: Any = MPICommExecutor(ranks.comm)  # its own types say that it yields itself
        with handing_out as executor:
            if executor is None:
                yield None
            else:
                with together(ranks, "the sweep", GO_ON, debug):
                    yield executor
        return
    theirs, lifeline = Pipe(duplex=False)
    pool = ProcessPoolExecutor(processes, get_context("spawn"), end_with, (theirs,))
    try:
        yield pool
    except BaseException:
        lifeline.close()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


def end_with(lifeline: Connection) -> None:
    """Have this process end when the one that holds the other end of the pipe has ended, or let go of it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the other one gets Ctrl-C too

    def watch() -> None:
        wait([lifeline])
        os._exit(1)

    Thread(target=watch, daemon=True).start()


def cpus() -> int:
    """Return the number of CPUs that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def told(result: dict[str, Any]) -> str:
    """Return what a run has come to, in a line."""
    if "failed" in result:
        return f"{result['run']}: failed: {result['failed'].splitlines()[0]}"
    return f"{result['run']}: {result['held_out']:.3f} nats at step {result['step']:,}, {result['seconds']:.0f} s"


def grouped(results: dict[str, dict[str, Any]], names: tuple[str, ...]) -> dict[tuple[Any, ...], list[dict[str, Any]]]:
    """Return the results by the values of some settings."""
    groups: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for result in results.values():
        groups.setdefault(tuple(result["settings"][name] for name in names), []).append(result)
    return groups


def held_out(results: list[dict[str, Any]]) -> list[float]:
    """Return the losses of the runs that have one."""
    return [result["held_out"] for result in results if "held_out" in result]


def show(plan: Sweep, results: dict[str, dict[str, Any]]) -> None:
    """Print a row for each point, the mean over its seeds; the best one is marked."""
    from rich.console import Console
    from rich.table import Table

    names = tuple(name for name in plan.varied if name != SEED)
    groups = grouped({name: results[name] for name in plan.runs if name in results}, names)
    means = {point: mean(held_out(found)) for point, found in groups.items() if held_out(found)}
    best = min(means, key=means.__getitem__, default=None)
    table = Table(*names, box=None)
    for heading in ("weights", "held out, nats", "bits"):
        table.add_column(heading, justify="right")
    table.add_column("")
    for point, found in groups.items():
        cells = ["", "failed", ""]
        if point in means:
            losses = held_out(found)
            spread = f" ± {pstdev(losses):.3f}" if len(losses) > 1 else ""
            weights = next(result["weights"] for result in found if "weights" in result)
            cells = [f"{weights:,}", f"{means[point]:.3f}{spread}", f"{bits(means[point]):.3f}"]
        is_best = point == best
        table.add_row(*map(str, point), *cells, "best" * is_best, style="bold" * is_best)
    Console().print(table)


def draw(plan: Sweep, results: dict[str, dict[str, Any]], path: Path) -> None:
    """Draw the losses over the last number in the grid, a line for each value of the others."""
    names = tuple(name for name in plan.varied if name != SEED)
    first = next(iter(plan.runs.values())).to_json()
    numbers = [name for name in names if isinstance(first[name], int | float)]
    x = numbers[-1] if numbers else "weights"
    curves: dict[str, list[tuple[float, float, float]]] = {}
    for point, found in grouped(results, names).items():
        losses = held_out(found)
        if losses:
            values = dict(zip(names, point, strict=True))
            place = values.pop(x) if numbers else next(result["weights"] for result in found)
            name = ", ".join(f"{setting} {value}" for setting, value in values.items())
            curves.setdefault(name, []).append((place, mean(losses), pstdev(losses)))
    if curves:
        write_curves(path, curves, x, "held-out loss, nats per symbol")
