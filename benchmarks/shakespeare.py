"""Tiny Shakespeare to its end: a character LSTM of 256 units here and in PyTorch, minutes against nats held out.

    python -m benchmarks.shakespeare tinyshakespeare.txt [--steps 7000] [--threads 2] [--libraries ours_fast torch ours]

Same text, batches, first weights, dropout, AdamW, warm-up, cosine and clipping; only the dropout masks differ. One
library after the other, each in a process of its own. Seconds are those of the training steps, evaluations left out.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from math import cos, pi
from time import perf_counter
from typing import Any

import tinygrad_seq as tg
from tinygrad_seq import data, models, optim, train

from .measure import on_threads
from .report import merge

H, DROPOUT, BATCH, T = 256, 0.3, 32, 50
LR, WARM_UP, DECAY, CLIP = 8e-3, 200, 0.03, 1.0
ENVIRONMENT = {"ours": {"TINYGRAD_SEQ_NUMBA": "0"}, "ours_fast": {"TINYGRAD_SEQ_NUMBA": "1"}, "torch": {}}

Evaluate = Callable[[], float]


def lr_at(step: int, steps: int) -> float:
    """Return the learning rate of a step, from 1: up in a straight line, then half a cosine to zero."""
    if step < WARM_UP:
        return LR * step / WARM_UP
    return LR * (1 + cos(pi * (step - WARM_UP) / (steps - WARM_UP + 1))) / 2


def ours(training: data.Corpus, held_out: data.Corpus, steps: int) -> tuple[Iterator[None], Evaluate]:
    """Return the steps of this library, and its loss on the held-out part."""
    model = first_model(training)
    optimizer = optim.AdamW(model, lr=LR, weight_decay=DECAY)

    def run() -> Iterator[None]:
        optimizer.param_groups[0]["lr"] = lr_at(1, steps)
        for step in train.train(model, training.batches(BATCH, T, steps), optimizer, clip_norm=CLIP):
            optimizer.param_groups[0]["lr"] = lr_at(step.number + 1, steps)
            yield

    return run(), lambda: train.evaluate(model, held_out)


def pytorch(training: data.Corpus, held_out: data.Corpus, steps: int) -> tuple[Iterator[None], Evaluate]:
    """Return the steps of PyTorch on the same net, and the same net's loss by our evaluation."""
    import torch
    from torch import nn

    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    torch.manual_seed(0)
    model = first_model(training)
    V = len(training.vocab)
    rnn, head, dropout = nn.LSTM(V, H, batch_first=True), nn.Linear(H, V), nn.Dropout(DROPOUT)
    weights = {name: torch.tensor(array) for name, array in model.state_dict().items()}
    for name, module in {"rnn": rnn, "head": head}.items():
        module.load_state_dict({k.removeprefix(f"{name}."): v for k, v in weights.items() if k.startswith(name)})
    vectors = nn.Embedding.from_pretrained(torch.eye(V))
    parameters = [*rnn.parameters(), *head.parameters()]
    optimizer = torch.optim.AdamW(parameters, lr=LR, weight_decay=DECAY, fused=True)

    def run() -> Iterator[None]:
        state = None
        for batch in training.batches(BATCH, T, steps):
            optimizer.param_groups[0]["lr"] = lr_at(batch.step + 1, steps)
            output, state = rnn(vectors(torch.from_numpy(batch.x)), None if batch.starts_epoch else state)
            state = tuple(part.detach() for part in state)
            logits = head(dropout(output))
            loss = nn.functional.cross_entropy(logits.flatten(0, 1), torch.from_numpy(batch.y).flatten())
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            nn.utils.clip_grad_norm_(parameters, CLIP)
            optimizer.step()
            loss.item()
            yield

    def evaluate() -> float:
        found = {f"rnn.{k}": v for k, v in rnn.state_dict().items()} | {
            f"head.{k}": v for k, v in head.state_dict().items()
        }
        model.load_state_dict({name: array.numpy().copy() for name, array in found.items()})
        return train.evaluate(model, held_out)

    return run(), evaluate


def first_model(training: data.Corpus) -> models.CharLM:
    """Return the net before training, the same for all."""
    tg.manual_seed(1)
    return models.CharLM(training.vocab, H, cell="lstm", dropout=DROPOUT)


def curve(library: str, path: str, steps: int, every: int) -> list[dict[str, float]]:
    """Train with one library in this process; return step, seconds so far and nats per character held out."""
    training, held_out = data.read(path).split()
    run, evaluate = (pytorch if library == "torch" else ours)(training, held_out, steps)
    rows, seconds = [], 0.0
    for chunk in range(0, steps, every):
        began = perf_counter()
        taken = sum(1 for _, _ in zip(range(every), run, strict=False))
        seconds += perf_counter() - began
        rows.append({"step": chunk + taken, "seconds": round(seconds, 1), "nats": round(evaluate(), 4)})
        print("step {step:6,}  {seconds:6.0f} s  {nats:.4f} nats".format(**rows[-1]), file=sys.stderr, flush=True)
    return rows


def trained(library: str, args: argparse.Namespace) -> list[dict[str, float]]:
    """Return the curve of a library, from a process of its own."""
    print(f"\n{library}, {args.threads} threads", file=sys.stderr)
    command = [
        sys.executable,
        "-m",
        "benchmarks.shakespeare",
        args.text,
        "--steps",
        str(args.steps),
        "--every",
        str(args.every),
    ]
    environment = {**os.environ, **on_threads(args.threads), **ENVIRONMENT[library]}
    done = subprocess.run([*command, "--one", library], env=environment, stdout=subprocess.PIPE, check=True)
    rows: list[dict[str, float]] = json.loads(done.stdout)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("text")
    parser.add_argument("--steps", type=int, default=7000)
    parser.add_argument("--every", type=int, default=500, help="steps between evaluations")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--libraries", nargs="+", default=["ours_fast", "torch", "ours"], choices=list(ENVIRONMENT))
    parser.add_argument("--one", choices=list(ENVIRONMENT), help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.one:
        print(json.dumps(curve(args.one, args.text, args.steps, args.every)))
        return
    for library in args.libraries:
        rows: Any = trained(library, args)
        reached = next((row for row in rows if row["nats"] <= 1.5), None)
        when = f"{reached['seconds'] / 60:.1f} minutes" if reached else "never"
        print(f"{library}: 1.50 nats after {when}; {rows[-1]['nats']} after {rows[-1]['seconds'] / 60:.1f} minutes")
        merge("shakespeare", f"{library}, {args.threads} threads", {"threads": args.threads, "curve": rows})


if __name__ == "__main__":
    main()
