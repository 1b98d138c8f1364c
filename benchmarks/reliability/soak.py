"""Train and draw for long: does memory grow? Train in threads and in other processes: is it the same training?

    python -m benchmarks.reliability.soak [--steps 10000] [--graphs 1000] [--trainings 4]

Memory is looked at five times on the way: what Python and NumPy have taken (tracemalloc) and what the process has (RSS,
Linux). The first fifth is for caches that fill once; from then on growth is that of the last look over the second.
"""

from __future__ import annotations

import gc
import multiprocessing
import tracemalloc
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from hashlib import sha256
from itertools import islice
from typing import Any

import tinygrad_seq as tg
from tinygrad_seq import models, optim, train, viz
from tinygrad_seq.data import Corpus
from tinygrad_seq.optim.lr_scheduler import ExponentialLR

from ..measure import PROCESS, resident
from ..report import save

__all__ = ["alike", "fingerprint", "graphs", "growth", "in_processes", "in_threads", "steps"]

CORPUS = Corpus.from_text("to be or not to be, that is the question:\n" * 20)
CELLS = ("lstm", "gru", "rnn", "mlstm")
LOOKS = 5


def training(seed: int, steps: int, **options: Any) -> Iterator[train.Step]:
    """Train a small language model with everything that a step can have."""
    tg.manual_seed(seed)
    cell = CELLS[seed % len(CELLS)]
    model = models.CharLM(CORPUS.vocab, 24, 2, cell=cell, dropout=0.2, **options)
    optimizer = optim.Adam(model, lr=1e-3)
    batches = CORPUS.batches(4, 12, steps=steps)
    yield from train.train(model, batches, optimizer, schedule=ExponentialLR(optimizer, 0.9999), clip_norm=5.0)
    yield train.Step(steps, 0.0, 0.0, 0.0, model)


def steps() -> Iterator[None]:
    """Take steps of a training without end."""
    for _ in training(0, 10**9):
        yield


def graphs() -> Iterator[None]:
    """Record and draw a model that reads, as page, picture and DOT, without end."""
    tg.manual_seed(0)
    model = models.CharLM(CORPUS.vocab, 4, cell="rnn")
    while True:
        picture = viz.unroll(model, "to be")
        with tg.record(gradients="parts") as tape:
            model.loss(CORPUS.batches(1, 3).at(0))[0].backward()
        pictures = (picture.svg, viz.page(tape).html, viz.graph(tape).dot)
        if not all(pictures):
            raise AssertionError("an empty picture")
        yield


def growth(work: Callable[[], Iterator[None]], count: int) -> dict[str, Any]:
    """Go on with some work that often, and return how much memory it had at each look, in bytes."""
    turns = work()
    looks: list[dict[str, int]] = []
    tracemalloc.start()
    try:
        for _ in range(LOOKS):
            for _ in islice(turns, count // LOOKS):
                pass
            gc.collect()
            rss = int(resident("VmRSS") * 2**20) if PROCESS.exists() else 0
            looks.append({"traced": tracemalloc.get_traced_memory()[0], "rss": rss})
    finally:
        tracemalloc.stop()
    grown = {name: looks[-1][name] - looks[1][name] for name in ("traced", "rss")}
    return {"count": count, "looks": looks, "grown": grown}


def fingerprint(seed: int, steps: int = 40) -> str:
    """Return a digest of every loss and every weight of a training."""
    digest = sha256()
    for step in training(seed, steps):
        digest.update(repr(step[:4]).encode())
    for name, array in step.state.state_dict().items():
        digest.update(name.encode() + array.tobytes())
    return digest.hexdigest()


def in_threads(count: int) -> list[str]:
    """Train with the seeds 0, 1 ... at the same time, each in a thread."""
    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(fingerprint, range(count)))


def in_processes(count: int, method: str) -> list[str]:
    """Train with the seeds 0, 1 ... each in a process that is forked or spawned."""
    with ProcessPoolExecutor(2, multiprocessing.get_context(method)) as pool:  # a Pool waits for a process that died
        return list(pool.map(fingerprint, range(count)))


def alike(count: int) -> dict[str, bool]:
    """Return which ways of running several trainings give those of one after the other, bit for bit."""
    expected = [fingerprint(seed) for seed in range(count)]
    methods = [m for m in ("fork", "spawn", "forkserver") if m in multiprocessing.get_all_start_methods()]
    ways: dict[str, Callable[[], list[str]]] = {"threads": lambda: in_threads(count)}
    ways |= {method: lambda method=method: in_processes(count, method) for method in methods}
    return {name: way() == expected for name, way in ways.items()}


def main() -> None:
    """Run the command line."""
    parser = ArgumentParser(description=__doc__, formatter_class=RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=10_000)
    parser.add_argument("--graphs", type=int, default=1000)
    parser.add_argument("--trainings", type=int, default=4)
    options = parser.parse_args()
    results: dict[str, Any] = {"trainings": options.trainings, "alike": alike(options.trainings)}
    print(results, flush=True)
    for name, work, count in (("steps", steps, options.steps), ("graphs", graphs, options.graphs)):
        results[name] = growth(work, count)
        print(name, results[name], flush=True)
    save("soak", results)


if __name__ == "__main__":
    main()
