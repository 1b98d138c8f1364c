# %% [markdown]
# # 04 · Backpropagation through time, by hand and by engine; truncated; the famous error
#
# ## The idea
#
# Unrolled, a recurrent net is a deep network that uses the same $W_{hh}$ in every layer. Nothing new is needed: the
# chain rule from the last step to the first, and a sum over the places where a weight was used. With
# $a_t = W_{ih} x_t + W_{hh} h_{t-1} + b$, $h_t = \tanh(a_t)$ and $L = \sum_t L_t(h_t)$:
#
# $$\frac{\partial L}{\partial h_t} = \frac{\partial L_t}{\partial h_t} + W_{hh}^\top \delta_{t+1}, \qquad
#   \delta_t = (1 - h_t^2) \odot \frac{\partial L}{\partial h_t}, \qquad
#   \frac{\partial L}{\partial W_{hh}} = \sum_t \delta_t\,h_{t-1}^\top$$

# %%
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import tinygrad_seq as tg
from tinygrad_seq import analysis, models, nn
from tinygrad_seq.errors import GraphFreedError

OUT = Path("runs/tutorials")
OUT.mkdir(parents=True, exist_ok=True)
tg.manual_seed(0)
rng = np.random.default_rng(0)
T, I, H = 12, 3, 8
x = rng.standard_normal((T, I))
target = rng.uniform(-1, 1, (T, H))  # L_t = |h_t - target_t|^2 / 2, so dL_t/dh_t = h_t - target_t
W_ih, W_hh, b = rng.uniform(-0.6, 0.6, (H, I)), rng.uniform(-0.6, 0.6, (H, H)), rng.uniform(-0.6, 0.6, H)

# %% [markdown]
# ## The long way: by hand

# %%
h = [np.zeros(H)]  # h[t + 1] is h_t
for t in range(T):
    h.append(np.tanh(W_ih @ x[t] + W_hh @ h[t] + b))

parts, delta = [], np.zeros(H)
for t in reversed(range(T)):
    dh_t = (h[t + 1] - target[t]) + W_hh.T @ delta
    delta = (1 - h[t + 1] ** 2) * dh_t
    parts.append(np.outer(delta, h[t]))
parts.reverse()  # parts[t] is what step t adds to dL/dW_hh
dW_hh = sum(parts)

# %% [markdown]
# ## The short way: the engine, and nn
#
# Our Tensor runs the same forward lines and finds the gradient; so does `nn.RNN`.

# %%
W_ih_t, W_hh_t, b_t = (tg.tensor(value, requires_grad=True) for value in (W_ih, W_hh, b))
h_t, L = tg.zeros(H, dtype="float64"), 0.0
for t in range(T):
    h_t = tg.tanh(W_ih_t @ tg.tensor(x[t]) + W_hh_t @ h_t + b_t)
    L = L + ((h_t - tg.tensor(target[t])) ** 2).sum() / 2
L.backward()
assert np.abs(W_hh_t.grad.numpy() - dW_hh).max() < 1e-12

rnn = nn.RNN(I, H, dtype="float64")
rnn.load_state_dict({"weight_ih_l0": W_ih, "weight_hh_l0": W_hh, "bias_ih_l0": b, "bias_hh_l0": np.zeros(H)})
output, _ = rnn(tg.tensor(x[:, None]))
(((output[:, 0] - tg.tensor(target)) ** 2).sum() / 2).backward()
assert np.abs(rnn.weight_hh_l0.grad.numpy() - dW_hh).max() < 1e-12

# %% [markdown]
# The engine's record has what we called `parts`: what each step sent to the weight.

# %%
rnn.zero_grad()
with tg.record(gradients="parts", expand=True) as tape:
    output, _ = rnn(tg.tensor(x[:, None]))
    (((output[:, 0] - tg.tensor(target)) ** 2).sum() / 2).backward()
