"""Real reviews: a byte mLSTM that has read a user's own, and what its cells tell of the Stanford Sentiment Treebank.

    python -m benchmarks.sentiment_sst2 REVIEWS SST2 [--column 3] [--hidden 128] [--steps 3000]

REVIEWS is a file with a review on each line, or with `--column` in that column of a tab-separated one; SST2 a folder
with the files of `data.sst2`. Neither comes with this package. The model reads REVIEWS without labels, a twentieth held
out. Probes are fitted on the treebank's training sentences, nine of ten, their strength chosen on the tenth, and
measured once on its dev part; beside them the same on the untrained net, and words and pairs of words, weighted by
TF-IDF, under logistic regression, which have to be beaten by more than this before anybody is impressed.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

import tinygrad_seq as tg
from tinygrad_seq import data, models, optim, train
from tinygrad_seq.analysis.sentiment import find_unit
from tinygrad_seq.data import Labelled

from .report import save


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("reviews", type=Path)
    parser.add_argument("sst2", type=Path)
    parser.add_argument("--column", type=int)
    parser.add_argument("--hidden", type=int, default=128)
    parser.add_argument("--steps", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()

    text = data.Corpus.from_text(b"".join(map(data.prepared, lines(args.reviews, args.column))), vocab="bytes")
    learning, strength = data.split(data.sst2(args.sst2, "train"), 0.1, args.seed)
    dev = data.sst2(args.sst2, "dev")
    floor = words_and_pairs(learning, dev)
    print(f"words and pairs: {floor:.1%}\ntraining on {len(text):,} bytes", flush=True)
    untrained, trained = (language_model(args.hidden, args.seed) for _ in range(2))
    began = perf_counter()
    losses = read_reviews(trained, text, args.steps)
    seconds = perf_counter() - began
    found, control = (find_unit(model, learning, strength, dev) for model in (trained, untrained))
    print(f"probe: {found.probe_accuracy:.1%} (untrained {control.probe_accuracy:.1%})")
    print(f"unit {found.unit.index}: {found.unit_accuracy:.1%} (untrained {control.unit_accuracy:.1%})")
    save(
        "sentiment_sst2",
        {
            "settings": {"hidden_size": args.hidden, "steps": args.steps, "seed": args.seed},
            "reviews": {"bytes": len(text), "sha256": text.sha256},
            "training": {"seconds": round(seconds, 1), "held_out": losses},
            "words_and_pairs": floor,
            "trained": found.to_json(),
            "untrained": control.to_json(),
        },
    )


def lines(path: Path, column: int | None) -> list[str]:
    """Return the reviews of a file."""
    rows = [row for row in data.read(path).text.split("\n") if row.strip()]
    return rows if column is None else [row.split("\t")[column - 1] for row in rows]


def language_model(hidden_size: int, seed: int) -> models.CharLM:
    """Return the byte mLSTM, untrained."""
    tg.manual_seed(seed)
    return models.CharLM(data.ByteVocab(), hidden_size, cell="mlstm", weight_norm=True, dropout=0.1)


def read_reviews(model: models.CharLM, text: data.Corpus, steps: int) -> list[tuple[int, float]]:
    """Train without labels, leave the weights that were best on held-out text, and return the losses there."""
    learning, held_out = text.split(0.05)
    optimizer = optim.Adam(model, lr=5e-3)
    schedule = optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=steps)
    batches = learning.batches(batch_size=32, seq_len=64, steps=steps)
    losses: list[tuple[int, float]] = []
    best: dict[str, Any] = {}
    for step in train.train(model, batches, optimizer, schedule=schedule, clip_norm=1.0):
        if step.number % max(1, steps // 15) and step.number != steps:
            continue
        loss = train.evaluate(model, held_out)
        if not losses or loss < min(nats for _, nats in losses):
            best = model.state_dict()
        losses.append((step.number, round(loss, 4)))
        print(f"step {step.number:,}: held out {loss:.3f} nats per byte", flush=True)
    model.load_state_dict(best)
    return losses


def words_and_pairs(learning: list[Labelled], dev: list[Labelled]) -> float:
    """Return the accuracy of logistic regression on words and pairs of words weighted by TF-IDF."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    model = make_pipeline(TfidfVectorizer(ngram_range=(1, 2)), LogisticRegression(C=10, max_iter=1000))
    model.fit([text for text, _ in learning], [positive for _, positive in learning])
    return float(np.mean(model.predict([text for text, _ in dev]) == [positive for _, positive in dev]))


if __name__ == "__main__":
    main()
