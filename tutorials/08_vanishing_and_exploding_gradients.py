# %% [markdown]
# # 08 · Vanishing and exploding gradients, measured
#
# ## The idea
#
# On its way from the loss back to $h_t$ a gradient is multiplied by the Jacobian of every step between:
#
# $$\frac{\partial L}{\partial h_t} = \frac{\partial L}{\partial h_T}\,J_T J_{T-1} \cdots J_{t+1}, \qquad
#   J_s = \frac{\partial h_s}{\partial h_{s-1}} = \operatorname{diag}(1 - h_s^2)\,W_{hh}$$
#
# A step stretches a gradient by $\sigma_{\max}(J_s)$ at most, and all of them by the product of these at most. Where
# every $\sigma_{\max}$ is below some $\gamma < 1$ the gradient must vanish, at least as fast as $\gamma^n$. The reverse
# is no theorem: a bound above one says that the gradient *may* explode.

# %%
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import tinygrad_seq as tg
from tinygrad_seq import analysis, nn, optim

OUT = Path("runs/tutorials")
OUT.mkdir(parents=True, exist_ok=True)
tg.manual_seed(0)
rng = np.random.default_rng(0)
T, H = 40, 16
x = rng.standard_normal((T + 1, 1))
direction = tg.tensor(rng.standard_normal(H))
Q = np.linalg.qr(rng.standard_normal((H, H)))[0]  # orthogonal: it turns, and changes no length


def net(gain, drive):
    """Return an RNN with W_hh = gain * Q that hears its input with strength `drive`."""
    rnn = nn.RNN(1, H, bias=False, dtype="float64")
    rnn.load_state_dict({"weight_ih_l0": np.full((H, 1), drive), "weight_hh_l0": gain * Q})
    return rnn


def loss(output):
    return (output * direction).sum()


# %% [markdown]
# ## The long way: the Jacobians from the formula

# %%
small, wild = net(0.7, 0.05), net(2.5, 0.05)


def by_formula(rnn):
    W_ih, W_hh = rnn.weight_ih_l0.detach().numpy(), rnn.weight_hh_l0.detach().numpy()
    h, jacobians = np.zeros(H), []
    for x_t in x[:-1]:
        h = np.tanh(W_ih @ x_t + W_hh @ h)
        jacobians.append((1 - h**2)[:, None] * W_hh)
    return jacobians[1:]  # J_1 .. J_{T-1}; h_0 has no state before it to differentiate by


J = by_formula(small)
product = [np.eye(H)]
for J_s in reversed(J):
    product.append(product[-1] @ J_s)
product = np.array([np.linalg.norm(P, 2) for P in reversed(product)])

# %% [markdown]
# ## The short way: `analysis.spectrum`
#
# It asks the engine for the Jacobians, so that it works for every net; for the plain one both must agree.

# %%
spectra = {"0.7, weak input": analysis.spectrum(small, x, loss, "0.7, weak input")}
assert np.allclose(spectra["0.7, weak input"].product, product, rtol=1e-9)
assert np.allclose(spectra["0.7, weak input"].sigma_max, [np.linalg.norm(J_s, 2) for J_s in J], rtol=1e-9)

vanished = spectra["0.7, weak input"].gradient[0]
print(f"gain 0.7: {vanished:.1e} of the gradient is left after {T - 1} steps; the bound says {0.7 ** (T - 1):.1e}")
assert spectra["0.7, weak input"].sigma_max.max() <= 0.7 + 1e-12  # tanh' <= 1: no step stretches by more than the gain
assert vanished <= spectra["0.7, weak input"].bound[0] <= 0.7 ** (T - 1)
assert vanished < 1e-6  # a millionth

# %% [markdown]
# The gain 0.7 is the largest factor that a step can have, so the gradient must vanish. With 1.3 a step *can* stretch,
# and whether it does depends on the state, by way of $\tanh' = 1 - h^2$. Four cases:
#
# - Gain 1.3, hardly any input: the states stay near zero, $\tanh' = 1$, and every step stretches by 1.3. This is
#   explosion, and the bound is reached.
# - Gain 1.3, weak input: the states grow until $1.3 \tanh'$ is about one. Only the first dozen steps stretch the
#   gradient; those after them lengthen and shorten it by turns.
# - Gain 1.3, strong input: the units are driven into saturation, and the very same $W_{hh}$ makes the gradient vanish.
#   The bound says so, since it is made of the Jacobians: it is the norm of $W_{hh}$ above one that proves nothing.
# - Gain 2.5, weak input: here, too, the units saturate, and still the gradient explodes.

