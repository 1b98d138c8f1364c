"""What a closure per number of inputs is worth: one chain of operations through `binary` and through `nary`.

    python -m benchmarks.arity

Interleaved in one process; prints microseconds per operation, forward and backward, the minimum of many rounds, and the
ratio.
"""

from __future__ import annotations

from collections.abc import Callable
from time import process_time
from typing import Any

import numpy as np

import tinygrad_seq as tg
from tinygrad_seq.engine.apply import binary, nary
from tinygrad_seq.ops.arithmetic import Add, Multiply

OPS, SIZE, ROUNDS = 1000, 64, 60


def chain(multiply: Callable[..., Any], add: Callable[..., Any], w: Any, b: Any) -> float:
    """Return the seconds that one chain takes, forward and backward."""
    before = process_time()
    x = w
    for _ in range(OPS // 2):
        x = add(multiply(x, w), b)
    x.sum().backward()
    w.grad = None
    return process_time() - before


def main() -> None:
    w = tg.tensor(np.full(SIZE, 1.0001, np.float32), requires_grad=True)
    b = tg.tensor(np.full(SIZE, 1e-4, np.float32))
    forms = {"binary": (binary(Multiply), binary(Add)), "nary": (nary(Multiply), nary(Add))}
    times: dict[str, list[float]] = {name: [] for name in forms}
    for _ in range(ROUNDS):
        for name, (multiply, add) in forms.items():
            times[name].append(chain(multiply, add, w, b))
    best = {name: min(seconds) / OPS * 1e6 for name, seconds in times.items()}
    for name, microseconds in best.items():
        print(f"{name:7} {microseconds:.2f} us per operation, forward + backward")
    print(f"ratio   {best['nary'] / best['binary']:.2f}")


if __name__ == "__main__":
    main()
