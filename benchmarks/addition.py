"""Two-digit addition as text, "16+72" to "88": encoder and decoder of 128 LSTM cells each, the input reversed.

    python -m benchmarks.addition [--epochs 150] [--seed 0]

5,000 training pairs; no test pair is among them in either order. Prints, every ten epochs, how many of the test answers
are right in full, and how many characters. The set-up is that of Keras's example `addition_rnn`, where 99 % per
character are reported; numbers of one digit are as frequent there as those of two.
"""

from __future__ import annotations

import argparse
from time import perf_counter

import numpy as np

import tinygrad_seq as tg
from tinygrad_seq import data, models, optim, train

from .report import save


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=int, default=150)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()

    tg.manual_seed(args.seed)
    task = data.addition(2, train=5000, test=500, seed=args.seed, reverse=True)
    (sources, targets), (test_sources, test_targets) = task.encode(task.train), task.encode(task.test)
    V = len(task.vocab)
    model = models.Seq2Seq(V, V, hidden_size=128)
    optimizer = optim.Adam(model, lr=2e-3)
    steps_per_epoch = -(-len(sources) // 32)
    schedule = optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=args.epochs * steps_per_epoch)
    batches = (
        batch
        for epoch in range(args.epochs)
        for batch in data.padded(sources, targets, batch_size=32, seed=args.seed, epoch=epoch)
    )
    curve, began = [], perf_counter()
    for step in train.train(model, batches, optimizer, schedule=schedule, clip_norm=1.0):
        epoch, rest = divmod(step.number, steps_per_epoch)
        if rest or (epoch % 10 and epoch != args.epochs):
            continue
        right = model.predict(test_sources, test_targets.shape[1]) == test_targets
        row = {
            "epoch": epoch,
            "loss": round(step.loss, 4),
            "exact": float(np.mean(right.all(axis=1))),
            "per_character": float(np.mean(right)),
            "seconds": round(perf_counter() - began, 1),
        }
        curve.append(row)
        print("epoch {epoch:3}  exact {exact:.1%}  per character {per_character:.1%}  {seconds:.0f} s".format(**row))
    save("addition", {"seed": args.seed, "curve": curve})


if __name__ == "__main__":
    main()
