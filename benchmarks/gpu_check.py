"""Everything that a GPU has to show, in ten minutes: `python -m benchmarks.gpu_check`.

In this order, so that a run that is cut short has the most important: the constants of the device, the tests on it,
gradients in float64, loss curves beside NumPy, then times beside PyTorch. Written to results/gpu-<device>-<date>.json.
Where there is no GPU it says so and writes nothing.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from time import perf_counter
from typing import Any

import numpy as np

import tinygrad_seq as tg
from tinygrad_seq import nn
from tinygrad_seq.autograd import gradcheck
from tinygrad_seq.backend import get_backend, use_backend
from tinygrad_seq.errors import BackendUnavailableError

from .gpu_constants import constants
from .gpu_steps import TASKS, ours, spread, theirs
from .report import HERE, machine, table, write

__all__ = ["main"]

KERNELS = HERE.parent / "backends" / "tinygrad_seq_cupy" / "kernels"
TESTS = ("tests/fake_device/test_backend_contract.py", "tests/nn/test_kernels.py", "tests/ops/test_op_table.py")
NETS = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU, "mlstm": nn.MLSTM}
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
        "gradients": gradients,
        "curves": curves,
        "tests": lambda: tests(max(until - perf_counter() - 180, 60)),
        "sanitizer": sanitized,
        "steps": lambda: steps(cupy, until),
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
    digest = hashlib.sha256()
    for path in sorted(KERNELS.glob("*.*")):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()


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


def gradients() -> bool | str:
    """Check every kernel's gradients in float64 against finite differences, with a mask and resets."""
    rng = np.random.default_rng(0)
    mask, reset = rng.random((4, 3)) < 0.7, rng.random((4, 3)) < 0.3
    with use_backend("cupy"):
        for name, make in NETS.items():
            net = make(2, 3, bidirectional=True, path="fused", dtype="float64")
            x = tg.tensor(rng.standard_normal((4, 3, 2)), requires_grad=True)
            inputs = [x, *net.parameters()]
            try:
                gradcheck(lambda x, *_, net=net: net(x, mask=mask, reset=reset).output, inputs, full=False)
            except tg.errors.GradientError as error:
                return f"{name}: {error}"
    return True


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
    tf32 = os.environ.get("CUPY_TF32", "0") != "0"
    found: dict[str, Any] = {}
    for name, task in TASKS.items():
        if perf_counter() > until:
            found[name] = "skipped: out of time"
            continue
        once, wait, loss = ours(task, "cupy")
        found[name] = {"loss": loss(), "ours": spread(once, wait, 5)}
        try:
            once, wait, loss = theirs(task, tf32)
        except (ImportError, RuntimeError) as error:
            found[name]["torch"] = f"not measured: {error}"
        else:
            found[name] |= {"torch_loss": loss(), "torch": spread(once, wait, 5)}
        cupy.get_default_memory_pool().free_all_blocks()
    return found


def show(found: dict[str, Any] | str) -> None:
    """Print the steps as a table."""
    if isinstance(found, str):
        return
    rows = []
    for name, entry in found.items():
        if isinstance(entry, str) or isinstance(entry["torch"], str):
            rows.append((name, entry if isinstance(entry, str) else f"{entry['ours']['median_ms']:.3f}", "", ""))
            continue
        mine, other = entry["ours"]["median_ms"], entry["torch"]["median_ms"]
        rows.append((name, f"{mine:.3f}", f"{other:.3f}", f"{mine / other:.2f}"))
    print(table(("step", "ours, ms", "PyTorch, ms", "ratio"), rows))


if __name__ == "__main__":
    sys.exit(main())
