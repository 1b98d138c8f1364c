# %% [markdown]
# # 05 · One-to-one, one-to-many, many-to-one, many-to-many (two ways): five real tasks
#
# ## The idea
#
# What a net maps to what is a choice of where inputs go in and where losses are taken:
#
# | shape | task here | loss |
# |---|---|---|
# | one-to-one | a picture of a digit: which? | of one answer |
# | one-to-many | a picture of two shapes: its caption | of every character |
# | many-to-one | a sentence: is it meant well? | of one answer, at the end |
# | many-to-many, apart | a date as people write it: in ISO form | of every character, after the reading |
# | many-to-many, aligned | a text: the next character | of every character, while reading |
#
# Each has a floor: what is reached without learning what the task is about. Each is trained for some seconds. That is
# enough for three of them; the captions and the dates get far above their floors, but many of them still have a mistake
# in them. `tinygrad-seq recipe captions` and `recipe dates` train larger nets for minutes: docs/recipes.md.

# %%
import os
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits

import tinygrad_seq as tg
from tinygrad_seq import models, nn, optim
from tinygrad_seq.data import PaddedBatch
from tinygrad_seq.train import evaluate, train

FAST = bool(os.environ.get("TINYGRAD_SEQ_FAST"))
OUT = Path("runs/tutorials")
OUT.mkdir(parents=True, exist_ok=True)
rng = np.random.default_rng(0)
figures = {}  # shape: (floor, reached)


def fit(model, draw, steps, lr=5e-3):
    """Take steps on batches that `draw` makes, ever shorter ones."""
    optimizer = optim.Adam(model, lr=lr)
    schedule = optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=steps)
    batches = (draw() for _ in range(steps))
    return [step.loss for step in train(model, batches, optimizer, schedule=schedule, clip_norm=1.0)]


# %% [markdown]
# ## The long way: many-to-one, written out
#
# The net reads all of a sentence; its last state says the class. Sentences of unequal length are padded, and each row's
# state stands still when its sentence is over.
#
# The sentences come from a grammar of our own: two opposite judgements joined by "but", of which the second counts.
# Each has a twin with its halves exchanged, of the same words and the opposite mood: whatever a model of the bag of
# words says of the two, it is right about one of them.

# %%
sentences = tg.data.contrasts(train=700, test=150)
WORDS = ["<pad>", *sorted({word for text, _ in sentences.train for word in text.split()})]
for text, well in sentences.test[:2]:
    print("well:" if well else "ill: ", text)


def numbered(examples):
    """Return sentences as numbers of words, their lengths, and whether they are meant well."""
    ids, lengths = tg.data.pad([[WORDS.index(word) for word in text.split()] for text, _ in examples])
    return PaddedBatch(ids, lengths, np.array([int(well) for _, well in examples]))


learn, test = numbered(sentences.train), numbered(sentences.test)
by_bag = {}
for text, well in sentences.train + sentences.test:
    by_bag.setdefault(tuple(sorted(text.split())), []).append(well)
floor = np.mean([max(np.mean(moods), 1 - np.mean(moods)) for moods in by_bag.values()])  # it knows every bag by heart


def drawn(batch):
    rows = rng.integers(0, len(batch.ids), 32)
    return PaddedBatch(*(part[rows] for part in batch))


tg.manual_seed(0)
reader = models.SequenceClassifier(len(WORDS), 2, 24, cell="rnn", dtype="float64")
batch = drawn(learn)
h = tg.zeros((32, 24), dtype="float64")
for t in range(batch.ids.shape[1]):
    x_t = tg.functional.one_hot(batch.ids[:, t], len(WORDS), "float64")
    a = x_t @ reader.rnn.weight_ih_l0.T + reader.rnn.bias_ih_l0 + h @ reader.rnn.weight_hh_l0.T + reader.rnn.bias_hh_l0
    h = tg.where(tg.tensor((t < batch.lengths)[:, None]), tg.tanh(a), h)
scores = h @ reader.head.weight.T + reader.head.bias

# %% [markdown]
# ## The short way: `models.SequenceClassifier`
#
# `lengths=` says where each row ends; the rest is the same.

# %%
assert np.abs((reader(batch.ids, batch.lengths) - scores).detach().numpy()).max() < 1e-12
tg.manual_seed(0)
reader = models.SequenceClassifier(len(WORDS), 2, 24, cell="gru")
fit(reader, lambda: drawn(learn), 60 if FAST else 300)
reached = np.mean(reader.predict(test.ids, test.lengths) == test.targets)
figures["many-to-one\nsentiment"] = (floor, reached)
print(f"sentiment: any bag of words {floor:.0%}, GRU {reached:.0%}")
assert floor == 0.5
assert FAST or reached > 0.97


# %% [markdown]
# ## One-to-one: a dense network
#
# No time at all. Scikit-learn's digits, 8 x 8 pixels; the floor is to say the most frequent digit.


# %%
class Dense(nn.Module):
    def __init__(self):
        self.layers = nn.Sequential(nn.Linear(64, 48), tg.relu, nn.Linear(48, 10))

    def loss(self, batch, state=None):
        return tg.functional.cross_entropy(self.layers(tg.tensor(batch.ids)), batch.targets), None


digits = load_digits()
pixels, digit = (digits.data / 16).astype(np.float32), digits.target
inside, outside = tg.data.split(len(digit), 0.25)
tg.manual_seed(0)
dense = Dense()


def digit_batch():
    rows = rng.choice(inside, 64)
    return PaddedBatch(pixels[rows], np.ones(64, int), digit[rows])


