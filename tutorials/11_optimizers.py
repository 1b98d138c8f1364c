# %% [markdown]
# # 11 · Gradient descent and its family
#
# ## The idea
#
# With $g_t = \partial L / \partial p$ at step $t$, and $\eta$ the learning rate:
#
# $$\begin{aligned}
# \text{descent} && p &\leftarrow p - \eta g_t \\
# \text{momentum, the lecture's form} && z &\leftarrow \beta z + (1 - \beta) g_t, & p &\leftarrow p - \eta z \\
# \text{Nesterov} && &\text{momentum, its gradient taken at } p - \eta \beta z \\
# \text{Adagrad} && v &\leftarrow v + g_t^2, & p &\leftarrow p - \eta\, g_t / (\sqrt v + \epsilon) \\
# \text{RMSProp} && v &\leftarrow \alpha v + (1 - \alpha) g_t^2, & p &\leftarrow p - \eta g_t / (\sqrt v + \epsilon) \\
# \text{Adadelta} && d &= \sqrt{u + \epsilon} / \sqrt{v + \epsilon}\; g_t, & p &\leftarrow p - d \\
# \text{Adam} && m, v &\text{ averages of } g, g^2, & p &\leftarrow p - \eta\, \hat m / (\sqrt{\hat v} + \epsilon)
# \end{aligned}$$
#
# The first three differ in how they remember a direction, the others in how they choose a pace for every weight.

# %%
import os
from pathlib import Path

import numpy as np

import tinygrad_seq as tg
from tinygrad_seq import analysis, optim
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
# The lecture says so; here it is measured. The surface `trap` has a poor minimum on the way to a good one. Of a hundred
# starts on its far side, how many end in the good one? First with one small step size for both, then each with the
# step size at which most of its runs escape.

# %%
tries = {"starts": 30, "steps": 100} if FAST else {"starts": 100, "steps": 300}
two = CONTENDERS[:2]
same = analysis.escape_rates("trap", lr=0.1, contenders=two, **tries)
best = analysis.escape_rates("trap", contenders=two, **tries)
print("one learning rate:", same)
print("the best for each:", best)
assert same["momentum"] > same["SGD"] + 0.3
assert best["momentum"] > best["SGD"]

# %% [markdown]
# ## Why recurrent nets are hard to train
#
# A net that maps sequences to sequences is a function on a space without a fixed dimension: the longer the sequence,
# the more factors in every gradient (tutorial 08). In the loss that shows as plains beside cliffs. The surface `rnn` is
# a two-dimensional slice through the loss of a real net. Along it the gradient's length spans powers of ten, so that no
# single step size is right: what is careful on the plain is a leap at the cliff. Clipping cuts the leap short.

# %%
grid = 21 if FAST else 61
rnn = analysis.race("rnn", steps=2, lr=0.01, contenders=CONTENDERS[:1]).surface
x, y = np.meshgrid(np.linspace(*rnn.x, grid), np.linspace(*rnn.y, grid))
p = tg.tensor(np.stack([x, y], axis=-1), requires_grad=True)
(slope,) = tg.grad(rnn.f(p[..., 0], p[..., 1]).sum(), [p])
lengths = np.linalg.norm(slope.numpy(), axis=-1)
print(f"gradient's length: median {np.median(lengths):.2f}, largest {lengths.max():.0f}")
assert lengths.max() > 50 * np.median(lengths)

free, clipped = (
    analysis.race("rnn", steps=40, lr=0.1, clip=clip, contenders=CONTENDERS[:1]).paths[0] for clip in (None, 0.2)
)
leap, short_step = (np.linalg.norm(np.diff(path.points, axis=0), axis=1).max() for path in (free, clipped))
print(f"longest step of plain descent: {leap:.2f}, with clipping {short_step:.2f}")
assert leap > 10 * short_step

# %% [markdown]
# ## The picture
#
# The page has the paths to play with; a click on one shows the optimizer's formula with that step's numbers.

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
# - Write Nesterov's method the long way, with the gradient at $p - \eta\beta z$, and find out in which coordinates
#   `optim.SGD(nesterov=True)` walks (its docstring says).
# - Give `valley` a steepness of 10,000. Which optimizers do not notice, and why?
# - Let `analysis.race("saddle")` start exactly on the ridge, at $y = 0$. Who leaves it?
