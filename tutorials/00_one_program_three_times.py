# %% [markdown]
# # 00 · One program, three times
#
# A recurrent net that learns to spell, written with NumPy alone, then with our Tensor, then with our `nn`. The three
# are one program: from the same weights they make the same losses, step after step, to twelve digits.
#
# ## The idea
#
# A net reads a text one character at a time, keeps a vector $h_t$ of what it has read, and says what comes next:
#
# $$h_t = \tanh(W_{ih}\,x_t + W_{hh}\,h_{t-1} + b), \qquad
#   p_t = \operatorname{softmax}(W_{hy}\,h_t + b_y), \qquad
#   L = -\frac1T \sum_t \ln p_t[x_{t+1}]$$
#
# $x_t$ is one-hot: it picks a column of $W_{ih}$. To learn is to walk downhill,
# $p \leftarrow p - \eta\,\partial L/\partial p$.

# %%
import os
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import tinygrad_seq as tg
from tinygrad_seq import nn, optim

FAST = bool(os.environ.get("TINYGRAD_SEQ_FAST"))
OUT = Path("runs/tutorials")
OUT.mkdir(parents=True, exist_ok=True)

text = "sea shells by the sea shore. "
symbols = sorted(set(text))
ids = np.array([symbols.index(c) for c in text])
x, y = ids[:-1], ids[1:]
T, V, H, lr = len(x), len(symbols), 24, 0.2
steps = 40 if FAST else 200

rng = np.random.default_rng(0)
start = {
    "W_ih": rng.uniform(-0.3, 0.3, (H, V)),
    "W_hh": rng.uniform(-0.3, 0.3, (H, H)),
    "b": np.zeros(H),
    "W_hy": rng.uniform(-0.3, 0.3, (V, H)),
    "b_y": np.zeros(V),
}

# %% [markdown]
# ## The long way: NumPy, and the gradient by hand
#
# Forward, keep every $h_t$. Backward, go through the same lines from the last to the first. The softmax with its
# logarithm has the gradient $p_t - \text{onehot}(x_{t+1})$, and $\tanh$ sends $dh_t$ on as $(1 - h_t^2)\,dh_t$.


# %%
def loss_and_gradient(W_ih, W_hh, b, W_hy, b_y):
    h, p = {-1: np.zeros(H)}, {}
    loss = 0.0
    for t in range(T):
        h[t] = np.tanh(W_ih[:, x[t]] + W_hh @ h[t - 1] + b)
        z = W_hy @ h[t] + b_y
        e = np.exp(z - z.max())
        p[t] = e / e.sum()
        loss -= np.log(p[t][y[t]]) / T

    dW_ih, dW_hh, db = np.zeros_like(W_ih), np.zeros_like(W_hh), np.zeros_like(b)
    dW_hy, db_y = np.zeros_like(W_hy), np.zeros_like(b_y)
    dh_next = np.zeros(H)  # what step t + 1 sends back to h_t
    for t in reversed(range(T)):
        dz = p[t].copy()
        dz[y[t]] -= 1
        dz /= T
        dW_hy += np.outer(dz, h[t])
        db_y += dz
        dh = W_hy.T @ dz + dh_next
        da = (1 - h[t] ** 2) * dh
        dW_ih[:, x[t]] += da
        dW_hh += np.outer(da, h[t - 1])
        db += da
        dh_next = W_hh.T @ da
    return loss, {"W_ih": dW_ih, "W_hh": dW_hh, "b": db, "W_hy": dW_hy, "b_y": db_y}


parameters = {name: value.copy() for name, value in start.items()}
numpy_losses = []
for _ in range(steps):
    loss, gradient = loss_and_gradient(**parameters)
    numpy_losses.append(loss)
    for name in parameters:
        parameters[name] -= lr * gradient[name]

# %% [markdown]
# ## The same with our Tensor
#
# The forward lines stay. The backward half is gone: the engine has seen every operation, and goes back through them.

