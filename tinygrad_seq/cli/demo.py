"""`tinygrad-seq demo`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from statistics import median
from textwrap import indent
from time import perf_counter
from typing import Annotated

import numpy as np
import typer

from ..backend import use_backend
from ..data import Corpus, Ngram
from ..models.cells import CellName
from ..train.fit import Progress, fit
from ..train.lock import held
from ..train.loop import train
from ..train.run import Moment, Run
from ..train.settings import STDLIB, Settings
from ..viz import Report, Sample, unroll
from .backend import BackendOption, automatic, selected
from .debug import DebugOption
from .figures import losses, size
from .folder import contents, free, quoted
from .progress import watch
from .words import known_share, words

__all__ = ["demo"]

RECIPE = Settings(
    text=(STDLIB,),
    hidden_size=128,
    batch_size=32,
    seq_length=32,
    lr=1e-2,
    schedule="cosine",
    warm_up=20,
    steps=2600,
    validation=0.01,
)
EVALUATIONS = 8
TRIAL_STEPS = 8
SAMPLES = (("Early", 0.02), ("Middle", 0.3), ("Late", 1.0))
"""When the net writes: after which share of the steps."""
PRIME, SAMPLE_LENGTH = "def ", 500
TEMPERATURE, TOP_P = 0.8, 0.7
"""A lower temperature alone would write spaces without end: the cut takes the misspellings away and leaves the rest."""
DRAWN = "def __init__(self"
PAGE, GRAPH = "demo.html", "graph.html"


def demo(
    cell: Annotated[CellName, typer.Option(help="Kind of recurrent net.")] = RECIPE.cell,
    steps: Annotated[
        int | None, typer.Option(min=1, help=f"Steps to train. Default: {RECIPE.steps:,}, a minute on two quiet cores.")
    ] = None,
    minutes: Annotated[
        float | None, typer.Option(min=0.01, help="As many steps as fit into this time, in place of --steps.")
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder to write; where it holds a run already, the next free one.")] = Path(
        "runs/demo"
    ),
    seed: Annotated[int, typer.Option(min=0, help="Decides first weights, held-out files, samples.")] = RECIPE.seed,
    backend: BackendOption = "auto",
    debug: DebugOption = False,
) -> None:
    """Train a small net on Python's own library for about a minute, see it learn to write, get a page to show.

    Nothing is downloaded, and no GPU is needed.

    - `tinygrad-seq demo --cell gru --minutes 5`
    """
    if steps is not None and minutes is not None:
        raise typer.BadParameter("--steps and --minutes both say how long: give one of them.")
    began = perf_counter()
    settings = replace(RECIPE, cell=cell, seed=seed, backend=selected(backend))
    corpus = settings.read()
    training, held_out = corpus.split(settings.validation, seed)
    print(f"Text:    {size(corpus)}")
    if "standard library" not in corpus.source:
        print("         This Python ships no sources of its library; a text made by a grammar takes their place.")
    print(f"Backend: {settings.backend} ({automatic().reason if backend == 'auto' else 'as asked'})")
    if minutes is not None:
        steps = steps_in(60 * minutes, settings, training)
        print(f"Plan:    {steps:,} steps, about {minutes:g} min of training on this machine")
    steps = steps or settings.steps
    every = -(-steps // EVALUATIONS)
    warm_up = min(settings.warm_up, steps // 10)
    settings = replace(settings, steps=steps, warm_up=warm_up, eval_every=every, save_every=every)
    folder = free(out)
    with held(folder):
        run = Run.create(folder, settings, corpus)
        moment = run.begin(training)
        print(f"Model:   {moment.model.rnn}, {sum(p.size for p in moment.model.parameters()):,} weights")
        unigram, bigram = (Ngram.fit(training.ids, len(corpus.vocab), order=order) for order in (1, 2))
        floors = {"unigram": unigram.nats(held_out.ids), "bigram": bigram.nats(held_out.ids)}
        print(f"Floors:  {losses(floors['unigram'])} per character from how often each occurs (unigram)")
        print(f"         {losses(floors['bigram'])} per character from which one came before (bigram)")
        print(f"         measured, as the net is, on {held_out.source}\n", flush=True)

        writer = Writer(moment, steps, seed)
        watch(run, fit(run, moment, training, held_out, told=writer.due), start=0, remark=writer.remark)

    counted = corpus.vocab.decode(bigram.sample(np.random.default_rng(seed), SAMPLE_LENGTH))
    results = outcome(run, floors["bigram"], writer.samples[-1].text.removeprefix(PRIME), counted, training)
    results["Time"] = f"{perf_counter() - began:.0f} s in all"
    for name, result in results.items():
        print(f"{name + ':':<9}{result}")
    commands = what_next(run, cell)
    page = report(run, moment, corpus, floors, writer.samples, results, commands)
    print(f"\nWrote:   {contents(run)}")
    print(f"         {page} shows the loss, the samples and the net unrolled: open it in a browser.")
    print(f"         {run.folder / GRAPH} goes through the net step by step, forward and backward.")
    print("Next:    " + "\n         ".join(command for command, _ in commands))


class Writer:
    """Lets the net write early, midway and at the end, and keeps what it wrote."""

    def __init__(self, moment: Moment, steps: int, seed: int) -> None:
        self.moment, self.seed = moment, seed
        self.samples: list[Sample] = []
        self.due = {max(1, round(share * steps)): name for name, share in SAMPLES}

    def remark(self, progress: Progress) -> str:
        """Return a sample where this is the step for one, else nothing."""
        if progress.step not in self.due:
            return ""
        text = self.moment.model.generate(
            PRIME, length=SAMPLE_LENGTH, temperature=TEMPERATURE, top_p=TOP_P, seed=self.seed
        )
        when = f"{self.due[progress.step]}, after step {progress.step:,}"
        self.samples.append(Sample(when, text))
        return f"\n{when} it writes:\n\n{indent(text, '    ', lambda line: True)}\n"


def steps_in(seconds: float, settings: Settings, training: Corpus) -> int:
    """Return how many steps of training fit into a time, measured with a model that is thrown away."""
    batches = training.batches(settings.batch_size, settings.seq_length, steps=TRIAL_STEPS)
    with use_backend(settings.backend):
        model = settings.make_model(training.vocab)
        times = [perf_counter()]
        times += [perf_counter() for _ in train(model, batches, settings.make_optimizer(model), replay=True)]
    return max(1, round(seconds / median(np.diff(times))))


def outcome(run: Run, floor: float, written: str, counted: str, training: Corpus) -> dict[str, str]:
    """Return what came out, in words: the last loss, and the shares of real words beside a bigram model's."""
    loss = run.log()[-1]["held_out"]
    difference = f"{abs(floor - loss):.2f} nats {'below' if loss < floor else 'above'}"
    known = set(words(training.text))
    share, share_by_counting = known_share(written, known), known_share(counted, known)
    return {
        "Loss": f"{losses(loss)} per character of held-out text, {difference} the bigram floor",
        "Words": f"{share:.0%} of the {len(words(written))} words that the last sample adds occur in the text; "
        f"of a bigram model's, {share_by_counting:.0%}",
    }


