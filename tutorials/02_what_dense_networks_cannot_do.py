# %% [markdown]
# # 02 · What dense networks cannot do
#
# ## The idea
#
# A dense network takes one vector of one size. A sequence has an order and a length, and there are two ways to make a
# vector of it, each of which loses one of the two:
#
# - add the steps up, $\sum_t x_t$: any length, but **no order**;
# - put them side by side, $(x_1, \dots, x_T)$: order, but **one length only**, and what is learnt about step 3 says
#   nothing about step 4, since they have weights of their own.
#
# Our sequences are short films: a dot on a ring of nine pixels that moves one pixel per frame. Left or right?

# %%
import os
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import tinygrad_seq as tg
from tinygrad_seq import nn, optim
from tinygrad_seq.errors import ShapeError

FAST = bool(os.environ.get("TINYGRAD_SEQ_FAST"))
OUT = Path("runs/tutorials")
OUT.mkdir(parents=True, exist_ok=True)
tg.manual_seed(0)
PIXELS = 9


def films(frames):
    """Return every film of this length, (films, frames, PIXELS), and 1 where the dot goes to the right."""
    right = np.array([0, 1] * PIXELS)
    begin = np.repeat(np.arange(PIXELS), 2)
    places = begin[:, None] + np.arange(frames) * np.where(right, 1, -1)[:, None]
    return np.eye(PIXELS)[places % PIXELS], right


x, right = films(6)
assert x.shape == (18, 6, 9)

# %% [markdown]
# ## No order: right half of the time, and not by bad luck
#
# Play a film backwards: the same frames, so the same sum, and the opposite answer. A network that sees the sum must
# give both films one answer and is wrong about one of them. Whatever its weights, it is right about exactly half.

# %%
sums = {tuple(film.sum(axis=0)) for film in x}
backwards = [next(i for i in range(18) if np.array_equal(x[i], film[::-1])) for film in x]
assert all(right[i] != right[j] for i, j in enumerate(backwards))
assert len(sums) == 9  # eighteen films, nine sums: each sum stands for one film to the left and one to the right

order_blind = nn.Sequential(nn.Linear(9, 32, dtype="float64"), tg.tanh, nn.Linear(32, 2, dtype="float64"))


def trained(net, inputs, steps):
    optimizer = optim.Adam(net, lr=0.01)
    for _ in range(steps):
        loss = tg.functional.cross_entropy(net(inputs), right)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return loss.item()


def accuracy(net, inputs, answers):
    return float((net(inputs).argmax(axis=-1).numpy() == answers).mean())


loss = trained(order_blind, tg.tensor(x.sum(axis=1)), 20 if FAST else 300)
accuracy_order_blind = accuracy(order_blind, tg.tensor(x.sum(axis=1)), right)
print(f"order-blind: loss {loss:.4f} (ln 2 = {np.log(2):.4f}), right about {accuracy_order_blind:.0%}")
assert accuracy_order_blind == 0.5
assert loss > 0.999 * np.log(2)

# %% [markdown]
# ## One length: side by side
#
# Put side by side the films of six frames can be learnt. A film of seven frames is not wrong, it does not fit at all.

# %%
side_by_side = nn.Sequential(nn.Linear(6 * 9, 32, dtype="float64"), tg.tanh, nn.Linear(32, 2, dtype="float64"))
trained(side_by_side, tg.tensor(x.reshape(18, -1)), 100)
accuracy_side_by_side = accuracy(side_by_side, tg.tensor(x.reshape(18, -1)), right)
assert accuracy_side_by_side == 1.0
longer, right_in_longer = films(7)
try:
    side_by_side(tg.tensor(longer.reshape(18, -1)))
except ShapeError as error:
    print(error)
else:
    raise AssertionError("seven frames fit into weights for six")

# %% [markdown]
# ## The long way: a recurrent net, its weights written down
#
# A recurrent net has both. $h_t = \tanh(W_{ih} x_t + W_{hh} h_{t-1} + b)$ is asked at every step, with the same
# weights: order, and any length. To see that it can tell left from right we need no training. Let the state remember
# two frames, $h_t = (x_t, x_{t-1})$, up to a factor. Whether the dot moved right is then a question about $h_t$: is
# $x_t$ the right-hand neighbour of $x_{t-1}$?

