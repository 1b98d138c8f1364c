# %% [markdown]
# # 09 · The LSTM, gate by gate; the information highway
#
# ## The idea
#
# A plain net rewrites all of its memory at every step. The LSTM has a second state, $c_t$, that is changed only where a
# gate says so; gates are sigmoids, from 0 (shut) to 1 (open), and each sees $x_t$ and $h_{t-1}$:
#
# $$\begin{aligned}
# i_t &= \sigma(W_{ii} x_t + W_{hi} h_{t-1} + b_i) && \text{what to write} \\
# f_t &= \sigma(W_{if} x_t + W_{hf} h_{t-1} + b_f) && \text{what to keep} \\
# g_t &= \tanh(W_{ig} x_t + W_{hg} h_{t-1} + b_g) && \text{the candidate} \\
# o_t &= \sigma(W_{io} x_t + W_{ho} h_{t-1} + b_o) && \text{what to show} \\
# c_t &= f_t \odot c_{t-1} + i_t \odot g_t && \text{the information highway} \\
# h_t &= o_t \odot \tanh(c_t)
# \end{aligned}$$

# %%
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import tinygrad_seq as tg
from tinygrad_seq import nn

OUT = Path("runs/tutorials")
OUT.mkdir(parents=True, exist_ok=True)
tg.manual_seed(0)
rng = np.random.default_rng(0)
T, B, I, H = 7, 2, 3, 4
x = tg.tensor(rng.standard_normal((T, B, I)))

# %% [markdown]
# ## The long way
#
# Eight matrices, four biases, and the six lines above.

# %%
W_ii, W_if, W_ig, W_io = (tg.tensor(rng.uniform(-0.5, 0.5, (H, I))) for _ in range(4))
W_hi, W_hf, W_hg, W_ho = (tg.tensor(rng.uniform(-0.5, 0.5, (H, H))) for _ in range(4))
b_i, b_f, b_g, b_o = (tg.tensor(rng.uniform(-0.5, 0.5, H)) for _ in range(4))

h, c = tg.zeros((B, H), dtype="float64"), tg.zeros((B, H), dtype="float64")
hs = []
for x_t in x:
    i_t = tg.sigmoid(x_t @ W_ii.T + h @ W_hi.T + b_i)
    f_t = tg.sigmoid(x_t @ W_if.T + h @ W_hf.T + b_f)
    g_t = tg.tanh(x_t @ W_ig.T + h @ W_hg.T + b_g)
    o_t = tg.sigmoid(x_t @ W_io.T + h @ W_ho.T + b_o)
    c = f_t * c + i_t * g_t
    h = o_t * tg.tanh(c)
    hs.append(h)

# %% [markdown]
# ## The short way
#
# `nn.LSTM` keeps the four matrices on top of each other, in the order i, f, g, o, as PyTorch does.

# %%
lstm = nn.LSTM(I, H, dtype="float64")
lstm.load_state_dict(
    {
        "weight_ih_l0": tg.concat([W_ii, W_if, W_ig, W_io]),
        "weight_hh_l0": tg.concat([W_hi, W_hf, W_hg, W_ho]),
        "bias_ih_l0": tg.concat([b_i, b_f, b_g, b_o]),
        "bias_hh_l0": np.zeros(4 * H),
    }
)
output, (h_T, c_T) = lstm(x)
assert np.abs((output - tg.stack(hs)).detach().numpy()).max() < 1e-12
assert np.abs((c_T[0] - c).detach().numpy()).max() < 1e-12

# %% [markdown]
# ## A memory that we set by hand
#
# The input is a pulse, +1 or -1, and then silence. Let the candidate be the input ($g_t = \tanh(5 x_t)$), write only
# when there is input ($i_t = \sigma(20 |x_t| - 10)$; the two signs need two inputs, $\max(x, 0)$ and $\max(-x, 0)$),
# always keep ($f_t = \sigma(30)$) and always show. One unit then holds one bit for as long as we like.

# %%
W_ih = np.array([[20.0, 20.0], [0.0, 0.0], [5.0, -5.0], [0.0, 0.0]])  # rows i, f, g, o
b = np.array([-10.0, 30.0, 0.0, 30.0])
latch = nn.LSTM(2, 1, dtype="float64")
zeros = {"weight_hh_l0": np.zeros((4, 1)), "bias_hh_l0": np.zeros(4)}
latch.load_state_dict({"weight_ih_l0": W_ih, "bias_ih_l0": b, **zeros})

pulses = np.zeros((1000, 2, 2))  # a thousand steps; row 0 of the batch gets +1 at the first, row 1 gets -1
pulses[0, 0, 0] = pulses[0, 1, 1] = 1
output, (_, c) = latch(tg.tensor(pulses))
said = output[-1, :, 0].detach().numpy()
print("after a thousand steps:", said.round(4))
assert said[0] > 0.75
assert said[1] < -0.75
assert abs(c[0, 0, 0].item() - 1) < 1e-3  # nothing has leaked

