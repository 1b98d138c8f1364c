"""Everything that a GPU has to show, in ten minutes: `python -m benchmarks.gpu_check`.

In this order, so that a run that is cut short has the most important: the constants of the device, the tests on it,
gradients in float64, loss curves beside NumPy, then times and memory beside PyTorch, and where NumPy is faster. Written
to results/gpu-<device>-<date>.json.
Where there is no GPU it says so and writes nothing.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from itertools import product
from time import perf_counter
from typing import Any
from unittest.mock import patch

import numpy as np
from tinygrad_seq_cupy.kernels.device import Chip

import tinygrad_seq as tg
from tinygrad_seq import nn
from tinygrad_seq.analysis.bench.machine import kernel_hash as hash_of_files
from tinygrad_seq.autograd import gradcheck
from tinygrad_seq.backend import get_backend, use_backend
from tinygrad_seq.errors import BackendUnavailableError

from .gpu_constants import constants
from .gpu_figures import HEAD, rows
from .gpu_steps import MLSTM, TASKS, crossing, graphed, ours, passes, recorded, spread, their_passes, theirs, with_cuda
from .report import HERE, machine, table, write

__all__ = ["main"]

KERNELS = HERE.parent / "backends" / "tinygrad_seq_cupy" / "kernels"
TESTS = ("tests/fake_device/test_backend_contract.py", "tests/nn/test_kernels.py", "tests/ops/test_op_table.py")
NETS = {
    "rnn": nn.RNN,
    "lstm": nn.LSTM,
    "gru": nn.GRU,
    "gru, reset before": partial(nn.GRU, reset_after=False),
    "mlstm": nn.MLSTM,
}
STEPS = 200


def main(arguments: list[str] | None = None) -> int:
    """Measure what the time allows; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0, help="begin nothing new after this time")
    asked = parser.parse_args(arguments)
    try:
        cupy = get_backend("cupy").cupy
    except BackendUnavailableError as error:
        print(f"Not measured: {error}")
        return 1
    until = perf_counter() + 60 * asked.minutes
    parts: dict[str, Callable[[], Any]] = {
        "constants": lambda: constants(cupy),
        "gradients": lambda: gradients(ways(cupy)),
        "curves": curves,
        "tests": lambda: tests(max(until - perf_counter() - 180, 60)),
        "sanitizer": sanitized,
        "steps": lambda: steps(cupy, until),
        "ways": lambda: times_by_way(cupy, until),
        "passes": lambda: both_passes(cupy, until),
        "crossover": lambda: crossover(until),
    }
    results = {"device": device(cupy), "environment": machine(1), "kernels": kernel_hash()}
    for name, part in parts.items():
        results[name] = part() if perf_counter() < until else "skipped: out of time"
        print(f"{name}: {results[name]}", flush=True)
    day = datetime.now(UTC).date().isoformat()
    write(f"gpu-{re.sub(r'[^a-z0-9]+', '-', results['device']['name'].lower())}-{day}", results)
    show(results["steps"])
    good = results["gradients"] is True and not isinstance(results["tests"], str) and results["tests"]["code"] == 0
    return 0 if good else 1


def device(cupy: Any) -> dict[str, Any]:
    """Return what the numbers depend on besides the host."""
    runtime = cupy.cuda.runtime
    properties = runtime.getDeviceProperties(cupy.cuda.Device().id)
    return {
        "name": properties["name"].decode(),
        "compute_capability": cupy.cuda.Device().compute_capability,
        "memory_GB": round(properties["totalGlobalMem"] / 1e9, 1),
        "driver": runtime.driverGetVersion(),
        "cuda": runtime.runtimeGetVersion(),
        "cupy": cupy.__version__,
        "tf32": os.environ.get("CUPY_TF32", "0"),
    }


def kernel_hash() -> str:
    """Return the SHA-256 of all kernels and their host code: results belong to it."""
    return hash_of_files(KERNELS)


