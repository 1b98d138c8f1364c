"""The sentiment neuron on reviews whose truth is known: found without labels, read with few, and what it takes without.

    python -m benchmarks.sentiment [--quick] [--seed 0]

A byte mLSTM of 64 units reads 60,000 generated reviews without labels (`data.valence`: no word and no three words in a
row tell the mood). A probe then finds the unit that holds the mood. Printed: its accuracy on 2,000 sentences that are
in no review, beside the same in the untrained net; and the accuracy against the number of labels, beside an LSTM of
the same size trained from scratch on those labels. `--quick` leaves the labels out and trains for a third of the steps.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import numpy as np

import tinygrad_seq as tg
from tinygrad_seq import data, models, nn, optim, train
from tinygrad_seq.analysis.sentiment import (
    Findings,
    balanced_subset,
    cells,
    few_labels,
    find_unit,
    judged,
)
from tinygrad_seq.analysis.steering import Pin, steered
from tinygrad_seq.data import Labelled
from tinygrad_seq.data.valences import ADVICE, WHO

from .report import save

COUNTS = (10, 30, 100, 300, 1000, 3000)
H = 64
DOSES = (1, 4)
"""How far the unit is held from the middle between the classes: 1 is their medians."""
STEERED = 25
"""Sentences of each mood after which the model writes with the unit held."""


@dataclass(frozen=True)
class Plan:
    """How much of it to do."""

    steps: int = 3000
    reviews: int = 60_000
    labelled: int = 3000
    dev: int = 1000
    test: int = 2000
    counts: tuple[int, ...] = COUNTS
    scratch_steps: int = 1000
    seed: int = 0


QUICK = Plan(steps=1200, reviews=20_000, labelled=500, dev=500, test=1000, counts=())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    if args.quick:
        measure(QUICK)
    else:
        save("sentiment", measure(Plan(seed=args.seed)))


def measure(plan: Plan) -> dict[str, Any]:
    """Return what is printed."""
    corpus = data.valence(reviews=plan.reviews, train=plan.labelled, dev=plan.dev, test=plan.test, seed=plan.seed)
    untrained, trained = language_model(plan), language_model(plan)
    print(f"training on {plan.reviews:,} reviews such as: {corpus.reviews[0]}")
    began = perf_counter()
    losses = read_reviews(trained, corpus.reviews, plan)
    seconds = perf_counter() - began
    probing = corpus.train[: plan.dev]
    found, control = (find_unit(model, probing, corpus.dev, corpus.test) for model in (trained, untrained))
    print(
        f"{seconds:.0f} s. Unit {found.unit.index}: {found.unit_accuracy:.1%} (untrained {control.unit_accuracy:.1%}); "
        f"probe: {found.probe_accuracy:.1%} (untrained {control.probe_accuracy:.1%})"
    )
    advice = good_advice(trained, found, corpus.test)
    for held, share in advice.items():
        print(f"good advice after a {held}: {share:.0%}", flush=True)
    results: dict[str, Any] = {
        "plan": {**vars(plan), "hidden_size": H},
        "review": corpus.reviews[0],
        "training": {"seconds": round(seconds, 1), "loss": losses},
        "trained": found.to_json(),
        "untrained": control.to_json(),
        "good_advice": advice,
        "courses": courses(trained, found.unit.index, corpus.test),
    }
    if plan.counts:
        results["labels"] = by_labels(trained, corpus, plan)
    return results


def language_model(plan: Plan) -> models.CharLM:
    """Return the byte mLSTM, untrained."""
    tg.manual_seed(plan.seed)
    return models.CharLM(data.ByteVocab(), H, cell="mlstm", weight_norm=True)


def read_reviews(model: models.CharLM, reviews: Sequence[str], plan: Plan) -> list[tuple[int, float]]:
    """Train on reviews without labels; return the loss in nats per byte, averaged over each tenth of the steps."""
    text = data.Corpus.from_text(b"".join(map(data.prepared, reviews)), vocab="bytes")
    optimizer = optim.Adam(model, lr=1e-2)
    schedule = optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=plan.steps)
    batches = text.batches(batch_size=16, seq_len=64, steps=plan.steps)
    losses = [step.loss for step in train.train(model, batches, optimizer, schedule=schedule, clip_norm=1.0)]
    return [
        (int(part[-1]) + 1, round(float(np.mean(np.take(losses, part))), 4))
        for part in np.array_split(range(plan.steps), 10)
    ]


def courses(model: models.CharLM, unit: int, sentences: Sequence[Labelled]) -> list[dict[str, Any]]:
    """Return the unit after every byte of one sentence of each kind: affirming or denying, with a good or bad word."""
    shown = {}
    for text, positive in sentences:
        denies = text.startswith(WHO[True])
        shown.setdefault((denies, positive), (text, cells(model, data.prepared(text))[:, unit]))
        if len(shown) == 4:
            break
    return [
        {"text": text, "denies": denies, "positive": positive, "unit": [round(float(c), 3) for c in values]}
        for (denies, positive), (text, values) in sorted(shown.items())
    ]


def good_advice(model: models.CharLM, found: Findings, sentences: Sequence[Labelled]) -> dict[str, float]:
    """Return how often good advice follows a sentence, by its mood and by how the unit is held while it is written."""
    ways: dict[str, list[Pin]] = {"free": []}
    for dose in DOSES:
        low, high = (Pin(model.num_layers, found.unit.index, value) for value in found.pins(dose))
        ways |= {f"held negative, dose {dose}": [low], f"held positive, dose {dose}": [high]}
    shares = {}
    for mood, positive in (("negative", False), ("positive", True)):
        texts = [text for text, is_positive in sentences if is_positive is positive][:STEERED]
        for way, pins in ways.items():
            words = [first_word(model, pins, text, seed) for seed, text in enumerate(texts)]
            shares[f"{mood} sentence, unit {way}"] = float(np.mean([word in ADVICE[True] for word in words]))
    return shares


def first_word(model: models.CharLM, pins: list[Pin], sentence: str, seed: int) -> str:
    """Return the word that the model writes after a sentence; units are held from the space before it on."""
    prime = data.prepared(sentence).decode().removesuffix(" ")
    return steered(model, pins, start=1, prime=prime, length=9, seed=seed).lstrip().partition(".")[0]


def by_labels(model: models.CharLM, corpus: data.Valence, plan: Plan) -> list[dict[str, Any]]:
    """Return accuracies on the test sentences by number of labels: the probe's, and a net's that has nothing else."""
    parts = [judged(model, part) for part in (corpus.train, corpus.dev, corpus.test)]
    rows = []
    for n, accuracies in few_labels(*parts, plan.counts):
        began = perf_counter()
        scratch = from_scratch(corpus, n, plan)
        rows.append(
            {
                "labels": n,
                "probe": float(np.mean(accuracies)),
                "probe_lowest": min(accuracies),
                "scratch": scratch,
                "scratch_seconds": round(perf_counter() - began, 1),
            }
        )
        print("{labels:6,} labels: probe {probe:.1%}, from scratch {scratch:.1%}".format(**rows[-1]), flush=True)
    return rows


def from_scratch(corpus: data.Valence, n: int, plan: Plan) -> float:
    """Return the test accuracy of a classifier that has n labels and nothing else: the best of its states by dev.

    It is the strongest that we found: an LSTM whose forget gates start open. An mLSTM, or an LSTM that starts as usual,
    stays at chance with 10,000 labels.
    """
    tg.manual_seed(plan.seed)
    examples = [corpus.train[i] for i in balanced_subset(np.array([e.positive for e in corpus.train]), n, plan.seed)]
    dev = corpus.dev[:n]
    net = models.SequenceClassifier(256, 2, H)
    net.rnn = nn.LSTM(256, H, batch_first=True, forget_bias=4.0)
    optimizer = optim.Adam(net, lr=1e-2)
    sequences, labels = encoded(examples)
    batches = (
        batch
        for epoch in range(plan.scratch_steps)
        for batch in data.padded(sequences, labels, 32, seed=plan.seed, epoch=epoch)
    )
    best, accuracy = -1.0, 0.0
    for step in train.train(net, batches, optimizer, clip_norm=1.0):
        if step.number % 100 == 0 or step.number == plan.scratch_steps:
            on_dev = right(net, dev)
            if on_dev > best:
                best, accuracy = on_dev, right(net, corpus.test)
        if step.number == plan.scratch_steps:
            break
    return accuracy


def encoded(examples: Sequence[Labelled]) -> tuple[list[np.ndarray], list[int]]:
    """Return the bytes of prepared sentences, and their labels."""
    vocab = data.ByteVocab()
    return [vocab.encode(data.prepared(text)) for text, _ in examples], [int(positive) for _, positive in examples]


def right(net: models.SequenceClassifier, examples: Sequence[Labelled]) -> float:
    """Return the share of sentences that a classifier calls what they are."""
    sequences, labels = encoded(examples)
    ids, lengths = data.pad(sequences)
    return float(np.mean(net.predict(ids, lengths) == labels))


if __name__ == "__main__":
    main()
