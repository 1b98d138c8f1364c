# %% [markdown]
# # 12 · Train a character LSTM
#
# ## The idea
#
# A language model over characters: $P(x_{t+1} \mid x_1 \dots x_t) = \operatorname{softmax}(W h_t + b)$, with $h_t$ from
# an LSTM. The text is the source code of your own Python's standard library. Training is four lines in a loop: loss,
# gradient, clip, step; the state is carried from batch to batch and cut off from its past.

# %%
import os
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import tinygrad_seq as tg
from tinygrad_seq import models, optim
from tinygrad_seq.train import evaluate, train

FAST = bool(os.environ.get("TINYGRAD_SEQ_FAST"))
OUT = Path("runs/tutorials")
OUT.mkdir(parents=True, exist_ok=True)
corpus = tg.data.stdlib()
learn, held_out = corpus.split(0.05)
held_out = tg.data.Corpus.from_text(held_out.text[:60_000], vocab=corpus.vocab)
V = len(corpus.vocab)
print(f"{len(corpus):,} characters, {V} different ones, of {corpus.source}")


def fresh():
    tg.manual_seed(0)
    return models.CharLM(corpus.vocab, 96, cell="lstm")


# %% [markdown]
# ## The long way: the loop, written out
#
# Clipping too: a gradient longer than 5 is shortened to 5, its direction kept.

# %%
model = fresh()
optimizer = optim.Adam(model, lr=5e-3)
state, by_hand = None, []
for x, y in learn.batches(32, 48, steps=5):
    logits, state = model(x, state)
    loss = tg.functional.cross_entropy(logits, y)
    optimizer.zero_grad()
    loss.backward()
    norm = np.sqrt(sum(float((p.grad.numpy() ** 2).sum()) for p in model.parameters()))
    for p in model.parameters():
        p.grad = p.grad * min(1.0, 5.0 / (norm + 1e-6))
    optimizer.step()
    state = state.detach()
    by_hand.append(loss.item())

# %% [markdown]
# ## The short way: `train`
#
# A generator that does the same and yields what happened; who calls it logs, samples and stops.

# %%
model = fresh()
optimizer = optim.Adam(model, lr=5e-3)
steps = 30 if FAST else 350
losses, samples = [], {}
for step in train(model, learn.batches(32, 48, steps=steps), optimizer, clip_norm=5.0):
    losses.append(step.loss)
    if step.number in (1, steps // 4, steps):
        samples[step.number] = model.generate("def ", length=120, temperature=0.7)
assert np.abs(np.array(by_hand) - losses[:5]).max() < 1e-4  # single precision, and a norm added up in another order

# %% [markdown]
# ## Better than counting?
#
# The floors: how well one does on unseen text by counting characters, and pairs of characters.

# %%
unigram, bigram = (tg.data.Ngram.fit(learn.ids, V, order=order).nats(held_out.ids) for order in (1, 2))
nats = evaluate(model, held_out)
print(f"nats per character on text not seen: unigram {unigram:.2f}, bigram {bigram:.2f}, LSTM {nats:.2f}")
assert losses[0] > 0.9 * np.log(V)  # it begins by guessing
assert nats < (unigram + 0.3 if FAST else bigram)
for number, text in samples.items():
    print(f"--- after step {number}\n{text}")

# %% [markdown]
# ## Temperature
#
# Dividing the scores by a temperature below one sharpens the choice, above one flattens it. Measured by the entropy of
# the next character after `def `:

# %%
logits, _ = model(corpus.vocab.encode("def ")[None])
scores = logits.detach().numpy()[0, -1].astype(float)
entropies = {}
for temperature in (0.25, 0.5, 1.0, 2.0):
    p = np.exp((scores - scores.max()) / temperature)
    p /= p.sum()
    assert np.allclose(p, models.sampling.probabilities(scores, temperature))
    entropies[temperature] = float(-(p * np.log(p + 1e-300)).sum())
print({temperature: f"{entropy:.2f} nats" for temperature, entropy in entropies.items()})
assert list(entropies.values()) == sorted(entropies.values())
assert max(entropies.values()) < np.log(V)

# %% [markdown]
# ## The picture

# %%
fig, (left, right) = plt.subplots(1, 2, figsize=(10, 3.6), layout="constrained")
left.plot(losses, color="#b3450a", label="training")
left.axhline(unigram, ls=":", color="#5b6773", label="unigram")
left.axhline(bigram, ls="--", color="#5b6773", label="bigram")
left.plot(len(losses) - 1, nats, "o", color="#2b6a99", label="on text not seen")
left.set(title="Loss in nats per character", xlabel="step")
left.legend(fontsize=8)
right.bar([str(t) for t in entropies], list(entropies.values()), color="#5b9bd5")
right.set(title="Entropy of the next character", xlabel="temperature", ylabel="nats")
fig.savefig(OUT / "12_character_lstm.svg")
tg.viz.unroll(model, "def main", to=OUT / "12_unrolled.svg")

# %% [markdown]
# ## What to try next
#
# - `tinygrad-seq train stdlib --steps 4000 --hidden 128 --out runs/mine` does this for longer, with evaluation,
#   checkpoints and a schedule; `tinygrad-seq sample runs/mine --prime "def "` lets it write.
# - Delete `state = state.detach()` and read the error.
# - Reset the state before every batch instead of carrying it. What does it cost in nats?
