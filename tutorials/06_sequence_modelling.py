# %% [markdown]
# # 06 · Sequence modelling: next character; a price series
#
# ## The idea
#
# A sequence model gives every continuation a probability, and by the chain rule the whole sequence one:
# $P(x_1 \dots x_T) = \prod_t P(x_t \mid x_1 \dots x_{t-1})$. For numbers we predict $\hat x_{t+1}$ and measure
# $\sqrt{\overline{(\hat x_{t+1} - x_{t+1})^2}}$. A figure says nothing without a floor beside it:
#
# - text: how well does counting pairs of characters do (a bigram model)?
# - numbers: how well does **persistence** do, "tomorrow is as today"?
#
# Three series: text, where a net wins clearly; sunspots, where it wins; Bitcoin, where it should not be expected to.

# %%
import os
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import tinygrad_seq as tg
from tinygrad_seq import models, nn, optim
from tinygrad_seq.train import evaluate, train

FAST = bool(os.environ.get("TINYGRAD_SEQ_FAST"))
OUT = Path("runs/tutorials")
OUT.mkdir(parents=True, exist_ok=True)
DATA = Path("data") if Path("data/sunspots.csv").exists() else Path("tutorials/data")
if not DATA.exists():
    raise SystemExit("No folder tutorials/data here. Run this in the repository; for Colab see tutorials/README.md.")
tg.manual_seed(0)

# %% [markdown]
# ## Text
#
# Programs made by a small grammar. The floors are counted on the training part and measured on the held-out part.

# %%
corpus = tg.data.fallback()
learn, held_out = corpus.split(0.1)
held_out = tg.data.Corpus.from_text(held_out.text[:20_000], vocab=corpus.vocab)
V = len(corpus.vocab)
unigram, bigram = (tg.data.Ngram.fit(learn.ids, V, order=order).nats(held_out.ids) for order in (1, 2))
model = models.CharLM(corpus.vocab, 64, cell="lstm")
steps = 40 if FAST else 300
batches = learn.batches(16, 32, steps=steps)
losses = [step.loss for step in train(model, batches, optim.Adam(model, lr=5e-3), clip_norm=5.0)]
nats = evaluate(model, held_out)
print(f"nats per character: unigram {unigram:.2f}, bigram {bigram:.2f}, LSTM {nats:.2f}")
assert unigram > bigram
assert nats < unigram if FAST else nats < 0.9 * bigram


# %% [markdown]
# ## The long way: one window, one step of the recurrence at a time
#
# For the series the net is an RNN whose last state says the next number. Written out and by `nn.RNN` it is the same.


# %%
class Forecaster(nn.Module):
    """y = x_T + W_ho h_T + b: the net says how far the next value is from the last one."""

    def __init__(self, hidden_size):
        self.rnn = nn.RNN(1, hidden_size, batch_first=True, dtype="float64")
        self.head = nn.Linear(hidden_size, 1, dtype="float64")

    def forward(self, x):
        return tg.tensor(x[:, -1]) + self.head(self.rnn(tg.tensor(x)).last)


net = Forecaster(8)
x = np.random.default_rng(0).standard_normal((5, 9, 1))
h = tg.zeros((5, 8), dtype="float64")
for t in range(9):
    a = tg.tensor(x[:, t]) @ net.rnn.weight_ih_l0.T + net.rnn.bias_ih_l0
    h = tg.tanh(a + h @ net.rnn.weight_hh_l0.T + net.rnn.bias_hh_l0)
long = tg.tensor(x[:, -1]) + h @ net.head.weight.T + net.head.bias

# %% [markdown]
# ## The short way

# %%
assert np.abs((net(x) - long).detach().numpy()).max() < 1e-12


def rmse(a, b):
    return float(np.sqrt(np.mean((a - b) ** 2)))