# %% [markdown]
# ## The information highway
#
# Along $c$ the Jacobian of a step is $\operatorname{diag}(f_t)$ plus what goes round through $h_{t-1}$ and the gates.
# Where the gates do not listen to $h$, only the first is left, and
# $\partial c_T / \partial c_0 = \prod_t f_t$, without a $\tanh'$ and without a matrix in between.

# %%
deaf = nn.LSTM(I, H, dtype="float64")
deaf.load_state_dict({**lstm.state_dict(), "weight_hh_l0": np.zeros((4 * H, H))})
c_0 = tg.zeros((1, B, H), dtype="float64").requires_grad_()
_, (_, c_T) = deaf(x, (tg.zeros((1, B, H), dtype="float64"), c_0))
(gradient,) = tg.grad(c_T.sum(), [c_0])
forget = np.prod([tg.sigmoid(x_t @ W_if.T + b_f).numpy() for x_t in x], axis=0)
assert np.abs(gradient[0].numpy() - forget).max() < 1e-12

# %% [markdown]
# So the forget gate decides how long a gradient lives on the highway. With $b_f = 0$ it is half shut, and half of the
# gradient is lost at every step. With `forget_bias=3` it is $\sigma(3) = 0.953$ open, and after ninety-nine steps the
# highway alone has still brought $\sigma(3)^{99} = 0.008$ of the gradient, whatever the other weights are. A plain net
# of the same size loses it.

# %%
steps = 100
silence = tg.tensor(0.1 * rng.standard_normal((steps, 1, I)))


def lengths(module):
    """Return how long the gradient of the last state is at every step, on c where there is one; 1 at the end."""
    states, state = [], None
    for x_t in silence:
        _, state = module(x_t[None], state)
        states.append(state[1] if isinstance(state, tuple) else state)
    norms = np.array([np.linalg.norm(g.numpy()) for g in tg.grad(states[-1].sum(), states)])
    return norms / norms[-1]


def open_lstm():
    return nn.LSTM(I, 16, forget_bias=3.0, dtype="float64")


highway = open_lstm()
highway.load_state_dict({**highway.state_dict(), "weight_hh_l0": np.zeros((64, 16))})
fading = {
    "RNN": lengths(nn.RNN(I, 16, dtype="float64")),
    "LSTM, forget bias 0": lengths(nn.LSTM(I, 16, forget_bias=0.0, dtype="float64")),
    "forget bias 3, the highway alone": lengths(highway),
    "forget bias 3": lengths(open_lstm()),
}
for name, norms in fading.items():
    print(f"{name:<32} {norms[0]:.1e} of the gradient arrives {steps - 1} steps earlier")
sigma_3 = 1 / (1 + np.exp(-3))
assert round(sigma_3, 3) == 0.953
assert round(sigma_3**99, 3) == 0.008
assert fading["RNN"][0] < 1e-12
assert fading["LSTM, forget bias 0"][0] < 1e-12
assert abs(fading["forget bias 3, the highway alone"][0] / sigma_3**99 - 1) < 0.05  # the gates hear a little of x_t

# %% [markdown]
# The whole LSTM brings more than its highway. What goes round through $h_{t-1}$ and the gates is added to it, and is
# the larger part here. It is no promise, though: it depends on the weights that chance has drawn.

# %%
drawn = []
for seed in range(5):
    tg.manual_seed(seed)
    drawn.append(lengths(open_lstm())[0])
print("five other draws:", ", ".join(f"{share:.2f}" for share in drawn), f"and the highway alone {sigma_3**99:.3f}")
assert min(drawn) > 2 * sigma_3**99  # the larger part
assert max(drawn) > 3 * min(drawn)

# %% [markdown]
# ## The picture

# %%
fig, (left, right) = plt.subplots(1, 2, figsize=(10, 3.6), layout="constrained")
for name, norms in fading.items():
    left.semilogy(norms, label=name)
left.set(title="The gradient on its way back", xlabel="step t", ylim=(1e-16, 30))
left.legend(fontsize=8)
right.plot(output[:60, 0, 0].detach().numpy(), color="#b3450a", label="h after +1")
right.plot(output[:60, 1, 0].detach().numpy(), color="#2b6a99", label="h after -1")
right.plot(pulses[:60, 0, 0], color="#5b6773", ls=":", label="the pulse")
right.set(title="One bit, held by gates set by hand", xlabel="step t")
right.legend(fontsize=8)
fig.savefig(OUT / "09_highway.svg")
tg.analysis.cell("lstm", to=OUT / "09_gate_by_gate.html")

# %% [markdown]
# `09_gate_by_gate.html` steps through one LSTM cell with real numbers, gate by gate.
#
# ## What to try next
#
# - Give the latch a second pulse of the other sign. Which gate has to shut for the new bit to replace the old one?
# - Find the forget bias at which half of a gradient lives for 100 steps. What is $\sigma$ of it?
# - Swap the order of two gates in `load_state_dict`. The shapes still fit: which test would have noticed?