# %%
W_ih, W_hh, b, W_hy, b_y = (tg.tensor(value, requires_grad=True) for value in start.values())

tensor_losses = []
for _ in range(steps):
    h = tg.zeros(H, dtype="float64")
    L = 0.0
    for t in range(T):
        h = tg.tanh(W_ih[:, x[t]] + W_hh @ h + b)
        L = L - tg.log_softmax(W_hy @ h + b_y)[y[t]] / T
    L.backward()
    tensor_losses.append(L.item())
    for p in (W_ih, W_hh, b, W_hy, b_y):
        p.assign_(p.data - lr * p.grad.data, by="gradient descent")
        p.grad = None

# %% [markdown]
# ## The short way: our nn
#
# `nn.RNN` has two biases, $b_{ih}$ and $b_{hh}$, as PyTorch has; the lecture's $b$ is their sum. Both would move, and
# the sum at twice the rate, so one of them is frozen at zero here.


# %%
class Speller(nn.Module):
    def __init__(self):
        self.rnn = nn.RNN(V, H, dtype="float64")
        self.head = nn.Linear(H, V, dtype="float64")

    def forward(self, ids):
        output, _ = self.rnn(ids[:, None])  # (time, batch)
        return self.head(output[:, 0])


model = Speller()
model.load_state_dict(
    {
        "rnn.weight_ih_l0": start["W_ih"],
        "rnn.weight_hh_l0": start["W_hh"],
        "rnn.bias_ih_l0": start["b"],
        "rnn.bias_hh_l0": np.zeros(H),
        "head.weight": start["W_hy"],
        "head.bias": start["b_y"],
    }
)
model.rnn.bias_hh_l0.requires_grad_(False)
optimizer = optim.SGD(model, lr=lr)

nn_losses = []
for _ in range(steps):
    loss = tg.functional.cross_entropy(model(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    nn_losses.append(loss.item())

# %% [markdown]
# ## They agree
#
# Not only at the first step: each program has trained for itself, and at every step their losses differ by less than
# 1e-12, which is rounding.

# %%
for losses in (tensor_losses, nn_losses):
    assert np.abs(np.array(losses) - numpy_losses).max() < 1e-12
assert np.log(V) * 0.9 < numpy_losses[0] < np.log(V) * 1.1  # it begins by guessing among V symbols
print(f"loss at the first step {numpy_losses[0]:.3f} (ln V = {np.log(V):.3f}), at the last {numpy_losses[-1]:.3f}")

# %% [markdown]
# Trained to the end it knows the line by heart, and says it when it is asked to go on from its first letter.

# %%
with tg.no_grad():
    c, state, said = ids[0], None, text[0]
    for _ in range(T):
        output, state = model.rnn(np.array([[c]]), state)
        c = int(model.head(output[0, 0]).argmax())
        said += symbols[c]
print(said)
if not FAST:
    assert numpy_losses[-1] < 0.1
    assert said == text

# %% [markdown]
# ## The picture
#
# Three curves that are one.

# %%
fig, ax = plt.subplots(figsize=(7, 3.6), layout="constrained")
ax.plot(numpy_losses, lw=6, color="#d5dbe1", label="NumPy, gradient by hand")
ax.plot(tensor_losses, lw=3, color="#5b9bd5", label="our Tensor")
ax.plot(nn_losses, lw=1, color="#b3450a", label="our nn")
ax.axhline(np.log(V), ls=":", color="#5b6773")
ax.set(xlabel="step", ylabel="loss in nats per character", title="One program, three times", ylim=0)
ax.legend()
fig.savefig(OUT / "00_three_losses.svg")

# %% [markdown]
# ## What to try next
#
# - Delete `- 1` in the hand-written gradient. At which step do the curves part?
# - Raise `lr` to 5. All three fail in the same way: it is the problem that is hard, not the program.
# - Count the lines of the backward half. Every new equation would ask for as many again, by hand, and right.