def fitted(values, test, window, hidden_size=8, decay=1e-2):
    """Train on all but the last `test` values of a series of scale one; return predictions and truth of those."""
    x, y = tg.data.windows(values, window)
    net = Forecaster(hidden_size)
    optimizer = optim.AdamW(net, lr=5e-3, weight_decay=decay)
    for _ in range(60 if FAST else 500):
        loss = tg.functional.mse_loss(net(x[:-test]), tg.tensor(y[:-test]))
        optimizer.zero_grad()
        loss.backward()
        optim.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
    return net(x[-test:]).detach().numpy()[:, 0], y[-test:, 0]


# %% [markdown]
# ## Sunspots: a rhythm of about eleven years
#
# One number a year, 1700 to 2008. The last 60 years are for the test.

# %%
sunspots = tg.data.series(DATA / "sunspots.csv", "SUNACTIVITY")
test = 60
scale = sunspots[:-test].std()
predicted, truth = (scale * series for series in fitted(sunspots / scale, test, 18))
persistence = rmse(sunspots[-test - 1 : -1], truth)
error = rmse(predicted, truth)
print(f"sunspots, error in the last {test} years: persistence {persistence:.1f}, RNN {error:.1f}")
assert error < persistence * (0.95 if FAST else 0.75)

# %% [markdown]
# ## Bitcoin: a random walk, nearly
#
# A price every three days, 2013 to 2019. What can be predicted is the logarithm's change, and the best guess anybody
# has is zero: persistence. A net that "predicts the price" with a small error has learnt to repeat the last one. On the
# last fifth the RNN's error is the floor's, within 3 % of it.

# %%
prices = tg.data.series(DATA / "bitcoin.csv", "price")
logs = np.log(prices)
test_days = len(prices) // 5
spread = np.diff(logs[:-test_days]).std()
said, came = (spread * series for series in fitted(logs / spread, test_days, 12, decay=0.1))
floor = rmse(logs[-test_days - 1 : -1], came)
error_bitcoin = rmse(said, came)
print(f"Bitcoin, error of the three-day log change: persistence {floor:.4f}, RNN {error_bitcoin:.4f}")
assert abs(floor - 0.0608) < 0.001
assert error_bitcoin > 0.97 * floor
assert FAST or error_bitcoin < 1.03 * floor  # within 3 %
repeats = np.corrcoef(said, logs[-test_days - 1 : -1])[0, 1]
print(f"its predictions beside the prices of three days before: correlation {repeats:.3f}")
assert repeats > 0.95

# %% [markdown]
# ## The picture

# %%
fig, axes = plt.subplots(1, 3, figsize=(13, 3.6), layout="constrained")
axes[0].plot(losses, color="#b3450a", label="LSTM, training")
axes[0].axhline(bigram, ls="--", color="#5b6773", label="bigram")
axes[0].axhline(unigram, ls=":", color="#5b6773", label="unigram")
axes[0].set(title="Text: nats per character", xlabel="step", ylim=0)
axes[1].plot(np.arange(2009 - test, 2009), truth, lw=4, color="#d5dbe1", label="sunspots")
axes[1].plot(np.arange(2009 - test, 2009), predicted, color="#b3450a", label="RNN, one year ahead")
axes[1].set(title=f"Sunspots: error {error:.1f}, persistence {persistence:.1f}")
axes[2].plot(np.exp(came), lw=4, color="#d5dbe1", label="Bitcoin, last fifth")
axes[2].plot(np.exp(said), lw=1, color="#b3450a", label="RNN, three days ahead")
axes[2].set(title=f"Bitcoin: error {error_bitcoin:.3f}, persistence {floor:.3f}", ylabel="US dollars")
for ax in axes:
    ax.legend(fontsize=8)
fig.savefig(OUT / "06_three_series.svg")

# %% [markdown]
# ## What to try next
#
# - Plot `said` against `logs` shifted by one step. How good does a forecast look that only repeats?
# - Let the forecaster run on its own predictions for twenty years. When does the rhythm break?
# - Replace the RNN by least squares on the last nine years, and see how much the net adds for sunspots.
