"""`sentiment`: from reviews to a page, command by command, and what is wrong with what is given."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tinygrad_seq as tg
from tinygrad_seq.cli.sentiment import samples
from tinygrad_seq.data import ByteVocab, labelled
from tinygrad_seq.models import CharLM

pytest.importorskip("sklearn")

Call = Callable[..., Any]
TRAINED = ("--vocab", "bytes", "--cell", "mlstm", "--weight-norm", "--hidden", "16", "--batch-size", "4", "--steps", 8)


@pytest.fixture
def corpus(call: Call) -> Path:
    """The folder of a small generated corpus."""
    done = call("sentiment", "grammar", "-o", "valence", "--reviews", 200)
    assert done.code == 0, done
    return Path("valence")


@pytest.fixture
def run(call: Call, corpus: Path) -> Path:
    """A run that has read a few of its reviews."""
    done = call("train", corpus / "reviews.txt", "--out", "run", *TRAINED)
    assert done.code == 0, done
    return Path("run")


def probed(call: Call, run: Path, corpus: Path, *options: object) -> Any:
    parts = ("--dev", corpus / "dev.csv", "--test", corpus / "test.csv")
    return call("sentiment", "probe", run, corpus / "train.csv", *parts, *options)


def test_grammar_writes_reviews_and_labels_and_how_to_train(call: Call, corpus: Path) -> None:
    reviews = (corpus / "reviews.txt").read_bytes()
    assert reviews.startswith(b"\n ")
    assert reviews.count(b"\n ") == 200
    assert [len(labelled(corpus / f"{part}.csv")) for part in ("train", "dev", "test")] == [1000, 1000, 2000]


def test_the_command_that_is_named_next_is_one_that_can_be_called(call: Call) -> None:
    said = call("sentiment", "grammar", "-o", "with space", "--reviews", 300).out
    command = re.search(r"Next:  tinygrad-seq (train .*)", said)
    assert command is not None
    assert "'with space/reviews.txt'" in command[1]
    arguments = command[1].replace("'with space/reviews.txt'", "REVIEWS").split()
    arguments[arguments.index("REVIEWS")] = "with space/reviews.txt"
    assert call(*arguments, "--hidden", 8, "--steps", 1).code == 0


def test_prepare_takes_a_review_from_each_line(call: Call) -> None:
    Path("mine.txt").write_text("Good &amp; cheap.\n\n   \nNot for me.")
    done = call("sentiment", "prepare", "mine.txt", "-o", "ready.txt")
    assert "Wrote: ready.txt, 2 reviews." in done.out
    assert Path("ready.txt").read_bytes() == b"\n Good & cheap. \n Not for me. "


def test_prepare_refuses_a_text_of_blank_lines(call: Call) -> None:
    Path("blank.txt").write_text("\n \n")
    assert "There is no review in blank.txt" in call("sentiment", "prepare", "blank.txt").err


def test_probe_says_what_it_found_and_beside_it_what_an_untrained_net_gives(
    call: Call, run: Path, corpus: Path
) -> None:
    done = probed(call, run, corpus)
    assert done.code == 0, done
    assert re.search(r"Unit \d+ of 16: right on \d+\.\d% of 2,000 test reviews \(untrained: \d+\.\d%\)\.", done.out)
    assert "Wrote: sentiment.html: open it in a browser. run/sentiment.json" in done.out
    found = json.loads((run / "sentiment.json").read_text())
    assert 0 <= found["unit"] < 16
    assert found["test_reviews"] == 2000
    page = Path("sentiment.html").read_text()
    assert page.count('class="review"') == 6
    assert f"Unit {found['unit']} held at {found['median_negative']:.2f}, negative" in page


def test_without_dev_and_test_parts_of_the_labelled_reviews_are_kept_for_them(
    call: Call, run: Path, corpus: Path
) -> None:
    done = call("sentiment", "probe", run, corpus / "train.csv")
    assert "of 200 test reviews" in done.out


def test_probe_names_the_command_that_holds_the_unit(call: Call, run: Path, corpus: Path) -> None:
    said = probed(call, run, corpus).out
    found = json.loads((run / "sentiment.json").read_text())
    command = re.search(r"Next:  tinygrad-seq (steer .*)", said)
    assert command is not None
    assert command[1] == f"steer run --cell 1:{found['unit']}={found['median_positive']:.2f} --from 1"
    assert (
        f"Held, 1:{found['unit']} at " in call(*command[1].split(), "--length", 20, "--text", "valence/reviews.txt").out
    )


def test_samples_are_written_with_a_unit_of_the_top_layer_held_low_and_high() -> None:
    """The output reads one cell alone: held high it writes an A for ever, held low a B."""
    tg.manual_seed(0)
    model = CharLM(ByteVocab(), 8, 2)
    bias, head = np.zeros(32, np.float32), np.zeros((256, 8), np.float32)
    bias[24:] = 20  # o_t = 1: h_t = tanh(c_t)
    head[ord("A"), 2], head[ord("B"), 2] = 100, -100
    model.rnn.bias_ih_l1.assign_(bias, by="test")
    model.head.weight.assign_(head, by="test")
    low, _, high = samples(model, 2, -3.0, 3.0)
    assert low.text.endswith("B" * 290)
    assert high.text.endswith("A" * 290)


def test_a_model_of_characters_or_without_cells_is_refused(call: Call, trained: Path, corpus: Path) -> None:
    assert "not bytes. Train one: --vocab bytes" in probed(call, trained, corpus).err
    call("train", corpus / "reviews.txt", "--out", "gru", "--vocab", "bytes", "--cell", "gru", "--steps", 1)
    assert "A gru has no cell state" in probed(call, Path("gru"), corpus).err


def test_a_page_of_another_kind_is_refused(call: Call, run: Path, corpus: Path) -> None:
    assert "the page is written as .html" in probed(call, run, corpus, "-o", "page.pdf").err


def test_weight_norm_is_refused_for_another_cell(call: Call, text: Path) -> None:
    assert (
        "only the mlstm has normalised weights"
        in call("train", text, "--weight-norm", "--batch-size", 4, "--steps", 1).err
    )
