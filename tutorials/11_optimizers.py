# %% [markdown]
# # 11 · Gradient descent, momentum, Nesterov, Adagrad, Adadelta, RMSProp, Adam
#
# ## The idea
#
# With $g_t = \partial L / \partial p$ at step $t$, and $\eta$ the learning rate:
#
# $$\begin{aligned}
# \text{descent} && p &\leftarrow p - \eta g_t \\
# \text{momentum, the lecture's form} && z &\leftarrow \beta z + (1 - \beta) g_t, & p &\leftarrow p - \eta z \\
# \text{Nesterov} && z &\leftarrow \beta z + g_t(p - \eta \beta z), & p &\leftarrow p - \eta z \\
# \text{Adagrad} && v &\leftarrow v + g_t^2, & p &\leftarrow p - \eta\, g_t / (\sqrt v + \epsilon) \\
# \text{RMSProp} && v &\leftarrow \alpha v + (1 - \alpha) g_t^2, & p &\leftarrow p - \eta g_t / (\sqrt v + \epsilon) \\
# \text{Adadelta} && v &\leftarrow \rho v + (1 - \rho) g_t^2, & d &= \sqrt{u + \epsilon} / \sqrt{v + \epsilon}\; g_t, \\
# && u &\leftarrow \rho u + (1 - \rho) d^2, & p &\leftarrow p - d \\
# \text{Adam} && m &\leftarrow \beta_1 m + (1 - \beta_1) g_t, & v &\leftarrow \beta_2 v + (1 - \beta_2) g_t^2, \\
# && \hat m &= m / (1 - \beta_1^t), & \hat v &= v / (1 - \beta_2^t), \\
# && && p &\leftarrow p - \eta\, \hat m / (\sqrt{\hat v} + \epsilon)
# \end{aligned}$$
#
# All memories ($z, v, u, m$) begin at zero. $g_t(p - \eta \beta z)$ is the gradient not where one stands but where the
# momentum is about to lead. $\hat m$ and $\hat v$ are averages that have been corrected for having begun at zero.
#
# The first three differ in how they remember a direction, the others in how they choose a pace for every weight; Adam
# does both.

# %%
import os
from pathlib import Path

import numpy as np

import tinygrad_seq as tg
from tinygrad_seq import analysis, nn, optim
from tinygrad_seq.analysis.race import CONTENDERS, SURFACES
from tinygrad_seq.analysis.race.run import save

FAST = bool(os.environ.get("TINYGRAD_SEQ_FAST"))
OUT = Path("runs/tutorials")
beale = SURFACES["beale"]


def gradient(p):
    """Return the gradient of Beale's function, by the engine."""
    p = tg.tensor(p, requires_grad=True)
    return tg.grad(beale.f(p[0], p[1]), [p])[0].numpy()


# %% [markdown]
# ## The long way
#
# The update rules line by line, from the same start on Beale's function.


# %%
def descent(p, steps, lr=0.01):
    for _ in range(steps):
        p = p - lr * gradient(p)
    return p


def momentum(p, steps, lr=0.01, beta=0.9):
    z = 0
    for _ in range(steps):
        z = beta * z + (1 - beta) * gradient(p)
        p = p - lr * z
    return p


def nesterov(p, steps, lr=0.001, beta=0.9):
    z = 0
    for _ in range(steps):
        z = beta * z + gradient(p - lr * beta * z)
        p = p - lr * z
    return p - lr * beta * z  # where the next gradient will be taken: that is where `optim.SGD` keeps its weights


def adagrad(p, steps, lr=0.1, eps=1e-10):
    v = 0
    for _ in range(steps):
        g = gradient(p)
        v = v + g**2
        p = p - lr * g / (np.sqrt(v) + eps)
    return p


def rmsprop(p, steps, lr=0.01, alpha=0.99, eps=1e-8):
    v = 0
    for _ in range(steps):
        g = gradient(p)
        v = alpha * v + (1 - alpha) * g**2
        p = p - lr * g / (np.sqrt(v) + eps)
    return p


def adadelta(p, steps, rho=0.9, eps=1e-6):
    v = u = 0
    for _ in range(steps):
        g = gradient(p)
        v = rho * v + (1 - rho) * g**2
        d = np.sqrt(u + eps) / np.sqrt(v + eps) * g
        u = rho * u + (1 - rho) * d**2
        p = p - d
    return p


def adam(p, steps, lr=0.1, b1=0.9, b2=0.999, eps=1e-8):
    m = v = 0
    for t in range(1, steps + 1):
        g = gradient(p)
        m = b1 * m + (1 - b1) * g
        v = b2 * v + (1 - b2) * g**2
        m_hat, v_hat = m / (1 - b1**t), v / (1 - b2**t)
        p = p - lr * m_hat / (np.sqrt(v_hat) + eps)
    return p