# %%
cases = {
    "1.3, hardly any input": (1.3, 1e-6),
    "1.3, weak input": (1.3, 0.05),
    "1.3, strong input": (1.3, 3),
    "2.5, weak input": (2.5, 0.05),
}
slopes = {}
for name, (gain, drive) in cases.items():
    rnn = net(gain, drive)
    spectra[name] = s = analysis.spectrum(rnn, x, loss, name)
    slopes[name] = np.linalg.norm(by_formula(rnn), axis=2).mean() / gain  # the rows of W_hh have length `gain`
    stretched = (s.gradient[:-1] > s.gradient[1:]).sum()
    print(f"gain {name:<22} factor {s.gradient[0]:.1e}, bound {s.bound[0]:.1e}, ", end="")
    print(f"{stretched:2} of {T - 1} steps stretch, tanh' is {slopes[name]:.2f} on average")
silent, weak, strong, exploded = (spectra[name] for name in cases)
assert abs(silent.gradient[0] / 1.3 ** (T - 1) - 1) < 0.01
assert strong.gradient[0] < strong.bound[0] < 1e-6
assert exploded.gradient[0] > 1e4
assert slopes["2.5, weak input"] < 0.5  # saturated
assert 0.9 < 1.3 * slopes["1.3, weak input"] < 1.1  # about one

g = weak.gradient
print(f"gain 1.3, weak input: {g[0]:.2f} at t = 0, {g[12]:.2f} at t = 12, {g.min():.2f} at t = {g.argmin()}")
assert np.all(g[:12] > g[1:13])  # the first dozen steps
assert g[12] < 1  # not so the others together

# %% [markdown]
# ## Which step answers for which loss
#
# The credit matrix has $|\partial L_s / \partial h_t|$ in row $s$ and column $t$. Above the diagonal it is exactly
# zero: no loss depends on a later state. How wide the band below it is, is how far back the net can learn from. Where
# gradients explode it is the other way round: the first states answer for everything, whatever came after them.


# %%
def credit_of(rnn):
    with analysis.hidden_states() as states:
        output, _ = rnn(tg.tensor(x[:, None]))
    losses = [(output[s, 0] * direction).sum() for s in range(T)]
    return analysis.credit(losses, states.of(states.paths()[0])[:T])


matrices = {"RNN, gain 0.7": credit_of(small), "RNN, gain 2.5": credit_of(wild)}
assert all(np.triu(credit, 1).max() == 0 for credit in matrices.values())
assert matrices["RNN, gain 0.7"][-1].argmax() == T - 1
assert matrices["RNN, gain 2.5"][-1].argmax() == 0

# %% [markdown]
# ## The cure for explosion: clip the norm
#
# A gradient can be longer than the step that one dares to take. Clipping keeps its direction and shortens it:
# $g \leftarrow g \cdot \min(1, c / |g|)$. By hand and by `optim.clip_grad_norm_`:

# %%
output, _ = wild(tg.tensor(x[:, None]))
(output**2).sum().backward()
before = [p.grad.numpy().copy() for p in wild.parameters()]
norm = np.sqrt(sum((g**2).sum() for g in before))
returned = optim.clip_grad_norm_(wild.parameters(), 1.0)
after = [p.grad.numpy() for p in wild.parameters()]
assert abs(float(returned) - norm) < 1e-9 * norm
assert norm > 100
assert all(np.allclose(b, a / norm, rtol=1e-6) for a, b in zip(before, after, strict=True))
print(f"the gradient was {norm:.0f} long, and is {np.sqrt(sum((g**2).sum() for g in after)):.4f}")

# %% [markdown]
# Clipping does nothing for a gradient that has vanished, and neither would stretching it. What comes from far back is
# not lost in rounding, it is drowned: less than a millionth of what the same weights are told by the last steps, and
# every factor multiplies both. For that the net has to change: tutorial 09.
#
# ## The picture

# %%
fig, axes = plt.subplots(1, 3, figsize=(12, 3.6), layout="constrained")
for curve, colour in zip(spectra.values(), ("#2b6a99", "#7f3c8d", "#e69f00", "#1c2530", "#b3450a"), strict=True):
    axes[0].semilogy(curve.gradient, color=colour, label=f"gain {curve.name}")
    axes[0].semilogy(curve.bound, color=colour, ls=":", lw=1)
axes[0].set(title="Gradient left at step t (dotted: the bound)", xlabel="step t", ylim=(1e-26, 1e8))
axes[0].legend(fontsize=8, loc="lower right")
for ax, (name, credit) in zip(axes[1:], matrices.items(), strict=True):
    image = ax.imshow(np.log10(np.where(credit > 0, credit, np.nan)), cmap="viridis", vmin=-7, vmax=5)
    ax.set(title=f"{name}: who answers for what", xlabel="hidden state t", ylabel="loss s")
fig.colorbar(image, ax=axes[2], label=r"$\log_{10}|\partial L_s/\partial h_t|$")
fig.savefig(OUT / "08_gradients.svg")

# %% [markdown]
# ## What to try next
#
# - Find the input strength at which gain 1.3 neither vanishes nor explodes over forty steps.
# - Replace `Q` by a Gaussian matrix with the same spectral radius. Which of the two curves leaves its bound first?
# - Add `credit_of(nn.LSTM(1, H, forget_bias=3.0, dtype="float64"))` to the picture.
