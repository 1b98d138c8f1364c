"""Every kernel on arrays of odd sizes, as its own host code allocates them; run by test_bounds under AddressSanitizer.

Given two texts, the first is replaced by the second in the kernels before they are compiled.
"""

from __future__ import annotations

import sys
from functools import partial
from importlib.resources import files
from itertools import product

import numpy as np
from tinygrad_seq_cupy.kernels import kernels_on, sources
from tinygrad_seq_cupy.kernels.clip import clipped
from tinygrad_seq_cupy.kernels.device import Chip
from tinygrad_seq_cupy.kernels.program import runner
from tinygrad_seq_cupy.kernels.uniform import uniform
from tinygrad_seq_fake import DeviceArray, FakeBackend

import tinygrad_seq as tg
from tinygrad_seq import functional as F
from tinygrad_seq import nn
from tinygrad_seq.backend import Key, register, use_backend
from tinygrad_seq.optim import Adam, clip_grad_norm_

from . import on_cpu
from .on_cpu import NOTHING, OnCpu

SANITIZERS = ["-O0", "-g1", "-fsanitize=address,alignment,bounds,null", "-fno-sanitize-recover=all"]
NETS = (nn.RNN, nn.LSTM, nn.GRU, partial(nn.GRU, reset_after=False), nn.MLSTM)
CHIPS = (Chip(capability=70, multiprocessors=7, memory=1 << 15), Chip(90, 17, 1 << 15), NOTHING)
T, B, I, H = 3, 5, 5, 9


def sequences(net: nn.Module) -> None:
    """There and back, of vectors and of symbols, with a mask and new beginnings and without."""
    rng = np.random.default_rng(0)
    inputs = rng.standard_normal((T, B, I)).astype(np.float32), rng.integers(0, I, (T, B))
    calls = {}, {"mask": rng.random((T, B)) < 0.7, "reset": rng.random((T, B)) < 0.3}
    for x, call in product(inputs, calls):
        net(x, **call).output.sum().backward()


def step() -> None:
    """What stands beside the sequences in a training step: dropout, the loss, clipping, an update."""
    x, b = tg.randn(B, 2 * on_cpu.THREADS + 1, requires_grad=True), tg.zeros(1, requires_grad=True)
    F.cross_entropy(F.dropout(x + b), tg.arange(B), mask=tg.arange(B) > 1).backward()
    clip_grad_norm_([x, b], 1e-3)
    Adam([x, b]).step()


def main(*change: str) -> None:
    """Run them, and see that none has been left out."""
    if change:
        text = sources.text
        sources.text = lambda file: text(file).replace(*change)  # type: ignore[assignment]
    on_cpu.FLAGS += SANITIZERS
    register(fake := FakeBackend())
    launched: set[str] = set()
    for make, chip in product(NETS, CHIPS):
        on = OnCpu("fake", chip)
        fake.kernels = kernels_on(on)
        fake.in_place = lambda program, dtype, on=on: runner(on, DeviceArray, program, dtype)
        fake.clipped = partial(clipped, on)
        with use_backend("fake"):
            sequences(make(I, H, bidirectional=True, path="fused"))
            step()
        uniform(on, Key(0, 0, 0), (B, I), "float32")
        launched |= on.launched.keys()
    folder = files(sources.__package__)
    stems = [file.name.removesuffix(".cu") for file in folder.iterdir() if file.name.endswith(".cu")]
    written = {name for stem in stems for name in on_cpu.signatures(sources.whole(stem))}
    missed = (written | {"clip_squares", "clip_scale", "program"}) - launched
    if missed:
        sys.exit(f"never launched: {sorted(missed)}")


if __name__ == "__main__":
    main(*sys.argv[1:])
