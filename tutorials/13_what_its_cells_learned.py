# %% [markdown]
# # 13 · What its cells learned
#
# ## The idea
#
# A character model is told nothing of comments, strings or columns. To guess the next character it has to know where it
# is, and it has only its cells to keep that in. So we ask every cell: are you higher inside a comment than outside?
# (Karpathy, Johnson and Fei-Fei, 2015, looked at the text in the colours of a cell; here every cell gets a score.)
#
# What is inside a comment we know exactly, from Python's own tokenizer. Two things keep us honest. The cell is chosen
# in one part of a text and scored in another, neither of them read in training. And the same search is made in the net
# before training, and for labels that were shifted to where they mean nothing.

# %%
import os
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import tinygrad_seq as tg
from tinygrad_seq import models, optim
from tinygrad_seq.analysis.cells import find, parts
from tinygrad_seq.analysis.gates import gate_use
from tinygrad_seq.analysis.labels import PYTHON, matching
from tinygrad_seq.train import train

FAST = bool(os.environ.get("TINYGRAD_SEQ_FAST"))
OUT = Path("runs/tutorials")
OUT.mkdir(parents=True, exist_ok=True)
corpus = tg.data.stdlib()
learn, held_out = corpus.split(0.05)


def fresh():
    tg.manual_seed(0)
    return models.CharLM(corpus.vocab, 96, cell="lstm")


model = fresh()
steps = 30 if FAST else 900
optimizer = optim.Adam(model, lr=1e-2)
schedule = optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=steps)
batches = learn.batches(32, 48, steps=steps)
losses = [step.loss for step in train(model, batches, optimizer, schedule=schedule, clip_norm=5.0)]
print(f"nats per character: {losses[0]:.2f} at first, {np.mean(losses[-20:]):.2f} at last")

# %% [markdown]
# The labels: one truth value, or one number, for every character.

# %%
asked = ("comment", "docstring", "one-line string", "column")
labels = [label for label in PYTHON if label.name in asked]
text = parts(held_out, [*labels, matching("equals sign", "=")], limit=60_000)
example = 'x = 1  # one\ny = "#"\n'
comment = next(label for label in labels if label.name == "comment").of(example)
for line, marks in zip(example.splitlines(), (comment[:12], comment[13:]), strict=True):
    print(line + "\n" + "".join("^" if is_inside else " " for is_inside in marks).rstrip())
assert example[comment.argmax()] == "#"
assert not comment[example.index('"') :].any()  # this one is inside a string

# %% [markdown]
# ## The long way: one score, by its definition
#
# The score of a cell is the area under its ROC curve: the chance that a character inside a comment has a higher
# $\tanh(c)$ than one outside,
#
# $$\mathrm{AUC} = \frac{1}{N_+ N_-} \sum_{n \in +} \sum_{m \in -} \big([x_n > x_m] + \tfrac12 [x_n = x_m]\big).$$
#
# One half is chance. A cell that is *low* in comments is as good: its score is that of $-x$. The recorder gives $c$
# for every cell and character.


# %%
def cells_over(net, ids):
    """Return tanh(c) of every cell after every character, (N, H)."""
    with tg.no_grad(), tg.record(net, values=None, gradients=None, only=["c"]) as tape:
        net(ids[None].astype(int))
    return np.tanh(tape.layers["rnn.l0"]["c"][:, 0])


def auc(x, inside):
    """Count the pairs: for each character inside, how many outside are below it."""
    outside = np.sort(x[~inside])
    below, not_above = (np.searchsorted(outside, x[inside], side) for side in ("left", "right"))
    return float((below + not_above).mean() / 2 / len(outside))


assert auc(np.array([3.0, 1.0, 2.0, 2.0]), np.array([True, False, True, False])) == 3.5 / 4


def best_cell(net):
    """Search in one part, score in another."""
    search, inside = cells_over(net, text.search.ids), text.search.values["comment"]
    areas = np.array([auc(x, inside) for x in search.T])
    unit = int(abs(areas - 0.5).argmax())
    sign = 1 if areas[unit] > 0.5 else -1
    return unit, sign, auc(sign * cells_over(net, text.test.ids)[:, unit], text.test.values["comment"])


unit, sign, score = best_cell(model)
*_, untrained = best_cell(fresh())
side = "high" if sign > 0 else "low"
print(f"comments: unit {unit} is {side}, AUC {score:.3f}; the best of the untrained net {untrained:.3f}")

