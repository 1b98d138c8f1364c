# %% [markdown]
# # 10 · The GRU, both forms
#
# ## The idea
#
# The GRU keeps one state and two gates. $z_t$ mixes the past and a candidate, so that what is written and what is kept
# always add up to one; $r_t$ says how much of the past the candidate sees:
#
# $$\begin{aligned}
# r_t &= \sigma(W_{ir} x_t + b_{ir} + W_{hr} h_{t-1} + b_{hr}) \\
# z_t &= \sigma(W_{iz} x_t + b_{iz} + W_{hz} h_{t-1} + b_{hz}) \\
# h_t &= (1 - z_t) \odot n_t + z_t \odot h_{t-1}
# \end{aligned}$$
#
# For the candidate $n_t$ there are **two** formulas under one name, and weights of one are wrong for the other. The
# reset gate acts after the product with $W_{hn}$ in PyTorch and Keras, before it in Cho et al., 2014:
#
# $$n_t = \tanh(W_{in} x_t + b_{in} + r_t \odot (W_{hn} h_{t-1} + b_{hn})) \quad\text{after the product}$$
# $$n_t = \tanh(W_{in} x_t + b_{in} + W_{hn} (r_t \odot h_{t-1}) + b_{hn}) \quad\text{before it}$$

# %%
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import tinygrad_seq as tg
from tinygrad_seq import nn

OUT = Path("runs/tutorials")
OUT.mkdir(parents=True, exist_ok=True)
rng = np.random.default_rng(0)
T, B, I, H = 30, 2, 3, 4
x = tg.tensor(rng.standard_normal((T, B, I)))

# %% [markdown]
# ## The long way

# %%
W_ir, W_iz, W_in = (tg.tensor(rng.uniform(-1, 1, (H, I))) for _ in range(3))
W_hr, W_hz, W_hn = (tg.tensor(rng.uniform(-1, 1, (H, H))) for _ in range(3))
b_ir, b_iz, b_in, b_hr, b_hz, b_hn = (tg.tensor(rng.uniform(-1, 1, H)) for _ in range(6))


def gru(x, reset_after, b_hr=b_hr, b_hn=b_hn, listens=1.0):
    h = tg.zeros((B, H), dtype="float64")
    hs, zs, ns = [], [], []
    for x_t in x:
        r_t = tg.sigmoid(listens * (x_t @ W_ir.T + b_ir + h @ W_hr.T) + b_hr)
        z_t = tg.sigmoid(x_t @ W_iz.T + b_iz + h @ W_hz.T + b_hz)
        if reset_after:
            n_t = tg.tanh(x_t @ W_in.T + b_in + r_t * (h @ W_hn.T + b_hn))
        else:
            n_t = tg.tanh(x_t @ W_in.T + b_in + (r_t * h) @ W_hn.T + b_hn)
        h = (1 - z_t) * n_t + z_t * h
        hs.append(h)
        zs.append(z_t)
        ns.append(n_t)
    return tg.stack(hs), tg.stack(zs), tg.stack(ns)


after, z, n = gru(x, reset_after=True)
before, _, _ = gru(x, reset_after=False)

# %% [markdown]
# ## The short way
#
# One argument chooses the form. In the first form $b_{hn}$ stands inside the brackets with $r_t$ and cannot be added to
# $b_{in}$: that is why there are two biases.

# %%
weights = {
    "weight_ih_l0": tg.concat([W_ir, W_iz, W_in]),
    "weight_hh_l0": tg.concat([W_hr, W_hz, W_hn]),
    "bias_ih_l0": tg.concat([b_ir, b_iz, b_in]),
    "bias_hh_l0": tg.concat([b_hr, b_hz, b_hn]),
}
for reset_after, expected in ((True, after), (False, before)):
    net = nn.GRU(I, H, reset_after=reset_after, dtype="float64")
    net.load_state_dict(weights)
    assert np.abs((net(x).output - expected).detach().numpy()).max() < 1e-12

# %% [markdown]
# ## Two nets under one name
#
# Same weights, same input: the outputs are far apart. Where $r_t = 1$ everywhere the forms agree. They do, too, where
# $r_t$ is one number for all units and $b_{hn} = 0$: a number may be moved past a matrix, a vector may not.

# %%
apart = np.abs((after - before).numpy()).max()
print(f"the two forms differ by up to {apart:.2f}, in numbers between -1 and 1")
assert apart > 0.1
open_wide = b_hr + 100
assert np.abs((gru(x, True, open_wide)[0] - gru(x, False, open_wide)[0]).numpy()).max() < 1e-12
no_bias = tg.zeros(H, dtype="float64")
for b_r, is_one_number in ((no_bias + 0.3, True), (b_hr, False)):
    one, other = (gru(x, form, b_r, no_bias, listens=0.0)[0] for form in (True, False))
    assert (np.abs((one - other).numpy()).max() < 1e-12) == is_one_number

# %% [markdown]
# ## What the mixing promises
#
# $h_t$ lies between $n_t$ and $h_{t-1}$, element by element. So a GRU's state never leaves $(-1, 1)$, where an LSTM's
# $c_t$ can count upwards without end. And it needs three quarters of the LSTM's weights.

# %%
h_prev = np.concatenate([np.zeros((1, B, H)), after.numpy()[:-1]])
low, high = np.minimum(n.numpy(), h_prev), np.maximum(n.numpy(), h_prev)
assert np.all((low - 1e-15 <= after.numpy()) & (after.numpy() <= high + 1e-15))


def size(module):
    return sum(p.size for p in module.parameters())


assert size(nn.GRU(I, H)) * 4 == size(nn.LSTM(I, H)) * 3

counter = nn.LSTM(1, 1, dtype="float64")  # all gates open, the candidate always 1: c_t = c_{t-1} + 1
counter.load_state_dict(
    {
        "weight_ih_l0": np.zeros((4, 1)),
        "weight_hh_l0": np.zeros((4, 1)),
        "bias_ih_l0": np.array([40.0, 40.0, 40.0, 40.0]),
        "bias_hh_l0": np.zeros(4),
    }
)
_, (_, c) = counter(tg.zeros((30, 1, 1), dtype="float64"))
assert abs(c.item() - 30) < 1e-9
assert np.abs(after.numpy()).max() < 1

# %% [markdown]
# ## The picture

# %%
fig, (left, right) = plt.subplots(1, 2, figsize=(10, 3.6), layout="constrained")
left.plot(after[:, 0, 0].numpy(), color="#b3450a", label="reset after the product")
left.plot(before[:, 0, 0].numpy(), color="#2b6a99", label="reset before the product")
left.set(title="One unit, the same weights, both forms", xlabel="step t", ylabel="h", ylim=(-1, 1))
left.legend(fontsize=8)
right.fill_between(range(T), low[:, 0, 1], high[:, 0, 1], color="#e3eef6", label="between candidate and past")
right.plot(after[:, 0, 1].numpy(), color="#b3450a", label="h")
right.plot(z[:, 0, 1].numpy(), color="#5b6773", ls=":", label="z: how much of the past stays")
right.set(title="h lies between n and the h before it", xlabel="step t", ylim=(-1, 1.05))
right.legend(fontsize=8)
fig.savefig(OUT / "10_two_forms.svg")

# %% [markdown]
# ## What to try next
#
# - Some texts write $h_t = z_t \odot n_t + (1 - z_t) \odot h_{t-1}$. What do you change in the weights to get
#   the same net?
# - Set $r_t = 0$. What can the candidate still see of the past in each of the two forms?
# - Can a GRU hold one bit for a thousand steps, like the latch of tutorial 09? Write down its weights.
