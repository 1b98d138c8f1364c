# %% [markdown]
# # 15 · CPU against GPU: write a backend, benchmark it, read a roofline
#
# ## The idea
#
# A machine has two peaks: how fast it computes, $\pi$ in floating-point operations per second, and how fast it moves
# numbers, $\beta$ in bytes per second. A program that does $F$ operations on $M$ bytes takes at least
#
# $$\text{time} \ge \max(F / \pi,\; M / \beta), \qquad
#   \text{so its speed is at most } \min(\pi,\; \beta\, F / M).$$
#
# $F / M$ is its intensity. Over it this bound is a roof: a slope, where memory decides, and a flat part, where
# arithmetic does. A GPU has both peaks higher and pays for every call: only what is large and intense gets near them.

# %%
import os
import time
from pathlib import Path
from types import MappingProxyType

import matplotlib.pyplot as plt
import numpy as np
from tinygrad_seq_numpy import NumpyBackend

import tinygrad_seq as tg
from tinygrad_seq import nn
from tinygrad_seq.analysis import bench
from tinygrad_seq.backend import register
from tinygrad_seq.errors import BackendError, TinygradSeqError

FAST = bool(os.environ.get("TINYGRAD_SEQ_FAST"))
OUT = Path("runs/tutorials")
OUT.mkdir(parents=True, exist_ok=True)
rng = np.random.default_rng(0)

# %% [markdown]
# ## The long way: a backend of our own that counts
#
# A backend is a class with an array type, a namespace of array functions and a few methods (`tinygrad_seq.backend`
# spells them). Ours computes as NumPy does, in an array type of its own that counts the operations of every matrix
# product. The engine finds it by the type: nothing else has to know of it.


# %%
class Counted(np.ndarray):
    """An array that counts 2 m k n operations for every product of (m, k) and (k, n)."""

    operations = 0

    def __matmul__(self, other):
        result = np.matmul(self.view(np.ndarray), np.asarray(other))
        Counted.operations += 2 * result.size * self.shape[-1]
        return result.view(Counted)


class Namespace:
    """NumPy's functions; whatever comes out is counted too."""

    def __getattr__(self, name):
        function = getattr(NumpyBackend.xp, name)

        def call(*args, **kwargs):
            result = function(*args, **kwargs)
            if isinstance(result, (np.ndarray, np.generic)):
                return np.asarray(result).view(Counted)
            return result

        return call


class CountingBackend(NumpyBackend):
    """NumPy's backend but for the array type; without kernels, so that every operation is seen."""

    name = "counting"
    xp = Namespace()
    array_types = (Counted,)
    kernels = MappingProxyType({})

    def from_host(self, array):
        return np.array(array).view(Counted)

    def to_host(self, array):
        return np.array(array)

    def in_place(self, program, dtype):
        return None


register(CountingBackend())

# %% [markdown]
# An LSTM on it computes the same, to the last digits, and counts what the formula says. Forward, every step multiplies
# $x_t$ and $h_{t-1}$ by their matrices, $2 B (I + H) 4H$ operations; backward makes two products of each: one for the
# gradient of what came in, one for that of the weight. The gradient of the data itself is not wanted, and not computed.

# %%
T, B, I, H = 6, 4, 5, 8
lstm = nn.LSTM(I, H, dtype="float64")
x = rng.standard_normal((T, B, I))
expected = lstm(tg.tensor(x)).output
(expected**2).sum().backward()
gradients = {name: p.grad.numpy() for name, p in lstm.named_parameters()}

lstm.to("counting")
lstm.zero_grad()
Counted.operations = 0
output = lstm(tg.Tensor(x, backend="counting")).output
forward = Counted.operations
(output**2).sum().backward()
backward = Counted.operations - forward
assert np.abs(output.detach().numpy() - expected.detach().numpy()).max() < 1e-12
for name, p in lstm.named_parameters():
    assert np.abs(p.grad.numpy() - gradients[name]).max() < 1e-10

input_part, state_part = 2 * T * B * I * 4 * H, 2 * T * B * H * 4 * H
print(f"operations: forward {forward:,} (formula {input_part + state_part:,}), backward {backward:,}")
assert forward == input_part + state_part
first_state = 2 * B * H * 4 * H  # no gradient is wanted for the zero state that it begins with
assert backward in (input_part + 2 * state_part, input_part + 2 * state_part - first_state)

# %% [markdown]
# Arrays of two backends never mix by accident: nothing is copied between devices without being asked for.

# %%
refused = None
try:
    tg.Tensor(x, backend="counting") + tg.tensor(x)
except BackendError as error:
    refused = error
print(refused)
assert refused is not None

# %% [markdown]
# ## The backend, benchmarked
#
# Any backend that is registered takes part in a benchmark by its name; on the command line it is `tinygrad-seq bench`,
# which also writes a page. First all have to agree with NumPy in double precision: who does not is given no time. Then
# they are timed turn by turn, so that what disturbs the machine disturbs all of them. (What else is done for the times
# to be fair: docs/bench.md.) NumPy competes twice where numba is installed, plain and with compiled kernels. The
# operations that a benchmark divides by time are read off a recording of the graph; our backend, which sees every
# product as it is made, must come to the same number.

