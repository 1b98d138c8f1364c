"""Which way a recurrence goes on which GPU, and that a plan keeps to what the GPU has."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tinygrad_seq_cupy.kernels import kernels_on
from tinygrad_seq_cupy.kernels.device import CLUSTER, Chip
from tinygrad_seq_cupy.kernels.gru import GRU, GRUBefore
from tinygrad_seq_cupy.kernels.lstm import LSTM
from tinygrad_seq_cupy.kernels.mlstm import MLSTM
from tinygrad_seq_cupy.kernels.placement import LARGEST, SLICES, WIDE, WIDTH, placed, way, work
from tinygrad_seq_cupy.kernels.rnn import RNN

import tinygrad_seq as tg
from tinygrad_seq import nn
from tinygrad_seq.backend import get_backend

from .on_cpu import OnCpu, needs_compiler

H200, A100, T4 = Chip(90, 132, 232_448), Chip(80, 108, 166_912), Chip(75, 40, 65_536)
CELLS = (RNN, LSTM, GRU, GRUBefore)
RECURRENCES = [r for cell in CELLS for r in (cell.recurrence, cell.recurrence_back)]
SIZES = {"S": (32, 128), "M": (50, 256), "L": (64, 512), "XL": (128, 1024)}


def kinds(chip: Chip, size: str) -> list[str]:
    """The way of the LSTM there and back."""
    plans = [placed(chip, r, *SIZES[size], 4) for r in (LSTM.recurrence, LSTM.recurrence_back)]
    return ["steps" if p is None else "clusters" if p.is_cluster else "grid" for p in plans]


@pytest.mark.parametrize(
    ("chip", "expected"),
    [
        (H200, {"S": "clusters", "M": "clusters", "L": "grid", "XL": "steps"}),
        (A100, {"S": "grid", "M": "grid", "L": "grid", "XL": "steps"}),
        (T4, {"S": "grid", "M": "grid", "L": "steps", "XL": "steps"}),
        (Chip(60, 56, 49_152), {"S": "steps", "M": "steps", "L": "steps", "XL": "steps"}),
    ],
    ids=["H200", "A100", "T4", "P100"],
)
def test_the_way_of_the_usual_sizes(chip, expected):
    for size, way_of in expected.items():
        assert kinds(chip, size) == [way_of, way_of], size


def test_clusters_hold_an_lstm_of_320_units_in_float32_and_of_fewer_in_float64():
    def by_cluster(H, itemsize):
        plans = (placed(H200, r, 32, H, itemsize) for r in (LSTM.recurrence, LSTM.recurrence_back))
        return [plan is not None and plan.is_cluster for plan in plans]

    assert by_cluster(320, 4) == [True, True]
    assert by_cluster(352, 4) == [False, False]
    assert by_cluster(216, 8) == [True, True]
    assert by_cluster(256, 8) == [False, False]


@given(
    recurrence=st.sampled_from(RECURRENCES),
    chip=st.builds(
        Chip, st.sampled_from([70, 80, 90, 100]), st.integers(1, 160), st.sampled_from([4096, 65_536, 232_448])
    ),
    B=st.integers(1, 300),
    H=st.integers(1, 700),
    itemsize=st.sampled_from([4, 8]),
)
def test_a_plan_covers_all_rows_and_units_and_fits(recurrence, chip, B, H, itemsize):
    plan = placed(chip, recurrence, B, H, itemsize)
    if plan is None:
        return
    assert plan.groups * plan.rows >= B > (plan.groups - 1) * plan.rows
    assert plan.blocks * plan.units >= H
    assert plan.numbers * itemsize <= chip.memory
    assert work(chip, recurrence, plan, H) <= LARGEST
    assert 1 <= plan.tile <= plan.rows
    columns = max(-(-N * plan.units // WIDE) for _, N in recurrence)
    assert plan.slices == 1 or columns * -(-plan.rows // plan.tile) * plan.slices <= WIDTH
    assert plan.slices <= min(SLICES, H)
    if plan.is_cluster:
        assert plan.blocks == CLUSTER
        assert chip.capability >= 90
    else:
        assert plan.groups * plan.blocks <= chip.multiprocessors, "all blocks run at once"


def test_who_goes_step_by_step():
    assert placed(H200, MLSTM.recurrence, 32, 128, 4) is None
    assert placed(H200, LSTM.recurrence, 0, 128, 4) is None
    assert placed(H200, LSTM.recurrence, 100_000, 128, 4) is None


def test_the_reason_is_told():
    assert way(H200, LSTM.recurrence, 128, 4) == (
        "in one launch by clusters of 8 blocks, with W_hh on the chip, for up to 1386 rows"
    )
    assert placed(H200, LSTM.recurrence, 1386, 128, 4)
    assert not placed(H200, LSTM.recurrence, 1387, 128, 4)
    assert way(A100, GRU.recurrence, 128, 4).startswith("in one launch by a grid of blocks that meet, with W_hh")
    assert (
        way(A100, LSTM.recurrence, 2048, 4)
        == "step by step, since W_hh of 2048 units does not fit on 108 multiprocessors"
    )
    assert "below compute capability 7.0" in way(Chip(60, 56, 49_152), LSTM.recurrence, 64, 4)
    assert "its two products" in way(H200, MLSTM.recurrence, 64, 4)


@needs_compiler
@pytest.mark.parametrize("chip", [Chip(70, 13, 1 << 15), Chip(90, 17, 1 << 15)], ids=["grid", "clusters"])
@pytest.mark.parametrize("make", [nn.RNN, nn.LSTM, nn.GRU, lambda *a: nn.GRU(*a, reset_after=False)])
def test_a_sequence_is_one_launch_there_and_one_back_and_repeats_bit_for_bit(monkeypatch, make, chip):
    on, fake = OnCpu("fake", chip), get_backend("fake")
    monkeypatch.setattr(fake, "kernels", kernels_on(on))
    tg.manual_seed(0)
    with tg.use_backend("fake"):
        net, x = make(4, 9), tg.randn(7, 5, 4)
        found = []
        for _ in range(2):
            on.launched.clear()
            output, _ = net(x)
            net.zero_grad()
            (output * output).sum().backward()
            assert sum(on.launched.values()) == 2
            assert all("_sequence_" in name for name in on.launched)
            found.append([output.detach().numpy(), *(p.grad.numpy() for p in net.parameters())])
    for a, b in zip(*found, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.skipif(shutil.which("g++") is None, reason="g++ compiles the kernels for the CPU")
def test_a_value_that_is_not_finite_stays_in_its_row(monkeypatch):
    """Rows share weights and barriers, and nothing else."""
    on, fake = OnCpu("fake", Chip(90, 17, 1 << 15)), get_backend("fake")
    monkeypatch.setattr(fake, "kernels", kernels_on(on))
    x = np.ones((3, 5, 4), np.float32)
    x[1, 2] = np.nan
    with tg.use_backend("fake"):
        output, _ = nn.LSTM(4, 9)(tg.tensor(x))
    is_nan = np.isnan(output.detach().numpy()).any(axis=2)
    assert is_nan.tolist() == [[t >= 1 and b == 2 for b in range(5)] for t in range(3)]
