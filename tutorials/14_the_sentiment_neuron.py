# %% [markdown]
# # 14 · The sentiment neuron
#
# ## The idea
#
# A model that does nothing but guess the next byte of reviews was found to have one unit that says whether a review is
# good or bad (Radford, Jozefowicz and Sutskever, 2017). Nobody told it. It pays: what people write next depends on
# whether they are content. Here is a small one, on generated reviews whose truth is known.
#
#     none of us found the soup even to be vile. stay. praise.
#
# Half of the sentences deny what they say, so no word by itself tells the mood: it takes "none" and "vile" together.
# The words of advice after the sentence depend on the mood, so a model that guesses the next byte gains by knowing it.

# %%
import os
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import tinygrad_seq as tg
from tinygrad_seq import models, optim
from tinygrad_seq.analysis.sentiment import cells, features, find_unit, fit_probe
from tinygrad_seq.analysis.steering import Pin, steered
from tinygrad_seq.data.valences import ADVICE
from tinygrad_seq.train import train

FAST = bool(os.environ.get("TINYGRAD_SEQ_FAST"))
OUT = Path("runs/tutorials")
OUT.mkdir(parents=True, exist_ok=True)
corpus = tg.data.valence(reviews=2_000 if FAST else 20_000, train=400, dev=200, test=600)
for text, positive in corpus.train[:3]:
    print("good" if positive else "bad ", text)


def labels_of(part):
    return np.array([review.positive for review in part])


# %% [markdown]
# The floor: which words a sentence has, and a linear classifier on them. No better than a coin.

# %%
words = sorted({word for review in corpus.train for word in review.text.rstrip(".").split()})


def bag(part):
    return np.array([[word in review.text.rstrip(".").split() for word in words] for review in part], float)


parts = (corpus.train, corpus.dev)
floor = fit_probe(*(array for part in parts for array in (bag(part), labels_of(part))))
by_words = floor.accuracy(bag(corpus.test), labels_of(corpus.test))
print(f"by its words: {by_words:.1%} right")
assert by_words < 0.6

# %% [markdown]
# ## A model of bytes
#
# A multiplicative LSTM of 64 units reads the reviews end to end, without labels.


# %%
def fresh():
    tg.manual_seed(0)
    return models.CharLM(tg.data.ByteVocab(), 64, cell="mlstm", weight_norm=True)


model = fresh()
reviews = tg.data.Corpus.from_text(b"".join(map(tg.data.prepared, corpus.reviews)), vocab="bytes")
steps = 40 if FAST else 1400
optimizer = optim.Adam(model, lr=1e-2)
schedule = optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=steps)
batches = reviews.batches(batch_size=16, seq_len=64, steps=steps)
losses = [step.loss for step in train(model, batches, optimizer, schedule=schedule, clip_norm=1.0)]
print(f"nats per byte: {losses[0]:.2f} at first, {np.mean(losses[-20:]):.3f} at last")

# %% [markdown]
# ## The long way: the state after a review, and a probe
#
# The features of a review are the cell state $c_T$ after its last byte. By the mLSTM's equations, with each row of
# the four matrices normalised to a length $g$ of its own:
#
# $$m_t = (W_{mx} x_t) \odot (W_{mh} h_{t-1}), \qquad i, f, g, o = W_{ih} x_t + W_{hh} m_t + b,$$
# $$c_t = \sigma(f) \odot c_{t-1} + \sigma(i) \odot \tanh(g), \qquad h_t = \sigma(o) \odot \tanh(c_t).$$


# %%
def normalised(name):
    W, g = (getattr(model.rnn, f"{kind}_{name}_l0").detach() for kind in ("weight", "gain"))
    return W * (g / (W**2).sum(axis=1) ** 0.5)[:, None]


W_mx, W_mh, W_ih, W_hh = (normalised(name) for name in ("mx", "mh", "ih", "hh"))
b = model.rnn.bias_ih_l0.detach()
review = corpus.test[0].text
h = c = tg.zeros(64)
course = []
for byte in tg.data.prepared(review):
    m = W_mx[:, byte] * (W_mh @ h)  # x_t is one-hot: the product with it is a column
    i, f, g, o = (W_ih[:, byte] + W_hh @ m + b).reshape(4, 64)
    c = tg.sigmoid(f) * c + tg.sigmoid(i) * tg.tanh(g)
    h = tg.sigmoid(o) * tg.tanh(c)
    course.append(c.numpy())
assert np.abs(np.array(course) - cells(model, tg.data.prepared(review))).max() < 1e-3
assert np.abs(course[-1] - features(model, [review])[0]).max() < 1e-3

# %% [markdown]
# The probe is logistic regression whose weights cost what they measure,
#
# $$\min_{w, b}\; |w|_1 + |b| + C \sum_n \ln(1 + e^{-s_n (w \cdot x_n + b)}), \qquad s_n = \pm 1,$$
#
# so that most of them stay at zero. By hand: a step down the gradient of the smooth part, then every weight a bit
# towards zero, and not past it. Each unit enters less its mean and divided by its standard deviation.