# %%
able, _ = bench.contenders(["numpy", "counting"])
who = bench.runners(able)
(training,) = (case for case in bench.cases(("lstm",)) if case.kind == "training step")
sizes = [bench.Size(T=16, B=16, H=hidden) for hidden in (32, 128)]
rows = {}
for row in bench.compared(able, who, [training], sizes, seconds=0.05 if FAST else 0.3):
    rows[row.runner, row.size.H] = row
    quartiles = f"{row.timing.low_ms:.1f} to {row.timing.high_ms:.1f}"
    print(f"training step, H = {row.size.H:3}, {row.runner:<15} {row.timing.median_ms:6.1f} ms, quartiles {quartiles}")
assert all(row.distance.size < 1e-4 for row in rows.values())
for size in sizes:
    with tg.use_backend("counting"):
        job = training.make(size, "float32")
        Counted.operations = 0
        job()
    assert Counted.operations == rows["counting", size.H].work.products
    print(f"matrix products, H = {size.H:3}: {Counted.operations:,} operations, counted either way")
slower = {H: rows["counting", H].timing.least_ms / rows["numpy, plain", H].timing.least_ms for H in (32, 128)}
print("counting over plain NumPy:", {H: f"{ratio:.1f}" for H, ratio in slower.items()})
assert slower[32] > 1

# %% [markdown]
# What ours costs is a Python function around every operation, and the kernels that it goes without. That is a cost for
# each call, so that a larger net, with more to do in each, feels it less. On a GPU a call costs more still: who is
# compared must be compared at several sizes.

# %% [markdown]
# ## The short way: the roofline of this machine
#
# The peaks are measured, with the two things that the machine does best: a large matrix product, and a copy. Least time
# of several: what disturbs only adds.


# %%
def least(f, rounds=3 if FAST else 7):
    times = []
    for _ in range(rounds):
        before = time.process_time()
        f()
        times.append(time.process_time() - before)
    return min(times)


n = 384 if FAST else 768
A = rng.standard_normal((n, n)).astype(np.float32)
source = np.zeros(1 << (21 if FAST else 23), np.float32)
target = np.empty_like(source)
peak = 2 * n**3 / least(lambda: A @ A)
bandwidth = 2 * source.nbytes / least(lambda: np.copyto(target, source))
print(f"peak {peak / 1e9:.1f} GFLOP/s, {bandwidth / 1e9:.1f} GB/s, ridge at {peak / bandwidth:.1f} operations per byte")

# %% [markdown]
# Then what we care about: the forward pass of an LSTM, small and large, and one elementwise operation. Bytes are the
# least that has to be moved: what is read once and what is written once.

# %%
points = {}
for hidden in (16, 64, 256) if FAST else (16, 64, 128, 256, 512):
    steps, batch = 8, 16
    module = nn.LSTM(hidden, hidden)
    data = tg.tensor(rng.standard_normal((steps, batch, hidden)).astype(np.float32))
    with tg.no_grad():
        module(data)
        seconds = least(lambda module=module, data=data: module(data))
    operations = 2 * steps * batch * 2 * hidden * 4 * hidden
    moved = 4 * (8 * hidden**2 + 8 * hidden + steps * batch * (hidden + 4 * hidden + 2 * hidden))
    points[f"LSTM {hidden}"] = (operations / moved, operations / seconds)
big = tg.tensor(source + 1)
seconds = least(lambda: big * big)
points["multiply"] = (big.size / (3 * source.nbytes), big.size / seconds)
for name, (intensity, speed) in points.items():
    roof = min(peak, bandwidth * intensity)
    print(f"{name:<10} intensity {intensity:7.2f}, {speed / 1e9:6.2f} GFLOP/s, {speed / roof:4.0%} of its roof")
assert points["multiply"][0] < 0.1 < peak / bandwidth  # one operation for twelve bytes: memory decides
assert points["LSTM 16"][0] < points["LSTM 256"][0]  # small nets are less intense, and pay for the calls besides

# %% [markdown]
# ## And a GPU?
#
# The same program runs on any backend that is installed: `tg.use_backend("cupy")`, and `tinygrad-seq bench --backend
# numpy --backend cupy` sets one beside the other, with the size at which one overtakes the other. Where there is no GPU
# nothing is measured and nothing is guessed.

# %%
try:
    device = tg.get_backend("cupy")
    print("a GPU is here:", device.name)
except TinygradSeqError as error:
    print("GPU: not measured here.", str(error).splitlines()[0])

# %% [markdown]
# ## The picture

# %%
fig, ax = plt.subplots(figsize=(7, 4), layout="constrained")
intensities = np.geomspace(0.05, 200, 100)
ax.loglog(intensities, np.minimum(peak, bandwidth * intensities) / 1e9, color="#1c2530", label="the roof")
for name, (intensity, speed) in points.items():
    ax.loglog(intensity, speed / 1e9, "o", color="#b3450a")
    ax.annotate(name, (intensity, speed / 1e9), xytext=(-6, 4), textcoords="offset points", fontsize=8, ha="right")
ax.set(title="What this machine can do, and what we get", xlabel="operations per byte", ylabel="GFLOP/s")
ax.legend()
fig.savefig(OUT / "15_roofline.svg")

# %% [markdown]
# ## What to try next
#
# - Let `Counted` count bytes as well, in `__array_ufunc__`. How far is the plain loop from the least that is possible?
# - Multiply the batch by eight. Which points move along the roof, and in which direction?
# - `python -m benchmarks.roofline` does this for whole training steps.