# %% [markdown]
# ## The short way


# %%
def short_way(make, steps):
    p = tg.tensor(np.array(beale.start), requires_grad=True)
    optimizer = make([p])
    for _ in range(steps):
        optimizer.zero_grad()
        beale.f(p[0], p[1]).backward()
        optimizer.step()
    return p.detach().numpy()


start, steps = np.array(beale.start), 30
for long, make in (
    (descent, lambda p: optim.SGD(p, lr=0.01)),
    (momentum, lambda p: optim.SGD(p, lr=0.01, momentum=0.9, ema=True)),
    (nesterov, lambda p: optim.SGD(p, lr=0.001, momentum=0.9, nesterov=True)),
    (adagrad, lambda p: optim.Adagrad(p, lr=0.1)),
    (rmsprop, lambda p: optim.RMSprop(p, lr=0.01)),
    (adadelta, optim.Adadelta),
    (adam, lambda p: optim.Adam(p, lr=0.1)),
):
    assert np.abs(long(start, steps) - short_way(make, steps)).max() < 1e-10, long.__name__

# %% [markdown]
# The lecture's momentum averages gradients, the libraries' adds them up. They are one method with two learning rates:
# $\eta$ here is $\eta / (1 - \beta)$ there, a factor of ten for $\beta = 0.9$. Who copies a learning rate from one text
# into another meets it.

# %%
lecture = short_way(lambda p: optim.SGD(p, lr=0.1, momentum=0.9, ema=True), steps)
library = short_way(lambda p: optim.SGD(p, lr=0.01, momentum=0.9), steps)
assert np.abs(lecture - library).max() < 1e-10

# %% [markdown]
# ## Does momentum escape a poor minimum?
#
# The lecture says so; here it is measured. The surface `trap` has a poor minimum on the way to a good one. A hundred
# starts are on its far side: how many runs settle in the good one, that is, keep near to it for the last tenth of
# their steps?
#
# First plain descent and the lecture's momentum, with one learning rate. It must be the lecture's form: an average of
# gradients is about as long as a gradient, so that both take steps of one size. The libraries' sum would take steps ten
# times as long, and we should measure what long steps do.

# %%
tries = {"starts": 30, "steps": 100} if FAST else {"starts": 100, "steps": 200}
plain, _, lectures, *_ = CONTENDERS
for lr in (0.1, 0.3, 1.0):
    same = analysis.escape_rates("trap", lr=lr, contenders=[plain, lectures], **tries)
    print(f"learning rate {lr}:", ", ".join(f"{name} {share:.0%}" for name, share in same.items()))
    if lr == 0.3:
        assert same[lectures.name] > same["SGD"] + 0.3
assert same["SGD"] == 0

# %% [markdown]
# So momentum does escape, if its steps are long enough to carry it; with the learning rate 0.1 they are not. Long steps
# alone do not help: with the learning rate 1.0 plain descent leaps to and fro and settles in neither. On a parabola of
# curvature $\lambda$ it settles only where $\eta < 2 / \lambda$, and at the good minimum $\lambda$ is 4.1.
#
# Then all of them, each with the learning rate at which most of its runs settle in the good minimum:

# %%
xs = tg.tensor([-1e-3, 0.0, 1e-3], dtype="float64")
before, at, after = SURFACES["trap"].f(xs, 0 * xs).numpy()
curvature = (before - 2 * at + after) / 1e-3**2
assert round(curvature, 1) == 4.1
assert 0.3 < 2 / curvature < 1.0

best = analysis.escape_rates("trap", **tries)
for name, share in sorted(best.items(), key=lambda item: -item[1]):
    print(f"    {name:<24} {share:4.0%}")
assert best[lectures.name] > best["SGD"] + 0.3
assert best["momentum"] > best["SGD"] + 0.3
assert min(best["Adagrad"], best["RMSprop"]) > (0.5 if FAST else 0.9)
assert best["Adadelta"] < (0.3 if FAST else 0.1)

# %% [markdown]
# Momentum is one way out. The other, without any momentum in Adagrad and RMSProp, is to divide by the size of the
# gradient: who does walks in a shallow bowl as fast as down a steep slope. Adadelta divides too, but then multiplies by
# the size of its own last steps, and stays where these are small.
#
# ## Why LSTMs are hard to train
#
# A net from sequences to sequences is a map between spaces without a fixed dimension: a sequence of $T$ vectors of $I$
# numbers is a point in $\mathbb R^{TI}$, and $T$ has no bound. The lecture calls them "infinite-dimensional spaces".
# The weights are few, but they act once more at every step: as a function of them the loss is composed as many times as
# the sequence is long. In the loss that shows as plains beside cliffs. Ten LSTMs with random weights, made larger and
# larger, and the length of the gradient on the way, for sequences of three lengths:


# %%
def lengths(seed, T):
    """Return |dL/dtheta| of an LSTM that is to say after T steps if its first input was positive, weights growing."""
    tg.manual_seed(seed)
    rng = np.random.default_rng(seed)
    lstm, found = nn.LSTM(1, 12, dtype="float64"), []
    begin = {name: p.detach().numpy().copy() for name, p in lstm.named_parameters()}
    x, w = 0.1 * rng.standard_normal((T, 4, 1)), tg.tensor(rng.standard_normal((12, 1)) / np.sqrt(12))
    for factor in np.linspace(0.5, 10, 31):
        lstm.load_state_dict({name: factor * value for name, value in begin.items()})
        L = ((lstm(tg.tensor(x)).output[-1] @ w - tg.tensor(np.sign(x[0]) / 2)) ** 2).mean()
        found.append(np.sqrt(sum((g.numpy() ** 2).sum() for g in tg.grad(L, list(lstm.parameters())))))
    return np.array(found)


nets = {T: np.array([lengths(seed, T) for seed in range(2 if FAST else 10)]) for T in (5, 30, 100)}
for T, found in nets.items():
    cliffs = (found.max(axis=1) > 10 * np.median(found, axis=1)).sum()
    print(
        f"T = {T:3}: median {np.median(found):.2f}, largest {found.max():8.2f}; a cliff: {cliffs} of {len(found)} nets"
    )
assert nets[5].max() < 10 * np.median(nets[5])
assert nets[100].max() > 1000 * np.median(nets[100])
assert FAST or np.median(nets[100]) < np.median(nets[5])

# %% [markdown]
# Most of the nets have no cliff: the highway of tutorial 09 carries gradients without stretching them. A few have one,
# and it grows with the length of the sequence, since what goes round through $h_{t-1}$ is multiplied by $W_{hh}$ at
# every step, in an LSTM, too.
#
# A cliff to look at is the surface `rnn`, a two-dimensional slice through the loss of a plain recurrent net. No single
# step size is right for it: what is careful on the plain is a leap at the cliff. Clipping cuts the leap short.

# %%
grid = 21 if FAST else 61
rnn = analysis.race("rnn", steps=2, lr=0.01, contenders=CONTENDERS[:1]).surface
x, y = np.meshgrid(np.linspace(*rnn.x, grid), np.linspace(*rnn.y, grid))
p = tg.tensor(np.stack([x, y], axis=-1), requires_grad=True)
(slope,) = tg.grad(rnn.f(p[..., 0], p[..., 1]).sum(), [p])
steepness = np.linalg.norm(slope.numpy(), axis=-1)
print(f"gradient's length: median {np.median(steepness):.2f}, largest {steepness.max():.0f}")
assert steepness.max() > 50 * np.median(steepness)

free, clipped = (
    analysis.race("rnn", steps=40, lr=0.1, clip=clip, contenders=CONTENDERS[:1]).paths[0] for clip in (None, 0.2)
)
leap, short_step = (np.linalg.norm(np.diff(path.points, axis=0), axis=1).max() for path in (free, clipped))
print(f"longest step of plain descent: {leap:.2f}, with clipping {short_step:.2f}")
assert leap > 10 * short_step

# %% [markdown]
# ## The picture
#
# The page has the paths to play with; a click on one shows the optimizer's formula with that step's numbers. In the
# picture paths lie upon each other, and show through: Adam, AdamW and AMSGrad nearly agree, and so do both forms of
# momentum with their factor of ten between the learning rates. A learning rate with which a path would leave the
# picture is passed over here, unlike above.

# %%
names = ("beale", "valley", "trap")
races = [analysis.race(name, steps=20 if FAST else 120) for name in names]
save(OUT / "11_race.png", races)
save(OUT / "11_race.html", races)
for race in races:
    assert race.paths[0].result <= race.paths[-1].result
    print(f"{race.title}: lowest {race.paths[0].contender.name}, {race.paths[0].result:.2g}")

# %% [markdown]
# ## What to try next
#
# - Write the lecture's form of Nesterov's method, with an average in place of the sum. `optim.SGD(nesterov=True,
#   ema=True)` is that: with what learning rate does it agree with the other?
# - Give `valley` a steepness of 10,000. Which optimizers do not notice, and why?
# - Let `analysis.race("saddle")` start exactly on the ridge, at $y = 0$. Who leaves it?
