# %% [markdown]
# # 01 · Dense networks, activations, universal approximation
#
# ## The idea
#
# A dense layer is $y = W x + b$. Two of them without anything between are one:
# $W_2(W_1 x + b_1) + b_2 = (W_2 W_1)\,x + (W_2 b_1 + b_2)$. What makes depth worth its while is the activation between
# them:
#
# $$\sigma(a) = \frac1{1 + e^{-a}}, \quad \sigma' = \sigma(1-\sigma) \qquad
#   \tanh' = 1 - \tanh^2 \qquad \operatorname{relu}(a) = \max(a, 0), \quad \operatorname{relu}' = [a > 0]$$

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
tg.manual_seed(0)
rng = np.random.default_rng(0)

# %% [markdown]
# Two layers without an activation are one layer, and the engine finds the textbook's derivatives.

# %%
W_1, b_1, W_2, b_2 = (tg.tensor(rng.standard_normal(shape)) for shape in ((5, 3), 5, (2, 5), 2))
x = tg.tensor(rng.standard_normal(3))
two = W_2 @ (W_1 @ x + b_1) + b_2
one = (W_2 @ W_1) @ x + (W_2 @ b_1 + b_2)
assert np.abs((two - one).numpy()).max() < 1e-12

a = tg.linspace(-4, 4, 201, dtype="float64").requires_grad_()
derivative = {}
for f, textbook in {
    tg.sigmoid: lambda y: y * (1 - y),
    tg.tanh: lambda y: 1 - y * y,
    tg.relu: lambda y: (y > 0).astype(float),
}.items():
    y = f(a)
    (slope,) = tg.grad(y.sum(), [a])
    assert np.abs(slope.numpy() - textbook(y.detach().numpy())).max() < 1e-12
    derivative[f.__name__] = slope.numpy()
assert derivative["sigmoid"].max() <= 0.25  # a sigmoid passes on a quarter of a gradient at most

# %% [markdown]
# A sigmoid passes on a quarter of a gradient at most (0.25, at 0). Remember it: over forty time steps that is where
# gradients go in tutorial 08.
#
# ## The long way: a hidden layer that we write down ourselves
#
# The universal approximation theorem says that one hidden layer is enough for any continuous function on an interval.
# With relu we need not search for the weights, we can write them down. Take knots $k_0 < \dots < k_N$ with distance
# $\Delta$. The line through the points $(k_j, f(k_j))$ has slope $s_j$ between $k_j$ and $k_{j+1}$, so
#
# $$\hat f(x) = f(k_0) + \sum_{j=0}^{N-1} (s_j - s_{j-1})\,\operatorname{relu}(x - k_j), \qquad s_{-1} = 0$$
#
# is a dense network with $N$ hidden units. It is off by at most $\max|f''|\,\Delta^2 / 8$: twice the units, a
# quarter of the error.


# %%
def f(x):
    return np.sin(3 * x) + 0.5 * x


def written_down(N, low=-2.0, high=2.0):
    """Return the weights of the hidden and of the output layer that draw the line through N + 1 points of f."""
    knots = np.linspace(low, high, N + 1)
    slopes = np.diff(f(knots)) / np.diff(knots)
    return np.ones((N, 1)), -knots[:-1], np.diff(slopes, prepend=0.0)[None], f(knots[:1])


xs = np.linspace(-2, 2, 2001)
errors, curves = {}, {}
for N in (8, 16, 32, 64):
    W_1, b_1, W_2, b_2 = map(tg.tensor, written_down(N))
    y = tg.relu(tg.tensor(xs[:, None]) @ W_1.T + b_1) @ W_2.T + b_2
    curves[N] = y.numpy()[:, 0]
    errors[N] = np.abs(curves[N] - f(xs)).max()
    bound = 9 * (4 / N) ** 2 / 8  # |f''| = 9 |sin 3x| is 9 at most
    assert errors[N] <= bound
print({N: f"{error:.4f}" for N, error in errors.items()})
assert 3.5 < errors[32] / errors[64] < 4.5

# %% [markdown]
# ## The short way: nn
#
# The same weights in `nn.Sequential` give the same function.

# %%
W_1, b_1, W_2, b_2 = written_down(16)
net = nn.Sequential(nn.Linear(1, 16, dtype="float64"), tg.relu, nn.Linear(16, 1, dtype="float64"))
net.load_state_dict({"0.weight": W_1, "0.bias": b_1, "2.weight": W_2, "2.bias": b_2})
short = net(tg.tensor(xs[:, None])).detach().numpy()[:, 0]
assert np.abs(short - curves[16]).max() < 1e-12

# %% [markdown]
# That weights exist does not mean that training finds them. Sixteen tanh units, Adam, 128 points: it lands far below
# the best straight line, which is all that a net without activations could draw.

# %%
x = np.linspace(-2, 2, 128)[:, None]
learner = nn.Sequential(nn.Linear(1, 16, dtype="float64"), tg.tanh, nn.Linear(16, 1, dtype="float64"))
optimizer = optim.Adam(learner, lr=0.03)
for _ in range(150 if FAST else 1500):
    loss = tg.functional.mse_loss(learner(tg.tensor(x)), tg.tensor(f(x)))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
line = np.polynomial.Polynomial.fit(x[:, 0], f(x)[:, 0], 1)
floor = np.mean((line(x[:, 0]) - f(x)[:, 0]) ** 2)
print(f"mean squared error: best line {floor:.4f}, sixteen tanh units {loss.item():.5f}")
assert loss.item() < floor * (0.5 if FAST else 0.02)

# %% [markdown]
# ## The picture

# %%
fig, (left, right) = plt.subplots(1, 2, figsize=(10, 3.6), layout="constrained")
for name, slope in derivative.items():
    left.plot(a.detach().numpy(), slope, label=f"{name}'")
left.set(title="What each activation passes on of a gradient", xlabel="a")
left.legend()
right.plot(xs, f(xs), lw=5, color="#d5dbe1", label="f")
for N in (8, 16):
    right.plot(xs, curves[N], lw=1.2, label=f"{N} relu units, written down")
right.plot(x[:, 0], learner(tg.tensor(x)).detach().numpy()[:, 0], lw=1.2, ls="--", label="16 tanh units, trained")
right.set(title="One hidden layer", xlabel="x")
right.legend()
fig.savefig(OUT / "01_one_hidden_layer.svg")

# %% [markdown]
# ## What to try next
#
# - Ask the nets for $x = 3$, outside the interval. What do relu units do there, what do tanh units?
# - Take the activation out of `learner`. Which loss does it reach, and why exactly that one?
# - Write down a net for a step function. How steep can it be, and what does the bound say about it?
