# %% [markdown]
# # 07 · Teacher forcing, free running, scheduled sampling
#
# ## The idea
#
# A decoder writes one symbol after the other, and reads at each step the symbol before. In training there are two ways:
#
# - **teacher forcing**: it reads the true symbol $y_{u-1}$. All steps are judged as if the past were right.
# - **free running**: it reads its own guess $\hat y_{u-1}$, as it must when it is used.
#
# A net that has only ever read the truth has never seen its own mistakes: the difference between both losses is its
# **exposure error**. Scheduled sampling tosses a coin at every step: with probability $p$ the truth, else the guess.

# %%
import os
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import tinygrad_seq as tg
from tinygrad_seq import models, optim

FAST = bool(os.environ.get("TINYGRAD_SEQ_FAST"))
OUT = Path("runs/tutorials")
OUT.mkdir(parents=True, exist_ok=True)

task = tg.data.addition(2, train=4000, test=300, reverse=True)
x, y = task.encode(task.train)
x_test, y_test = task.encode(task.test)
V, U = len(task.vocab), y.shape[1]
print(task.train[0], "the sources are written backwards")

# %% [markdown]
# ## The long way: the decoder, step by step
#
# The encoder's last state is the decoder's first. At each step the decoder reads a symbol, and its state says the next.


# %%
def decode(model, x, y, p, coins):
    """Return the scores of all steps; at step u the truth is read where coins[u] < p, else the guess."""
    _, state = model.encoder(x)
    reads = np.full((len(x), 1), model.start)
    scores = []
    for u in range(y.shape[1]):
        if u and coins[u] < p:
            reads = y[:, u - 1 : u]
        elif u:
            reads = scores[-1].detach().numpy().argmax(axis=-1)
        output, state = model.decoder(reads, state)
        scores.append(model.head(output))
    return tg.concat(scores, axis=1)


tg.manual_seed(0)
model = models.Seq2Seq(V, V, 16, cell="gru", dtype="float64")
coins = np.random.default_rng(0).random(U)
forced, free = (decode(model, x[:8], y[:8], p, coins).detach().numpy() for p in (1.0, 0.0))

# %% [markdown]
# ## The short way: `models.Seq2Seq`
#
# With $p = 1$ nothing has to be decided on the way: all of the answer is known before, and one call of the decoder runs
# over it. With $p = 0$ it is what `predict` does.

# %%
assert np.abs(model(x[:8], y[:8]).detach().numpy() - forced).max() < 1e-12
assert np.abs(model.free_running(x[:8], U).detach().numpy() - free).max() < 1e-12
assert np.array_equal(model.predict(x[:8], U), free.argmax(axis=-1))

# %% [markdown]
# ## Exposure error, measured
#
# The same net trained three ways for the same number of steps, on sums of two numbers of two digits. Test pairs are in
# no training pair, in either order. After training each is measured twice: reading the truth, and reading itself.


# %%
def loss_of(scores):
    return tg.functional.cross_entropy(scores, y_test).item()


def trained(p, steps=60 if FAST else 500):
    tg.manual_seed(0)
    model = models.Seq2Seq(V, V, 64, cell="gru", teacher_forcing=p)
    optimizer = optim.Adam(model, lr=5e-3)
    rng = np.random.default_rng(0)
    for _ in range(steps):
        rows = rng.integers(0, len(x), 64)
        batch = tg.data.PaddedBatch(x[rows], np.full(64, x.shape[1]), y[rows])
        loss, _ = model.loss(batch)
        optimizer.zero_grad()
        loss.backward()
        optim.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
    with tg.no_grad():
        told, alone = loss_of(model(x_test, y_test)), loss_of(model.free_running(x_test, U))
    exact = float((model.predict(x_test, U) == y_test).all(axis=1).mean())
    return told, alone, exact


results = {}
for p in (1.0, 0.5, 0.0):
    results[p] = trained(p)
    told, alone, exact = results[p]
    print(f"p = {p}: loss reading the truth {told:.3f}, reading itself {alone:.3f}, whole answers right {exact:.0%}")
assert results[1.0][1] > results[1.0][0]  # trained on the truth alone, it is worse on its own
exposure = {p: alone - told for p, (told, alone, _) in results.items()}
assert exposure[1.0] > exposure[0.0]  # who has practised alone loses less by being alone

# %% [markdown]
# A small exposure error is not the same as a good net: free running makes learning slower, since early guesses are
# noise to read from. Compare the losses of the bars, not only their difference.
#
# ## The picture

# %%
fig, ax = plt.subplots(figsize=(7, 3.4), layout="constrained")
places = np.arange(3)
ax.bar(places - 0.2, [told for told, _, _ in results.values()], 0.4, color="#5b9bd5", label="reading the truth")
ax.bar(places + 0.2, [alone for _, alone, _ in results.values()], 0.4, color="#ec7a2b", label="reading itself")
ax.set_xticks(places, ["teacher forcing\np = 1", "scheduled sampling\np = 0.5", "free running\np = 0"])
ax.set(title="The loss on unseen sums, by how the net was trained", ylabel="nats per character")
ax.legend()
fig.savefig(OUT / "07_exposure.svg")

# %% [markdown]
# ## What to try next
#
# - Let $p$ fall from 1 to 0 during training (`model.teacher_forcing` may be set at any time).
# - Which character of the answer is wrong most often when the net reads itself? Why not the first?
# - Write the sources forwards (`reverse=False`). What changes, and why?