# %%
Z, eye = np.zeros((9, 9)), np.eye(9)
small = 0.01  # tanh(a) is almost a for small a: the state holds copies
W_ih = tg.tensor(np.concatenate([small * eye, Z]))  # (18, 9): the first half of h sees x_t
W_hh = tg.tensor(np.block([[Z, Z], [eye, Z]]))  # the second half takes over the first
h = tg.zeros((18, 18), dtype="float64")
for t in range(6):
    h = tg.tanh(tg.tensor(x[:, t]) @ W_ih.T + h @ W_hh.T)
neighbour = np.roll(eye, 1, axis=1)  # row j has its 1 at the pixel to the right of j
moved_right = (h[:, :9].numpy() * (h[:, 9:].numpy() @ neighbour)).sum(axis=1) > small**2 / 2
assert np.array_equal(moved_right, right == 1)

# %% [markdown]
# ## The short way: nn.RNN, with those weights and with learnt ones

# %%
rnn = nn.RNN(9, 18, bias=False, batch_first=True, dtype="float64")
rnn.load_state_dict({"weight_ih_l0": W_ih, "weight_hh_l0": W_hh})
assert np.abs(rnn(tg.tensor(x)).last.detach().numpy() - h.numpy()).max() < 1e-12


class Watcher(nn.Module):
    def __init__(self):
        self.rnn = nn.RNN(9, 24, batch_first=True, dtype="float64")
        self.head = nn.Linear(24, 2, dtype="float64")

    def forward(self, films):
        return self.head(self.rnn(films).last)


watcher = Watcher()
trained(watcher, tg.tensor(x), 60 if FAST else 300)
by_length = {}
for frames in range(2, 13):
    films_of, answers = films(frames)
    by_length[frames] = accuracy(watcher, tg.tensor(films_of), answers)
print({frames: f"{share:.0%}" for frames, share in by_length.items()})
assert by_length[6] == 1.0
assert min(by_length[frames] for frames in (5, 6, 7)) > 0.75  # lengths next to the one that it has seen
assert FAST or min(by_length[frames] for frames in range(6, 13)) > 0.9
assert FAST or max(by_length[2], by_length[3]) < 0.7  # chance is one half

# %% [markdown]
# It was trained on films of six frames alone, and can be asked about any length. Whether the answer is right is another
# matter. What it has learnt carries over to films of twice as many frames. About two and three frames it knows nothing:
# half of its answers are right, as by chance, for it has never had to answer so soon.
#
# ## The picture

# %%
fig, axes = plt.subplots(1, 3, figsize=(10, 3.2), layout="constrained", width_ratios=[1, 1, 1.6])
for ax, i in zip(axes, (0, backwards[0]), strict=False):
    ax.imshow(x[i], cmap="Greys")
    ax.set(title=f"moves {'right' if right[i] else 'left'}", xlabel="pixel", ylabel="frame")
axes[2].plot(list(by_length), list(by_length.values()), "o-", color="#b3450a", label="RNN")
axes[2].plot(6, accuracy_side_by_side, "s", color="#2b6a99", label="dense, side by side: 6 frames only")
axes[2].axhline(0.5, ls="--", color="#5b6773", label="dense, of the sum: always 0.5")
axes[2].set(title="Trained on six frames", xlabel="frames", ylabel="right about", ylim=(0.4, 1.05))
axes[2].legend(fontsize=8)
fig.suptitle("Two films with the same frames; only the order tells them apart")
fig.savefig(OUT / "02_left_or_right.svg")

# %% [markdown]
# ## What to try next
#
# - Train `side_by_side` with one film left out. Why does it not know it, and does the RNN?
# - Train the RNN on lengths 2 to 8 together. How far does it then reach?
# - "dog bites man": write down all sentences of three words that the sum of one-hot words cannot tell apart.