def tests(seconds: float) -> dict[str, Any]:
    """Run the tests that take the backend, on this one too."""
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-k", "cupy or cuda and not cpu", *TESTS]
    try:
        done = subprocess.run(command, cwd=HERE.parent, capture_output=True, text=True, timeout=seconds, check=False)
    except subprocess.TimeoutExpired:
        return {"code": None, "said": f"not done after {seconds:.0f} s"}
    return {"code": done.returncode, "said": (done.stdout.strip().splitlines() or [""])[-1]}


def sanitized(seconds: float = 60) -> dict[str, str] | str:
    """Run a training step of every net under NVIDIA's compute-sanitizer, where it is installed and allowed."""
    if shutil.which("compute-sanitizer") is None:
        return "not measured: compute-sanitizer is not installed"
    found = {}
    program = [sys.executable, "-c", "from benchmarks.gpu_check import curves; curves(count=1)"]
    for tool in ("memcheck", "racecheck"):
        command = ["compute-sanitizer", "--tool", tool, "--error-exitcode", "9", *program]
        try:
            done = subprocess.run(
                command, cwd=HERE.parent, capture_output=True, text=True, timeout=seconds, check=False
            )
        except subprocess.TimeoutExpired:
            found[tool] = f"not done after {seconds:.0f} s"
        else:
            found[tool] = "clean" if done.returncode == 0 else "\n".join(done.stdout.splitlines()[-5:])
    return found


def ways(cupy: Any) -> dict[str, Chip]:
    """Return what the device is to be taken for, so that sequences go each of their ways."""
    chip = get_backend("cupy").gpu.chip
    return {"as decided": chip, "grid": chip._replace(capability=80), "step by step": chip._replace(capability=0)}


@contextmanager
def taken_for(chip: Chip | None) -> Iterator[None]:
    """Inside the block the device is taken for another; None: for what it is."""
    if chip is None:
        yield
        return
    with patch.object(type(get_backend("cupy").gpu), "chip", chip):
        yield


def gradients(chips: Mapping[str, Chip | None]) -> bool | str:
    """Check every kernel's gradients in float64 against finite differences, with a mask and resets, by every way."""
    rng = np.random.default_rng(0)
    mask, reset = rng.random((4, 3)) < 0.7, rng.random((4, 3)) < 0.3
    for (by, chip), (name, make) in product(chips.items(), NETS.items()):
        with use_backend("cupy"), taken_for(chip):
            net = make(2, 3, bidirectional=True, path="fused", dtype="float64")
            x = tg.tensor(rng.standard_normal((4, 3, 2)), requires_grad=True)
            inputs = [x, *net.parameters()]
            try:
                gradcheck(lambda x, *_, net=net: net(x, mask=mask, reset=reset).output, inputs, full=False)
            except tg.errors.GradientError as error:
                return f"{name}, {by}: {error}"
    return True


def times_by_way(cupy: Any, until: float) -> dict[str, Any]:
    """Time recorded steps by every way: does `placement` decide for the fastest?"""
    found: dict[str, Any] = {}
    for (name, task), (by, chip) in product(TASKS.items(), ways(cupy).items()):
        if perf_counter() < until and name != "XL":
            with taken_for(chip):
                found[f"{name}, {by}"] = measured(lambda task=task: recorded(task, "cupy")[:2], 2)
    return found


def curves(backend: str = "cupy", count: int = STEPS) -> dict[str, Any]:
    """Return the largest relative distance of two loss curves, NumPy's and the GPU's, from the same start."""
    found = {}
    for cell in ("lstm", "gru", "rnn"):
        task = TASKS["S"]._replace(cell=cell, B=8, T=20, H=32)
        two = []
        for name in ("numpy", backend):
            once, _, loss = ours(task, name)
            curve = []
            for _ in range(count):
                curve.append(loss())
                once()
            two.append(np.array(curve))
        found[cell] = {"largest_distance": float(np.abs(two[1] / two[0] - 1).max()), "last_loss": float(two[0][-1])}
    return found


