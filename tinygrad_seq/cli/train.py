"""`tinygrad-seq train`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from ..data import Corpus
from ..data.corpus import VocabKind
from ..errors import ConfigError
from ..models.cells import CellName
from ..train.environment import environment
from ..train.fit import fit
from ..train.lock import held
from ..train.memory import check, of_training
from ..train.parallel import Alone, launched
from ..train.room import may_take
from ..train.run import PREVIOUS, Moment, Run
from ..train.schedule import ScheduleName
from ..train.settings import OPTIMIZERS, DTypeName, OptimizerName, Settings
from .backend import BackendOption, selected
from .debug import DebugOption
from .figures import size
from .folder import contents, quoted
from .progress import watch
from .ranks import assist, hand_out, together

__all__ = ["train"]

USUAL = Settings()
TEXT, MODEL, TRAINING, RUN = "Text", "Model", "Training", "Run"
FREE_TO_CHANGE = {"resume", "steps", "epochs", "eval_every", "save_every", "backend", "memory", "debug"}


def train(
    ctx: typer.Context,
    text: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="TEXT...|stdlib|-",
            help="UTF-8 files, or folders of them. stdlib: Python's own library. -: standard input.",
        ),
    ] = None,
    vocab: Annotated[
        VocabKind,
        typer.Option(help="One symbol per character, or per byte, which reads any file.", rich_help_panel=TEXT),
    ] = USUAL.vocab,
    validation: Annotated[
        float,
        typer.Option(min=0, max=0.9, help="Share of the text held out; 0 holds out nothing.", rich_help_panel=TEXT),
    ] = USUAL.validation,
    cell: Annotated[CellName, typer.Option(help="Kind of recurrent net.", rich_help_panel=MODEL)] = USUAL.cell,
    hidden: Annotated[int, typer.Option(min=1, help="Units per layer.", rich_help_panel=MODEL)] = USUAL.hidden_size,
    layers: Annotated[int, typer.Option(min=1, help="Layers.", rich_help_panel=MODEL)] = USUAL.num_layers,
    weight_norm: Annotated[
        bool, typer.Option("--weight-norm", help="Normalise the weights of an mlstm.", rich_help_panel=MODEL)
    ] = USUAL.weight_norm,
    dropout: Annotated[
        float,
        typer.Option(min=0, max=0.95, help="Share of activations dropped after each layer.", rich_help_panel=MODEL),
    ] = USUAL.dropout,
    dtype: Annotated[DTypeName, typer.Option(help="Type of the weights.", rich_help_panel=MODEL)] = USUAL.dtype,
    batch_size: Annotated[
        int, typer.Option(min=1, help="Streams read side by side.", rich_help_panel=TRAINING)
    ] = USUAL.batch_size,
    seq_length: Annotated[
        int,
        typer.Option(min=1, help="Symbols per stream and step: how far gradients go back.", rich_help_panel=TRAINING),
    ] = USUAL.seq_length,
    optimizer: Annotated[
        OptimizerName, typer.Option(help="Rule for the updates.", rich_help_panel=TRAINING)
    ] = USUAL.optimizer,
    lr: Annotated[
        float | None,
        typer.Option(
            min=0,
            help="Learning rate. Default: "
            + ", ".join(f"{choice.lr:g} {name}" for name, choice in OPTIMIZERS.items())
            + ".",
            rich_help_panel=TRAINING,
        ),
    ] = None,
    schedule: Annotated[
        ScheduleName,
        typer.Option(
            help="The learning rate later on, with D = --decay and N = --decay-after. step: times D every N epochs; "
            "exponential: times D at the end of epoch N and of each one that follows; cosine: to zero at the last "
            "step; plateau: times D after more than N evaluations that brought nothing.",
            rich_help_panel=TRAINING,
        ),
    ] = USUAL.schedule,
    decay: Annotated[
        float | None,
        typer.Option(help="Factor. Default: 0.5 step, 0.97 exponential, 0.5 plateau.", rich_help_panel=TRAINING),
    ] = None,
    decay_after: Annotated[
        int | None,
        typer.Option(help="Default: 10 step, 10 exponential, 2 plateau.", rich_help_panel=TRAINING),
    ] = None,
    warm_up: Annotated[
        int, typer.Option(min=0, help="Steps in which the learning rate rises to --lr.", rich_help_panel=TRAINING)
    ] = USUAL.warm_up,
    clip: Annotated[
        float, typer.Option(min=0, help="Longest gradient; 0 lets it be.", rich_help_panel=TRAINING)
    ] = USUAL.clip,
    steps: Annotated[
        int | None,
        typer.Option(min=1, help=f"Batches to train on in all. Default: {USUAL.steps:,}.", rich_help_panel=TRAINING),
    ] = None,
    epochs: Annotated[
        float | None, typer.Option(min=0, help="Passes over the text, in place of --steps.", rich_help_panel=TRAINING)
    ] = None,
    seed: Annotated[
        int, typer.Option(min=0, help="Decides first weights, dropout and held-out files.", rich_help_panel=TRAINING)
    ] = USUAL.seed,
    backend: BackendOption = "auto",
    out: Annotated[Path, typer.Option(help="Folder of the run.", rich_help_panel=RUN)] = Path("runs/train"),
    resume: Annotated[
        Path | None,
        typer.Option(
            metavar="RUN", help="Go on with this run; --steps may say further than before.", rich_help_panel=RUN
        ),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Give up the run that --out holds.", rich_help_panel=RUN)
    ] = False,
    eval_every: Annotated[
        int, typer.Option(min=1, help="Steps between evaluations.", rich_help_panel=RUN)
    ] = USUAL.eval_every,
    save_every: Annotated[
        int, typer.Option(min=1, help="Steps between checkpoints.", rich_help_panel=RUN)
    ] = USUAL.save_every,
    memory: Annotated[
        float | None,
        typer.Option(
            min=0,
            metavar="GB",
            help="Gigabytes that the run may take; where it needs more, it does not begin. Default: what is free.",
            rich_help_panel=RUN,
        ),
    ] = None,
    debug: DebugOption = False,
) -> None:
    """Train a language model on text, symbol by symbol.

    The state is carried from batch to batch; gradients go back --seq-length symbols. Ctrl-C finishes the step and
    saves; --resume goes on as if nothing had been. RUN/best.safetensors holds the best weights; PyTorch reads them too.

    - `tinygrad-seq train stdlib --cell gru --hidden 256 --steps 5000 --schedule cosine --out runs/gru`

    - `tinygrad-seq train notes/ poem.txt --epochs 30 --schedule exponential --decay 0.97 --decay-after 10`

    - `cat *.log | tinygrad-seq train - --vocab bytes --out runs/log`

    - `tinygrad-seq train --resume runs/gru`

    - `mpiexec -n 4 tinygrad-seq train stdlib --batch-size 128 --out runs/four`
    """
    ranks = launched()
    cure = f"Go on with it: mpiexec -n {ranks.size} tinygrad-seq train --resume {quoted(resume or out)}"
    with may_take(memory), together(ranks, "the training", cure, debug):
        if ranks.rank:
            assist(ranks)
            return
        if steps is not None and epochs is not None:
            raise typer.BadParameter("--steps and --epochs both say how long: give one of them.")
        given = {name for name in ctx.params if ctx.get_parameter_source(name).name == "COMMANDLINE"}  # type: ignore[union-attr]
        if resume is not None:
            fixed = sorted(given - FREE_TO_CHANGE)
            if fixed:
                names = ", ".join(flag(name) for name in fixed)
                raise typer.BadParameter(f"a resumed run keeps its settings: leave out {names}, or begin another run.")
            changes: dict[str, Any] = {"eval_every": eval_every, "save_every": save_every, "backend": selected(backend)}
            go_on(resume, {name: changes[name] for name in given & changes.keys()}, steps, epochs, ranks)
            return
        if not text:
            raise typer.BadParameter("no TEXT. Give files, folders, stdlib or -; or a run to go on with: --resume RUN.")
        settings = Settings(
            text=tuple(text),
            vocab=vocab,
            cell=cell,
            hidden_size=hidden,
            num_layers=layers,
            weight_norm=weight_norm,
            dropout=dropout,
            dtype=dtype,
            batch_size=batch_size,
            seq_length=seq_length,
            optimizer=optimizer,
            lr=lr,
            schedule=schedule,
            decay=decay,
            decay_after=decay_after,
            warm_up=warm_up,
            clip=clip,
            steps=steps or USUAL.steps,
            validation=validation,
            seed=seed,
            backend=selected(backend),
            eval_every=eval_every,
            save_every=save_every,
        )
        begin(out, settings, epochs, force, ranks)


def begin(folder: Path, settings: Settings, epochs: float | None, force: bool, ranks: Alone) -> None:
    """Begin a run in a folder and train it."""
    ranks.check(settings.batch_size)
    corpus = settings.read()
    training, held_out = settings.split(corpus)
    steps = length(settings, training, None, epochs)
    settings = settings if steps is None else replace(settings, steps=steps)
    check(of_training(settings, len(corpus.vocab), len(corpus)))
    settings.check(corpus.vocab, training)  # what is refused leaves no folder
    with held(folder):
        run = Run.create(folder, settings, corpus, force=force, ranks=ranks.size)
        print(f"Text: {size(corpus)}")
        follow(run, run.begin(training), training, held_out, ranks)


def go_on(
    folder: Path,
    changes: dict[str, Any],
    steps: int | None,
    epochs: float | None,
    ranks: Alone,
) -> None:
    """Go on with a run, perhaps further than it was to go at first."""
    run = Run.open(folder)
    ranks.check(run.settings.batch_size)
    corpus = run.corpus()
    training, held_out = run.settings.split(corpus)
    steps = length(run.settings, training, steps, epochs)
    run.change(**changes, **({} if steps is None else {"steps": steps}))
    check(of_training(run.settings, len(corpus.vocab), len(corpus)))
    with held(folder):
        moment = run.resume(training)
        if moment.step >= run.settings.steps:
            raise ConfigError(
                f"{folder} has taken all of its {run.settings.steps:,} steps. "
                f"To train it further: tinygrad-seq train --resume {quoted(folder)} --steps {2 * run.settings.steps}"
            )
        print(f"Text: {size(corpus)}")
        if moment.instead_of:
            print(f"{moment.instead_of}\nThe one before it is used now: {PREVIOUS}.")
        print(f"Going on after step {moment.step:,} of {run.settings.steps:,}.")
        here = environment(ranks.size)
        changed = [
            f"{name} {before}, now {here.get(name)}"
            for name, before in run.environment.items()
            if before != here.get(name)
        ]
        if changed:
            print(f"It began elsewhere ({'; '.join(changed)}): the last digits may come out otherwise than there.")
        follow(run, moment, training, held_out, ranks)


def length(settings: Settings, training: Corpus, steps: int | None, epochs: float | None) -> int | None:
    """Return the steps that the user asked for, in steps or epochs."""
    return steps if epochs is None else max(1, round(epochs * settings.steps_per_epoch(training)))


def follow(run: Run, moment: Moment, training: Corpus, held_out: Corpus | None, ranks: Alone) -> None:
    """Train while the user watches, then say what there is."""
    weights = sum(parameter.size for parameter in moment.model.parameters())
    print(f"Model: {moment.model.rnn}, {weights:,} weights, on {run.settings.backend}{among(ranks)}.")
    hand_out(ranks, run, moment, training, held_out)
    watch(run, fit(run, moment, training, held_out, ranks), start=moment.step, ranks=ranks)
    print(f"Wrote {contents(run)}")
    print(f"Next:  tinygrad-seq sample {quoted(run.folder)} --temperature 0.8")


def among(ranks: Alone) -> str:
    """Return how many processes train, where there are several."""
    return f", {ranks.size} processes" if ranks.size > 1 else ""


def flag(name: str) -> str:
    """Return a parameter as the user writes it."""
    return "TEXT" if name == "text" else "--" + name.replace("_", "-")