# %% [markdown]
# ## The short way: `find`
#
# All labels at once, for numbers the share of the variance that a line through the cell explains ($R^2$, zero is
# chance), with both controls, an interval, and a linear probe on all cells, which shows what the net knows that no
# single cell tells.

# %%
found = {finding.label: finding for finding in find(model, fresh(), text).findings}
print(f"{'label':<16}{'cell':>6}{'score':>9}{'95 %':>18}{'untrained':>11}{'shuffled':>10}{'all cells':>11}")
for name, finding in found.items():
    best, interval = finding.best[0], f"{finding.low:.3f} to {finding.high:.3f}"
    print(f"{name:<16}{best.cell!s:>6}{finding.measure:>5}{best.score:6.3f}{interval:>16}", end="")
    print(f"{finding.untrained.score:11.3f}{max(finding.shuffled):10.3f}{finding.probe:11.3f}")
comments = found["comment"]
assert FAST or comments.best[0].cell.unit == unit
near = 0.1 if FAST else 0.02  # `find` reads the text in pieces, each after a running start
assert abs(comments.best[0].score - score) < near
assert abs(comments.untrained.score - untrained) < near
assert FAST or score > max(0.8, untrained + 0.15, max(comments.shuffled) + 0.15)

# %% [markdown]
# An equals sign is seen from the last character alone, and a net knows that without training: its high score has not
# been learnt. That is what the control is for. A comment began some time ago, and the untrained net has forgotten it.
#
# How long does a cell remember? What it holds is multiplied by its forget gate at each step; half of it is left after
# $\ln 2 / \operatorname{mean}(-\ln f_t)$ characters.

# %%
forget = next(use for use in gate_use(model, text.test.ids) if use.letter == "f")
print(f"half-lives in characters: median {np.median(forget.half_life):.1f}, unit {unit} {forget.half_life[unit]:.1f}")
assert FAST or forget.half_life[unit] > np.median(forget.half_life)
assert found["equals sign"].untrained.score > 0.85

# %% [markdown]
# ## The picture
#
# The text that it was scored on, in the colours of the cell; above it the cell's distribution inside and outside.
# Docstrings have the colour of comments: what we found by asking for comments is rather a cell for prose against code.
# A score says that a cell goes along with a label, not that the label is what it stands for. So look at the text, too.

# %%
values = sign * cells_over(model, text.test.ids)[:, unit]
inside = text.test.values["comment"]
characters = corpus.vocab.decode(text.test.ids)
begins = np.flatnonzero(inside[1:] & ~inside[:-1]) + 1
start = characters.rindex("\n", 0, begins[len(begins) // 2] - 100) + 1
fig, (top, bottom) = plt.subplots(2, 1, figsize=(10, 7.2), height_ratios=(1, 2.2), layout="constrained")
bins = np.linspace(-1, 1, 60)
top.hist(values[inside], bins, density=True, color="#b3450a", alpha=0.7, label="inside comments")
top.hist(values[~inside], bins, density=True, color="#2b6a99", alpha=0.6, label="outside")
top.set(title=f"{'' if sign > 0 else '-'}tanh(c) of unit {unit}: AUC {score:.2f}", yticks=[])
top.legend(fontsize=8)
lines = characters[start:].split("\n")[:18]
shades, n = np.full((len(lines), 90), np.nan), start
for row, line in enumerate(lines):
    for column, character in enumerate(line[:90]):
        shades[row, column] = values[n + column]
        bottom.text(column, row, character, family="monospace", fontsize=8, ha="center", va="center", parse_math=False)
    n += len(line) + 1
bottom.imshow(shades, cmap="coolwarm", vmin=-1, vmax=1, aspect="auto")
bottom.axis("off")
fig.savefig(OUT / "13_cells.svg")

# %% [markdown]
# ## What to try next
#
# - Ask for more labels: `PYTHON` has sixteen, `matching("loop", r"\bfor\b")` makes one of your own.
# - Train for ten times as long. Which cells appear that are not there yet? `docs/cells.md` has a larger net's.
# - Hold the cell while the model writes: `analysis.steering`, and tutorial 14.
# - `tinygrad-seq cells RUN` and `tinygrad-seq gates RUN` do this for a run of yours, and write a page to look through.
