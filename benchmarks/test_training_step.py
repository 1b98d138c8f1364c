"""A small character model: a step of training, its parts, and writing text."""

import numpy as np
import pytest

import tinygrad_seq as tg
from tinygrad_seq import functional as F
from tinygrad_seq import optim

from .floor import floor
from .task import CELLS, SIZES, task
from .training_step import TrainingStep, char_lm

OPTIMIZERS = {"SGD": optim.SGD, "RMSprop": optim.RMSprop, "Adam": optim.Adam}
STEPS = [f"{size}-{cell}" for size in ("XS", "S") for cell in CELLS[size]]


@pytest.mark.parametrize("name", [*STEPS, "S-lstm-embedding", "S-lstm-dense"])
def test_training_step(benchmark, backend, name):
    benchmark.group = f"training steps: {name.partition('-')[0]}, {SIZES[name.partition('-')[0]]}"
    step = TrainingStep(task(name))
    first = step()
    assert benchmark(step) < first


@pytest.mark.parametrize("name", STEPS)
def test_training_step_in_a_loop_of_ones_own(benchmark, backend, name):
    """Nothing recorded: what the graph and its checks cost beside the group above."""
    benchmark.group = f"training steps: {name.partition('-')[0]}, {SIZES[name.partition('-')[0]]}"
    step = TrainingStep(task(name))

    def whole():
        loss = step.forward()
        step.backward(loss)
        step.update()
        return loss.item()

    first = whole()
    assert benchmark(whole) < first


@pytest.mark.parametrize("name", STEPS)
def test_its_matrix_products_alone(benchmark, name):
    """The floor beneath the group above: see floor.py."""
    benchmark.group = f"training steps: {name.partition('-')[0]}, {SIZES[name.partition('-')[0]]}"
    benchmark(floor(task(name)))


@pytest.mark.benchmark(group="training steps: forward alone, without a graph, S")
@pytest.mark.parametrize("cell", CELLS["S"])
def test_forward_without_gradients(benchmark, backend, cell):
    step = TrainingStep(task(f"S-{cell}"))
    step.model.eval()
    with tg.no_grad():
        loss = benchmark(step.forward)
    assert loss.node is None


@pytest.mark.benchmark(group="training steps: softmax cross-entropy, forward and backward, 1600 x 96")
def test_cross_entropy(benchmark, backend):
    logits = tg.randn(1600, 96, requires_grad=True)
    y = np.random.default_rng(0).integers(0, 96, 1600)

    def forward_backward():
        logits.grad = None
        F.cross_entropy(logits, y).backward()
        return logits.grad.numpy()

    assert abs(benchmark(forward_backward).sum()) < 1e-4


@pytest.mark.benchmark(group="optimizers: one step, weights of the LSTM model at S")
@pytest.mark.parametrize("kind", OPTIMIZERS)
def test_optimizer_step(benchmark, backend, kind):
    step = TrainingStep(task("S-lstm"))
    optimizer = OPTIMIZERS[kind](step.model, lr=1e-4)
    step.backward(step.forward())

    def update():
        optimizer.step()
        return step.model.head.bias.detach().numpy()

    assert np.all(np.isfinite(benchmark(update)))


@pytest.mark.benchmark(group="optimizers: clipping the norm, weights of the LSTM model at S")
def test_clipping(benchmark, backend):
    step = TrainingStep(task("S-lstm"))
    step.backward(step.forward())
    assert float(benchmark(optim.clip_grad_norm_, step.model.parameters(), 1e6)) > 0


@pytest.mark.parametrize("size", ["S", "M"])
@pytest.mark.parametrize("cell", CELLS["S"])
def test_generation(benchmark, backend, size, cell):
    benchmark.group = f"generation: 100 characters written, {SIZES[size][2]} units"
    model = char_lm(task(f"{size}-{cell}"))
    assert len(benchmark(model.generate, length=100)) == 100