fit(dense, digit_batch, 60 if FAST else 600)
floor = np.bincount(digit[outside]).max() / len(outside)
said = dense.layers(tg.tensor(pixels[outside])).detach().numpy().argmax(axis=-1)
reached = np.mean(said == digit[outside])
figures["one-to-one\ndigits"] = (floor, reached)
print(f"digits: most frequent {floor:.0%}, dense {reached:.1%}")
assert reached > (0.5 if FAST else 0.95)

# %% [markdown]
# ## One-to-many: a caption
#
# A dense layer makes the decoder's first state out of the picture, and the decoder writes. The shape named first is
# drawn in ink and the other in grey: with one colour two captions would be true of each picture ("a circle left of a
# square", "a square right of a circle"), and no net could get more than half of them. The floor: the character that is
# most frequent at each place, written without looking.

# %%
task = tg.data.scenes(train=600 if FAST else 10_000, test=200)
captions, wanted = task.encode(task.train_captions), task.encode(task.test_captions)
images, unseen = (i.reshape(len(i), -1) for i in (task.train_images, task.test_images))
tg.manual_seed(0)
captioner = models.Captioner(400, len(task.vocab), 128, cell="gru")


def caption_batch():
    rows = rng.integers(0, len(images), 64)
    return PaddedBatch(images[rows], np.full(64, captions.shape[1]), captions[rows])


fit(captioner, caption_batch, 20 if FAST else 700, lr=4e-3)
blind = [np.bincount(column).argmax() for column in captions.T]
written = captioner.predict(unseen, wanted.shape[1])
figures["one-to-many\ncaptions"] = floor, reached = np.mean(wanted == blind), np.mean(written == wanted)
is_right = (written == wanted).all(axis=1)
print(
    f"captions, characters right: without looking {floor:.0%}, GRU {reached:.0%}; whole captions {is_right.mean():.0%}"
)
for n in range(3):
    print(f"    {task.test_captions[n].strip()!r} is written as {task.vocab.decode(written[n]).strip()!r}")
assert FAST or is_right.mean() > 0.2

# %% [markdown]
# ## Many-to-many, apart: dates
#
# An encoder reads the date both ways, a decoder starts from its last states. The floor is again the most frequent
# character at each place.

# %%
dates = tg.data.dates(train=600 if FAST else 6000, test=200)
x, y = dates.encode(dates.train)
x_test, y_test = dates.encode(dates.test)
tg.manual_seed(0)
translator = models.Seq2Seq(len(dates.vocab), len(dates.vocab), 64, cell="gru", bidirectional=True)


def date_batch():
    rows = rng.integers(0, len(x), 64)
    return PaddedBatch(x[rows], np.full(64, x.shape[1]), y[rows])


fit(translator, date_batch, 20 if FAST else 1000, lr=1e-2)
blind = [np.bincount(column).argmax() for column in y.T]
said = translator.predict(x_test, y.shape[1])
figures["many-to-many\ndates"] = floor, reached = np.mean(y_test == blind), np.mean(said == y_test)
is_right = (said == y_test).all(axis=1)
print(f"dates, characters right: without looking {floor:.0%}, GRU {reached:.0%}; whole dates {is_right.mean():.0%}")
for n in range(3):
    print(
        f"    {dates.test[n].source.strip()!r} becomes {dates.vocab.decode(said[n])!r}, and is {dates.test[n].target!r}"
    )
assert FAST or is_right.mean() > 0.2

# %% [markdown]
# ## Many-to-many, aligned: the next character
#
# A loss at every step, while reading. Here the figure is how probable the right character is held to be, the geometric
# mean, $e^{-L}$; the floor is a bigram's.

# %%
corpus = tg.data.fallback()
inner, outer = corpus.split(0.1)
outer = tg.data.Corpus.from_text(outer.text[:10_000], vocab=corpus.vocab)
tg.manual_seed(0)
writer = models.CharLM(corpus.vocab, 64, cell="gru")
optimizer = optim.Adam(writer, lr=5e-3)
for _ in train(writer, inner.batches(16, 32, steps=30 if FAST else 200), optimizer, clip_norm=5.0):
    pass
bigram = tg.data.Ngram.fit(inner.ids, len(corpus.vocab), order=2).nats(outer.ids)
nats = evaluate(writer, outer)
figures["many-to-many\nnext one's probability"] = (np.exp(-bigram), np.exp(-nats))
print(f"next character: bigram {bigram:.2f} nats, GRU {nats:.2f}")

# %% [markdown]
# All five beat their floors.

# %%
if not FAST:
    assert all(reached > floor for floor, reached in figures.values()), figures

# %% [markdown]
# ## The picture

# %%
fig, ax = plt.subplots(figsize=(9, 3.6), layout="constrained")
places = np.arange(len(figures))
ax.bar(places - 0.2, [floor for floor, _ in figures.values()], 0.4, color="#d5dbe1", label="floor")
ax.bar(places + 0.2, [reached for _, reached in figures.values()], 0.4, color="#ec7a2b", label="reached")
ax.set_xticks(places, list(figures), fontsize=9)
ax.set(title="Five shapes, each beside its floor", ylim=(0, 1.05), ylabel="answers or characters right")
ax.legend()
fig.savefig(OUT / "05_five_shapes.svg")

# %% [markdown]
# ## What to try next
#
# - Turn the sentiment net around (`bidirectional=True`). Does it help, and should it?
# - Read the digits pixel by pixel, 64 steps of one number, with `SequenceClassifier`. What does order cost?
# - Train the captioner and the translator for longer. How many captions and dates are right to the last character? What
#   it takes to get nearly all of them right: `tinygrad-seq recipe list`, and docs/recipes.md.
