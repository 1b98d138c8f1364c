"""A whole training step on a GPU, ours and PyTorch's with cuDNN, on the same numbers in the same run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import tinygrad_seq as tg
from tinygrad_seq import nn
from tinygrad_seq.analysis.bench.timing import Timed, interleaved
from tinygrad_seq.backend import get_backend, use_backend
from tinygrad_seq.errors import OutOfMemoryError

from .task import Task
from .training_step import TrainingStep

__all__ = ["TASKS", "crossing", "graphed", "ours", "passes", "recorded", "spread", "theirs", "unrolled"]

TASKS = {
    "S": Task("lstm", "dense", 32, 50, 128),
    "M": Task("lstm", "dense", 50, 100, 256),
    "M-gru": Task("gru", "dense", 50, 100, 256),
    "L": Task("lstm", "dense", 64, 64, 512, 2),
    "XL": Task("lstm", "dense", 128, 256, 1024, 2),
}

MLSTM = Task("mlstm", "dense", 128, 256, 4096)
CELLS = {"lstm": nn.LSTM, "gru": nn.GRU, "rnn": nn.RNN, "mlstm": nn.MLSTM}
DEVICE = "cuda"

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


def recorded(task: Task, backend: str) -> tuple[Step, Callable[[], None], Callable[[], float]]:
    """Return the same with loss and gradients recorded once and replayed, as `train(replay=True)` does."""
    place = get_backend(backend)
    with use_backend(backend):
        step = TrainingStep(task)
        for _ in range(2):
            step.backward(step.forward())  # compiles, fills pools: nothing of it may happen while recording

        def run(weights: list[Any], inputs: list[Any]) -> list[Any]:
            step.backward(step.forward())
            return []

        again = place.capture(run, [], [])
    if again is None:
        raise RuntimeError("the backend does not record")

    def once() -> None:
        with use_backend(backend):
            again(1)
            step.update()

    return once, place.synchronize, lambda: float(step.forward().item())


def theirs(task: Task, tf32: bool) -> tuple[Step, Callable[[], None], Callable[[], float]]:
    """Return the same for PyTorch, eager, on CUDA. Raises ImportError or RuntimeError where there is none."""
    torch = with_cuda(tf32)
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


def with_cuda(tf32: bool) -> Any:
    """Return PyTorch, its TF32 switched on or off. Raises ImportError or RuntimeError where there is no CUDA for it."""
    import torch

    if not torch.cuda.is_available():
        raise RuntimeError("PyTorch finds no CUDA")
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = tf32
    return torch


def graphed(task: Task, tf32: bool) -> tuple[Step, Callable[[], None]]:
    """Return PyTorch's step with its net recorded by `torch.cuda.make_graphed_callables`: its own replayed step."""
    torch = with_cuda(tf32)
    x, y = (torch.from_numpy(a).cuda() for a in task.data())
    make = {"lstm": torch.nn.LSTM, "gru": torch.nn.GRU, "rnn": torch.nn.RNN}[task.cell]

    class Net(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.net, self.head = make(task.features, task.H, task.layers), torch.nn.Linear(task.H, task.V)

        def forward(self, x: Any) -> Any:
            return self.head(self.net(x)[0])

    net = Net().cuda()
    optimizer = torch.optim.Adam(net.parameters(), capturable=True)
    run = torch.cuda.make_graphed_callables(net, (x,))

    def once() -> None:
        optimizer.zero_grad(set_to_none=False)
        torch.nn.functional.cross_entropy(run(x).reshape(-1, task.V), y.reshape(-1)).backward()
        optimizer.step()

    return once, torch.cuda.synchronize


def passes(task: Task, backend: str, dtype: str) -> tuple[Step, Callable[[], None]]:
    """Return one pass through the recurrent net alone, there and back, on a backend and in a type of numbers."""
    place = get_backend(backend)
    with use_backend(backend):
        net = CELLS[task.cell](task.features, task.H, task.layers, dtype=dtype)
        x = tg.tensor(np.random.default_rng(0).standard_normal((task.T, task.B, task.features)).astype(dtype))

    def once() -> None:
        with use_backend(backend):
            net.zero_grad()
            net(x).output.sum().backward()

    return once, place.synchronize


def their_passes(task: Task, dtype: str, tf32: bool) -> tuple[Step, Callable[[], None]]:
    """Return the same of PyTorch: cuDNN's nets, and the mLSTM unrolled, which cuDNN has not."""
    torch = with_cuda(tf32)
    kind = getattr(torch, dtype)
    x = torch.randn(task.T, task.B, task.features, device="cuda", dtype=kind)
    if task.cell == "mlstm":
        parameters, run = unrolled(torch, task, kind)
    else:
        make = {"lstm": torch.nn.LSTM, "gru": torch.nn.GRU, "rnn": torch.nn.RNN}[task.cell]
        net = make(task.features, task.H, task.layers).cuda().to(kind)
        parameters, run = list(net.parameters()), lambda x: net(x)[0]

    def once() -> None:
        for p in parameters:
            p.grad = None
        run(x).sum().backward()

    return once, torch.cuda.synchronize


def unrolled(torch: Any, task: Task, kind: Any) -> tuple[list[Any], Callable[[Any], Any]]:
    """Return the mLSTM's weights, and its loop over steps as one writes it in PyTorch."""
    I, H = task.features, task.H
    shapes = ((4 * H, I), (4 * H, H), (H, I), (H, H), (4 * H,))
    parameters = [torch.randn(*s, device=DEVICE, dtype=kind).mul_(H**-0.5).requires_grad_() for s in shapes]
    W_ih, W_hh, W_mx, W_mh, b = parameters

    def run(x: Any) -> Any:
        h = c = torch.zeros(x.shape[1], H, device=DEVICE, dtype=kind)
        ax, mx, hs = x @ W_ih.T + b, x @ W_mx.T, []
        for t in range(len(x)):
            m = mx[t] * (h @ W_mh.T)
            i, f, g, o = (ax[t] + m @ W_hh.T).chunk(4, dim=1)
            c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
            h = torch.sigmoid(o) * torch.tanh(c)
            hs.append(h)
        return torch.stack(hs)

    return parameters, run


def crossing(ratios: dict[int, float]) -> int | None:
    """Return the smallest H from which on the GPU is the faster one (its time over NumPy's below 1); None if never."""
    faster = None
    for H in sorted(ratios, reverse=True):
        if ratios[H] >= 1:
            break
        faster = H
    return faster


def renamed(task: Task) -> dict[str, Any]:
    """Return the recurrent weights under PyTorch's names."""
    whole = {"W_ih": "weight_ih", "W_hh": "weight_hh", "b_ih": "bias_ih", "b_hh": "bias_hh"}
    return {whole[name[:4]] + name[4:]: W for name, W in task.weights().items() if name[:4] in whole}


def spread(once: Step, wait: Callable[[], None], seconds: float) -> dict[str, float | int]:
    """Return the milliseconds of a step: issued by the host, and done by the device; median, least, most of repeats."""
    found = interleaved({"step": Timed(once, wait)}, seconds)
    if not found:
        raise OutOfMemoryError("out of memory")
    return found["step"]._asdict()
