"""JAX: `lax.scan` over time, the whole training step compiled as one function that updates the weights in place."""

import os

from ...measure import cores
from ..cells import STEPS, Functions
from ..training import biases

THREADS = int(os.environ["OMP_NUM_THREADS"])

os.environ["JAX_PLATFORMS"] = "cpu"
if THREADS == 1:
    os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false"
with cores(THREADS):  # its pool gets a thread for every core that it sees when it starts
    import jax
    import jax.numpy as jnp

    jax.devices()

DISTRIBUTION = "jax"

FUNCTIONS = Functions(jax.nn.sigmoid, jnp.tanh, jnp.matmul, lambda a, n: jnp.split(a, n, axis=1))


def train(task):
    w = {name: jnp.asarray(W) for name, W in task.weights().items()}
    x, y = (jnp.asarray(array) for array in task.data())
    zeros = jnp.zeros((task.B, task.H), jnp.float32)
    start = (zeros, zeros) if task.cell == "lstm" else (zeros,)

    def loss(w):
        h = w["E"][x] if task.input == "embedding" else x
        for k in range(task.layers):
            W_ih, W_hh, b_hh = w[f"W_ih_l{k}"], w[f"W_hh_l{k}"], w[f"b_hh_l{k}"]
            Wx = (W_ih[h] if k == 0 and task.input == "onehot" else h @ W_ih) + biases(task, w, k)

            def step(state, Wx_t, W_hh=W_hh, b_hh=b_hh):
                state = STEPS[task.cell](FUNCTIONS, Wx_t, state, W_hh, b_hh)
                return state, state[0]

            _, h = jax.lax.scan(step, start, Wx)
        log_p = jax.nn.log_softmax(h @ w["W_ho"] + w["b_o"])
        return -jnp.mean(jnp.take_along_axis(log_p, y[..., None], 2))

    def adam(p, g, m, v, t):
        m = 0.9 * m + 0.1 * g
        v = 0.999 * v + 0.001 * g * g
        return p - 1e-3 * (m / (1 - 0.9**t)) / (jnp.sqrt(v / (1 - 0.999**t)) + 1e-8), m, v

    def update(t, w, m, v):
        value, g = jax.value_and_grad(loss)(w)
        new = {name: adam(w[name], g[name], m[name], v[name], t) for name in w}
        return value, t + 1, *({name: slots[i] for name, slots in new.items()} for i in range(3))

    compiled = jax.jit(update, donate_argnums=(0, 1, 2, 3))
    state = [jnp.float32(1), w, *({name: jnp.zeros_like(W) for name, W in w.items()} for _ in "mv")]

    def step():
        value, *state[:] = compiled(*state)
        return float(value)

    return step