# %%
X, y = features(model, [review.text for review in corpus.train]).astype("float64"), labels_of(corpus.train)
x = tg.tensor(np.c_[(X - X.mean(axis=0)) / X.std(axis=0), np.ones(len(X))])  # a last column of ones, for b
s = tg.tensor(np.where(y, 1.0, -1.0))


def misfit(w, C):
    return C * tg.log(1 + tg.exp(-s * (x @ w))).sum()


def sparse(C):
    """Return w and b, (65,), with the lowest cost."""
    w = np.zeros(65)
    eta = 4 / (C * np.linalg.norm(x.numpy(), 2) ** 2)  # as far as the gradient can be trusted
    for _ in range(3000):
        leaf = tg.tensor(w, requires_grad=True)
        misfit(leaf, C).backward()
        w = w - eta * leaf.grad.numpy()
        w = np.sign(w) * np.maximum(np.abs(w) - eta, 0)
    return w


for C in (0.004, 0.016, 0.064):
    w = sparse(C)
    print(f"C = {C}: {np.count_nonzero(w[:-1])} of 64 weights are not zero")

# %% [markdown]
# ## The short way: `find_unit`
#
# Features, the probe with its $C$ chosen on a dev part, the unit with the largest weight and one threshold for it, and
# how often each is right on sentences that neither has seen; beside it the same for the net before training.

# %%
found, control = (find_unit(net, corpus.train, corpus.dev, corpus.test) for net in (model, fresh()))
probe, unit = found.probe, found.unit.index
print(f"unit {unit} alone: {found.unit_accuracy:.1%} right, untrained {control.unit_accuracy:.1%}")
print(f"probe on {probe.units_used} units: {found.probe_accuracy:.1%} right, untrained {control.probe_accuracy:.1%}")


def cost(w):
    return np.abs(w).sum() + misfit(tg.tensor(w), probe.C).item()


by_hand, by_library = sparse(probe.C), np.append(probe.w, probe.b)
assert cost(by_hand) < 1.01 * cost(by_library)
assert control.unit_accuracy < 0.65
assert FAST or found.unit_accuracy > 0.9
assert FAST or abs(by_hand[:-1]).argmax() == probe.unit

# %% [markdown]
# ## Reaching in
#
# Does the model *use* the unit? After a sentence it writes a word of advice. We hold the unit where it stands after the
# opposite kind of sentence (the median of that kind), from the space before the word on, and read what is written. Then
# the same with all units that the probe uses.


# %%
def held(units, mood):
    return [Pin(1, int(u), float(np.median(X[y == mood, u]))) for u in units]


def good_advice(sentences, pins):
    """Return how often the word after a sentence is good advice; the space is the first symbol written."""
    shares = []
    for seed, sentence in enumerate(sentences):
        prime = tg.data.prepared(sentence).decode().removesuffix(" ")
        text = steered(model, pins, start=1, prime=prime, length=9, seed=seed)
        shares.append(text.strip().partition(".")[0] in ADVICE[True])
    return float(np.mean(shares))


used = np.flatnonzero(probe.w) if probe.units_used else [unit]
ways = {"free": [], "the unit held": [unit], f"{len(used)} units held": used}
advice = {}
for mood in (False, True):
    sentences = [text for text, positive in corpus.test if positive is mood][: 5 if FAST else 40]
    for way, units in ways.items():
        advice[mood, way] = good_advice(sentences, held(units, not mood))
        print(f"after a {'good' if mood else 'bad'} sentence, {way}: {advice[mood, way]:.0%} good advice")
*_, most = ways
assert FAST or advice[True, "free"] - advice[False, "free"] > 0.6
assert FAST or advice[True, most] - advice[False, most] < 0.8 * (advice[True, "free"] - advice[False, "free"])

# %% [markdown]
# One unit is enough to *read* the mood. To *turn* it takes more: the net keeps it in several places, and what we hold
# in one of them the others contradict.
#
# ## The picture

# %%
fig, (left, right) = plt.subplots(1, 2, figsize=(10, 3.6), layout="constrained")
bins = np.linspace(found.values.min(), found.values.max(), 40)
for mood, colour in ((True, "#b3450a"), (False, "#2b6a99")):
    name = "good" if mood else "bad"
    left.hist(found.values[found.labels == mood], bins, color=colour, alpha=0.7, label=f"{name} sentences")
    shares, places = [advice[mood, way] for way in ways], np.arange(len(ways)) + (0.2 if mood else -0.2)
    right.bar(places, shares, 0.4, color=colour, label=f"after a {name} sentence")
left.axvline(found.unit.threshold, ls="--", color="#5b6773", label="threshold")
left.set(title=f"Unit {unit} after sentences not seen", xlabel="cell state", ylabel="sentences")
left.legend(fontsize=8)
right.set(title="Good advice, with units held at the other mood", ylabel="share", ylim=(0, 1.25))
right.set_xticks(range(len(ways)), list(ways))
right.legend(fontsize=8, ncols=2)
fig.savefig(OUT / "14_sentiment_unit.svg")

# %% [markdown]
# ## What to try next
#
# - How many labels does it take? `analysis.sentiment.few_labels` fits the probe on ever fewer of them.
# - Train for longer, or with another seed. Is it one unit again, and the same one?
# - `tinygrad-seq sentiment prepare` and `probe` do this with reviews of your own; see `docs/sentiment.md`.