def what_next(run: Run, cell: str) -> list[tuple[str, str]]:
    """Return commands to try, and why."""
    folder, other = quoted(run.folder), "gru" if cell != "gru" else "lstm"
    return [
        (f'tinygrad-seq sample {folder} --prime "class " --temperature 0.7', "Let it write on from words of yours."),
        (f'tinygrad-seq grads {folder} --text "if x: return"', "See which step answers for which loss."),
        (f"tinygrad-seq demo --cell {other} --minutes 5", "Give another cell more time."),
        ("tinygrad-seq train my_texts/ --out runs/mine", "Train on text of your own."),
    ]


def report(
    run: Run,
    moment: Moment,
    corpus: Corpus,
    floors: dict[str, float],
    samples: list[Sample],
    results: dict[str, str],
    commands: list[tuple[str, str]],
) -> Path:
    """Write the page to show, and return its path."""
    log = run.log()
    return Report(
        title=f"A small {run.settings.cell.upper()} learns to write Python",
        summary=f"One character at a time, from {corpus.source}.",
        training=[(line["step"], line["loss"]) for line in log],
        held_out=[(line["step"], line["held_out"]) for line in log if "held_out" in line],
        floors=floors,
        samples=samples,
        picture=unroll(moment.model, DRAWN, to=run.folder / GRAPH),
        facts={
            **results,
            "Model": repr(moment.model.rnn),
            "Steps": f"{run.settings.steps:,} of {run.settings.batch_size} x {run.settings.seq_length} characters",
            "Seed": str(run.settings.seed),
            "Text": f"{size(corpus)}; SHA-256 {corpus.sha256}",
            "Machine": ", ".join(f"{name} {value}" for name, value in run.environment.items()),
        },
        next_commands=commands,
    ).save(run.folder / PAGE)
