# %% [markdown]
# # 03 · The RNN's equations, the cycle, unrolling to a DAG
#
# ## The idea
#
# A recurrent net reads its own last output:
#
# $$h_t = \tanh(W_{ih}\,x_t + b_{ih} + W_{hh}\,h_{t-1} + b_{hh}), \qquad h_{-1} = 0$$
#
# Drawn as a network it is a loop: $h$ needs $h$. But backpropagation walks a graph in topological order, and a graph
# with a cycle has none. The way out is in the index: $h_t$ does not need $h_t$, it needs $h_{t-1}$. Drawn once for
# every time step, with the same weights each time, there is no cycle.

# %%
import graphlib
from pathlib import Path

import numpy as np

import tinygrad_seq as tg
from tinygrad_seq import nn, scope, viz

OUT = Path("runs/tutorials")
rng = np.random.default_rng(0)
T, B, I, H = 5, 2, 3, 4
x = tg.tensor(rng.standard_normal((T, B, I)))

# %% [markdown]
# ## The cycle
#
# Who reads whom, as one writes it down from the equation. Python's own topological sort refuses it, and names the loop.

# %%
rolled = {"h": ["x", "h", "W_ih", "W_hh"], "y": ["h", "W_hy"]}
try:
    list(graphlib.TopologicalSorter(rolled).static_order())
except graphlib.CycleError as error:
    cycle = error.args[1]
print("refused:", cycle)
assert cycle == ["h", "h"]

# %% [markdown]
# With an index for time it sorts. The weights stand there once: every step reads the same ones.

# %%
unrolled = {}
for t in range(T):
    unrolled[f"h{t}"] = [f"x{t}", "W_ih", "W_hh"] + ([f"h{t - 1}"] if t else [])
    unrolled[f"y{t}"] = [f"h{t}", "W_hy"]
order = list(graphlib.TopologicalSorter(unrolled).static_order())
assert [name for name in order if name.startswith("h")] == ["h0", "h1", "h2", "h3", "h4"]

# %% [markdown]
# ## The long way
#
# The equation, line by line. `scope.steps` is a plain loop that tells the engine, for pictures and error messages,
# which step it is at.

# %%
W_ih, W_hh = (tg.tensor(rng.uniform(-0.5, 0.5, (H, n)), requires_grad=True) for n in (I, H))
b_ih, b_hh = (tg.tensor(rng.uniform(-0.5, 0.5, H), requires_grad=True) for _ in range(2))


def long_way(x):
    h = tg.zeros((B, H), dtype="float64")
    hs = []
    for x_t in scope.steps(x):
        h = tg.tanh(x_t @ W_ih.T + b_ih + h @ W_hh.T + b_hh)
        hs.append(h)
    return tg.stack(hs)


output = long_way(x)
assert output.shape == (T, B, H)

# %% [markdown]
# ## The short way

# %%
rnn = nn.RNN(I, H, dtype="float64")
rnn.load_state_dict({"weight_ih_l0": W_ih, "weight_hh_l0": W_hh, "bias_ih_l0": b_ih, "bias_hh_l0": b_hh})
short, state = rnn(x)
assert np.abs((short - output).detach().numpy()).max() < 1e-12
assert np.array_equal(state[0].detach().numpy(), short[-1].detach().numpy())  # the state is the last output

# %% [markdown]
# They agree in their gradients too, since what ran is the same graph.

# %%
g_long = tg.grad((output**2).sum(), [W_ih, W_hh, b_ih, b_hh])
g_short = tg.grad((short**2).sum(), list(rnn.parameters()))
assert all(np.abs((a - b).numpy()).max() < 1e-12 for a, b in zip(g_long, g_short, strict=True))

# %% [markdown]
# ## What ran is a DAG
#
# The record of a run knows what every operation read. Each reads earlier ones only: the record is in topological order
# as it was made, and backpropagation takes it from the end. The weight $W_{hh}$ is one node that all five steps read.

# %%
with tg.record(expand=True) as tape:
    loss = (rnn(x).output ** 2).sum()
    loss.backward()
assert all(i < entry.id for entry in tape.nodes for i in entry.inputs if i is not None)
assert sorted({t for _, t in tape.steps()}) == [0, 1, 2, 3, 4]
assert sum(entry.kind == "parameter" for entry in tape.nodes) == 4
print(f"{len(tape.nodes)} nodes over {T} steps, 4 of them parameters")

# %% [markdown]
# ## The picture
#
# Time runs to the right, one column for each step. The page is the same graph to play with: press "Roll up" and then
# "Sort topologically" to see where the sort stops.

# %%
picture = viz.graph(tape, collapse="cell")
picture.save(OUT / "03_unrolled.svg")
viz.page(tape, title="A recurrent net, unrolled").save(OUT / "03_unrolled.html")
picture

# %% [markdown]
# ## What to try next
#
# - Let $h_t$ read $h_{t-2}$ as well. Does the unrolled graph still sort? What would it take to make it fail?
# - Give the net a sequence of one step. What is left of the cycle?
# - `nn.RNN(..., bidirectional=True)` runs a second net from the end. Draw it: is that a DAG?