def steps(cupy: Any, until: float) -> dict[str, Any]:
    """Time training steps, ours and PyTorch's in turn, in the precision that CUPY_TF32 asks for on both sides."""
    tf32 = is_tf32()
    found: dict[str, Any] = {}
    for name, task in TASKS.items():
        if perf_counter() > until:
            found[name] = "skipped: out of time"
            continue
        cupy.get_default_memory_pool().free_all_blocks()
        once, wait, loss = ours(task, "cupy")
        found[name] = {"loss": loss(), "eager": spread(once, wait, 3), "held_MB": held(cupy)}
        found[name]["ours"] = measured(lambda task=task: recorded(task, "cupy")[:2], 3)
        try:
            torch = with_cuda(tf32)
            torch.cuda.reset_peak_memory_stats()
            once, wait, loss = theirs(task, tf32)
        except (ImportError, RuntimeError) as error:
            found[name]["torch"] = f"not measured: {error}"
        else:
            found[name] |= {"torch_loss": loss(), "torch": spread(once, wait, 3)}
            found[name]["torch_peak_MB"] = torch.cuda.max_memory_allocated() / 1e6
            found[name]["torch_graphed"] = measured(lambda task=task: graphed(task, tf32), 3)
    return found


def held(cupy: Any) -> float:
    """Return the megabytes that CuPy's pool has asked for since it was emptied: the peak, and what it keeps spare."""
    return float(cupy.get_default_memory_pool().total_bytes() / 1e6)


def measured(make: Callable[[], Any], seconds: float) -> dict[str, float | int] | str:
    """Return the times of what `make` makes, or why there are none."""
    try:
        once, wait = make()
        return spread(once, wait, seconds)
    except (ImportError, MemoryError, RuntimeError) as error:
        return f"not measured: {error}"


def both_passes(cupy: Any, until: float) -> dict[str, Any]:
    """Time passes through recurrent nets alone, in float16, and through a large mLSTM, ours and PyTorch's in turn."""
    tf32 = is_tf32()
    found: dict[str, Any] = {}
    for name, task, dtype in (
        *((f"{size}, float16", TASKS[size], "float16") for size in ("S", "M", "L")),
        ("mLSTM", MLSTM, "float32"),
    ):
        if perf_counter() > until:
            found[name] = "skipped: out of time"
            continue
        cupy.get_default_memory_pool().free_all_blocks()
        mine = measured(lambda task=task, dtype=dtype: passes(task, "cupy", dtype), 3)
        found[name] = {"ours": mine, "torch": measured(lambda t=task, d=dtype: their_passes(t, d, tf32), 3)}
    return found


def crossover(until: float) -> dict[str, Any]:
    """Time steps on NumPy and on the GPU over H, a cell after the other: from which H on does the GPU win?"""
    found: dict[str, Any] = {}
    for cell in ("lstm", "gru", "rnn"):
        ratios = {}
        for H in (16, 32, 64, 128, 256):
            if perf_counter() < until:
                task = TASKS["S"]._replace(cell=cell, H=H)
                host, gpu = (spread(*ours(task, backend)[:2], 0.5)["median_ms"] for backend in ("numpy", "cupy"))
                ratios[H] = gpu / host
        found[cell] = {"gpu_over_numpy": ratios, "gpu_wins_from_H": crossing(ratios)}
    return found


def is_tf32() -> bool:
    """Tell whether TF32 is asked for, on both sides."""
    return os.environ.get("CUPY_TF32", "0") != "0"


def show(found: dict[str, Any] | str) -> None:
    """Print the steps as a table."""
    if isinstance(found, str):
        return
    print(table(HEAD, rows(found)))


if __name__ == "__main__":
    sys.exit(main())
