"""A whole training step on a GPU, ours and PyTorch's with cuDNN, on the same numbers in the same run."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from time import perf_counter
from typing import Any

from tinygrad_seq.backend import get_backend, use_backend

from .task import Task
from .training_step import TrainingStep

__all__ = ["TASKS", "ours", "spread", "theirs"]

TASKS = {
    "S": Task("lstm", "dense", 32, 50, 128),
    "M": Task("lstm", "dense", 50, 100, 256),
    "M-gru": Task("gru", "dense", 50, 100, 256),
    "L": Task("lstm", "dense", 64, 64, 512, 2),
    "XL": Task("lstm", "dense", 128, 256, 1024, 2),
}

Step = Callable[[], Any]


def ours(task: Task, backend: str) -> tuple[Step, Callable[[], None], Callable[[], float]]:
    """Return one step, how to wait for it, and the loss now, on a backend. Nothing waits inside the step."""
    place = get_backend(backend)
    with use_backend(backend):
        step = TrainingStep(task)

    def once() -> None:
        with use_backend(backend):
            loss = step.forward()
            step.backward(loss)
            step.update()

    return once, place.synchronize, lambda: float(step.forward().item())


def theirs(task: Task, tf32: bool) -> tuple[Step, Callable[[], None], Callable[[], float]]:
    """Return the same for PyTorch, eager, on CUDA. Raises ImportError or RuntimeError where there is none."""
    import torch

    if not torch.cuda.is_available():
        raise RuntimeError("PyTorch finds no CUDA")
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = tf32
    x, y = (torch.from_numpy(a).cuda() for a in task.data())
    make = {"lstm": torch.nn.LSTM, "gru": torch.nn.GRU, "rnn": torch.nn.RNN}[task.cell]
    net, head = make(task.features, task.H, task.layers).cuda(), torch.nn.Linear(task.H, task.V).cuda()
    net.load_state_dict({n: torch.from_numpy(a.T.copy()) for n, a in renamed(task).items()})
    outer = task.weights()
    head.load_state_dict(
        {"weight": torch.from_numpy(outer["W_ho"].T.copy()), "bias": torch.from_numpy(outer["b_o"].copy())}
    )
    optimizer = torch.optim.Adam([*net.parameters(), *head.parameters()])

    def loss() -> Any:
        return torch.nn.functional.cross_entropy(head(net(x)[0]).reshape(-1, task.V), y.reshape(-1))

    def once() -> None:
        optimizer.zero_grad(set_to_none=True)
        loss().backward()
        optimizer.step()

    return once, torch.cuda.synchronize, lambda: float(loss().item())


def renamed(task: Task) -> dict[str, Any]:
    """Return the recurrent weights under PyTorch's names."""
    whole = {"W_ih": "weight_ih", "W_hh": "weight_hh", "b_ih": "bias_ih", "b_hh": "bias_hh"}
    return {whole[name[:4]] + name[4:]: W for name, W in task.weights().items() if name[:4] in whole}


def spread(once: Step, wait: Callable[[], None], seconds: float) -> dict[str, float | int]:
    """Return the milliseconds of a step: issued by the host, and done by the device; median, least, most of repeats."""
    for _ in range(3):
        once()  # compiles, fills pools, chooses algorithms
    wait()
    issued, done = [], []
    until = perf_counter() + seconds
    while len(done) < 5 or (perf_counter() < until and len(done) < 50):
        start = perf_counter()
        once()
        issued.append(1e3 * (perf_counter() - start))
        wait()
        done.append(1e3 * (perf_counter() - start))
    return {
        "median_ms": statistics.median(done),
        "least_ms": min(done),
        "most_ms": max(done),
        "issue_ms": statistics.median(issued),
        "repeats": len(done),
    }