(number,) = (entry.id for entry in tape.nodes if entry.name == "weight_hh_l0")
grown = [so_far for _, so_far in tape.growth(number)]
assert np.abs(grown[-1] - dW_hh).max() < 1e-12
assert np.abs(grown[T - 1] - sum(parts)).max() < 1e-12

# %% [markdown]
# ## The famous error
#
# A long text is read in chunks, and the state is carried from one to the next. The second chunk's loss depends, through
# the carried state, on the first chunk's graph, which the first `backward()` has already taken apart. Everybody meets
# this error once; here it is on purpose.

# %%
state, said = None, ""
for chunk in (x[:6], x[6:]):
    output, state = rnn(tg.tensor(chunk[:, None]), state)
    loss = (output**2).sum()
    try:
        loss.backward()
    except GraphFreedError as error:
        said = str(error)
print(said)
assert "state = state.detach()" in said

# %% [markdown]
# The cure is to say where the past ends: `state = state.detach()` keeps the numbers and forgets where they came from.
# That is truncated backpropagation through time: the state still flows on for ever, the gradient goes back one chunk.

# %%
rnn.zero_grad()
state = None
for chunk in (x[:6], x[6:]):
    output, state = rnn(tg.tensor(chunk[:, None]), state)
    (output**2).sum().backward()
    state = state.detach()

# %% [markdown]
# ## What truncation costs
#
# A language model reads one sentence. For windows of $k$ steps: the cosine between the truncated and the full
# gradient. `analysis.truncated_gradient` is the short way; by hand it is the loop above.

# %%
text = "the quick brown fox jumps over the lazy dog"
model = models.CharLM(tg.data.CharVocab("".join(sorted(set(text)))), 32, cell="rnn", dtype="float64")
cosines = analysis.agreement(model, text, [(k, k) for k in (1, 2, 4, 8, 16, 32, 42)])
cosines = {k: cosine for (k, _), cosine in cosines.items()}
print({k: f"{cosine:.4f}" for k, cosine in cosines.items()})

ids = model.vocab.encode(text)
by_hand = [np.zeros(p.shape) for p in model.parameters()]
state = None
for begin in range(0, 42, 8):
    symbols, answers = ids[begin : begin + 8], ids[begin + 1 : begin + 9]
    symbols = symbols[: len(answers)]
    logits, state = model(symbols[None], state)
    loss = tg.functional.cross_entropy(logits[0], answers, reduction="sum") / 42
    for total, g in zip(by_hand, tg.grad(loss, list(model.parameters())), strict=True):
        total += g.numpy()
    state = state.detach()
short_way = analysis.truncated_gradient(model, ids, 8, 8)
assert all(np.abs(a - b).max() < 1e-12 for a, b in zip(by_hand, short_way, strict=True))
assert abs(cosines[42] - 1) < 1e-12  # a window as long as the text cuts nothing
assert cosines[1] < cosines[8] < 1

# %% [markdown]
# ## The picture

# %%
fig, (left, right) = plt.subplots(1, 2, figsize=(10, 3.4), layout="constrained")
left.bar(range(T), [np.linalg.norm(part) for part in parts], color="#ec7a2b")
left.set(title="What each step adds to the gradient of $W_{hh}$", xlabel="step t", ylabel="length of its part")
right.plot(list(cosines), list(cosines.values()), "o-", color="#2b6a99")
right.set(title="Truncated beside full gradient", xlabel="window k", ylabel="cosine", xscale="log")
right.set_xticks(list(cosines), [str(k) for k in cosines])
fig.savefig(OUT / "04_parts_and_truncation.svg")

# %% [markdown]
# ## What to try next
#
# - Read the error's last line, write `retain_graph=True` instead of `detach()`, and watch the time of each chunk grow.
# - Multiply $W_{hh}$ by three. Which steps now add most to the gradient, and why not the last ones?
# - Let the windows overlap: `analysis.agreement(model, text, [(1, k)])` goes back $k$ steps after every one.
