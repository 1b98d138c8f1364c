"""What the check of a GPU is made of, as far as it runs without one; and that it never guesses."""

from __future__ import annotations

import re
from types import SimpleNamespace

import numpy as np
import pytest
from tinygrad_seq_cupy.kernels.device import Chip
from tinygrad_seq_cupy.kernels.lstm import LSTM
from tinygrad_seq_cupy.kernels.placement import placed
from tinygrad_seq_fake import FakeBackend

import tinygrad_seq as tg
from benchmarks import gpu_check, gpu_steps
from benchmarks.gpu_steps import TASKS, crossing, ours, passes, recorded, renamed, spread, unrolled
from benchmarks.report import RESULTS
from tinygrad_seq.errors import BackendUnavailableError

TINY = TASKS["S"]._replace(B=2, T=4, H=5)


def test_without_a_gpu_nothing_is_measured_and_nothing_written(capsys, monkeypatch):
    def refuse(name):
        raise BackendUnavailableError("CuPy has no luck.\n    Try again.")

    monkeypatch.setattr(gpu_check, "get_backend", refuse)
    before = set(RESULTS.iterdir())
    assert gpu_check.main([]) == 1
    assert capsys.readouterr().out == "Not measured: CuPy has no luck.\n    Try again.\n"
    assert set(RESULTS.iterdir()) == before


def test_loss_curves_of_a_backend_that_computes_the_same_do_not_part():
    found = gpu_check.curves("fake", count=2)
    assert set(found) == {"lstm", "gru", "rnn"}
    assert all(entry["largest_distance"] < 1e-5 for entry in found.values())


def test_loss_curves_of_a_backend_that_does_not_are_seen_to_part(monkeypatch):
    def perturbed(task, backend):
        once, wait, loss = ours(task, "numpy")
        return once, wait, (lambda: 1.5 * loss()) if backend == "fake" else loss

    monkeypatch.setattr(gpu_check, "ours", perturbed)
    assert gpu_check.curves("fake", count=1)["lstm"]["largest_distance"] == pytest.approx(0.5)


def test_a_step_moves_the_weights_and_is_repeated_at_least_five_times():
    once, wait, loss = ours(TINY, "fake")
    before = loss()
    found = spread(once, wait, seconds=0.0)
    assert loss() < before
    assert found["repeats"] == 5
    assert found["least_ms"] <= found["median_ms"] <= found["most_ms"]
    assert found["issue_ms"] <= found["median_ms"]


def test_a_step_that_memory_has_no_room_for_is_told():
    def once():
        raise MemoryError

    assert gpu_check.measured(lambda: (once, once), 0.0) == "not measured: out of memory"


def test_a_recorded_step_takes_the_steps_that_an_eager_one_takes(monkeypatch):
    eager, replayed = ours(TINY, "fake"), recorded(TINY, "fake")
    for once, _, _ in (eager, replayed):
        for _ in range(3):
            once()
    assert replayed[2]() == eager[2]()
    monkeypatch.setattr(FakeBackend, "capture", lambda *given: None)
    with pytest.raises(RuntimeError, match="does not record"):
        recorded(TINY, "fake")


def test_the_gpu_wins_from_the_smallest_size_above_which_it_always_does():
    assert crossing({16: 3.0, 32: 0.9, 64: 1.1, 128: 0.5, 256: 0.2}) == 128
    assert crossing({16: 0.5, 32: 0.4}) == 16
    assert crossing({16: 3.0, 32: 1.0}) is None


@pytest.mark.parametrize("cell", ["lstm", "mlstm"])
def test_a_pass_in_half_precision_leaves_gradients(cell):
    once, wait = passes(TINY._replace(cell=cell), "fake", "float16")
    once()
    wait()


def test_what_cannot_be_measured_says_why():
    def refuse():
        raise RuntimeError("PyTorch finds no CUDA")

    assert gpu_check.measured(refuse, 0.0) == "not measured: PyTorch finds no CUDA"
    assert gpu_check.measured(lambda: passes(TINY, "numpy", "float32"), 0.0)["repeats"] == 5


@pytest.mark.oracle
def test_the_unrolled_mlstm_of_pytorch_is_ours(monkeypatch):
    torch = pytest.importorskip("torch")
    monkeypatch.setattr(gpu_steps, "DEVICE", "cpu")
    task = TINY._replace(cell="mlstm")
    parameters, run = unrolled(torch, task, torch.float64)
    net = tg.nn.MLSTM(task.features, task.H, dtype="float64")
    names = ("weight_ih_l0", "weight_hh_l0", "weight_mx_l0", "weight_mh_l0", "bias_ih_l0")
    net.load_state_dict({n: p.detach().numpy() for n, p in zip(names, parameters, strict=True)})
    x = np.random.default_rng(0).standard_normal((task.T, task.B, task.features))
    np.testing.assert_allclose(net(tg.tensor(x)).output.detach().numpy(), run(torch.from_numpy(x)).detach().numpy())


@pytest.mark.oracle
@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_pytorch_takes_the_same_step(monkeypatch, cell):
    """On the CPU: its losses are ours before and after one step."""
    torch = pytest.importorskip("torch")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "synchronize", lambda: None)
    for kind in (torch.Tensor, torch.nn.Module):
        monkeypatch.setattr(kind, "cuda", lambda self: self)
    task = TINY._replace(cell=cell, layers=2)
    mine, other = ours(task, "numpy"), gpu_steps.theirs(task, tf32=False)
    for _ in range(2):
        assert mine[2]() == pytest.approx(other[2](), rel=1e-5)
        mine[0]()
        other[0]()
    assert len(renamed(task)) == 8


def test_the_hash_of_the_kernels_is_one_of_all_their_files(monkeypatch, tmp_path):
    before = gpu_check.kernel_hash()
    assert re.fullmatch(r"[0-9a-f]{64}", before)
    for path in gpu_check.KERNELS.glob("*.*"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    monkeypatch.setattr(gpu_check, "KERNELS", tmp_path)
    assert gpu_check.kernel_hash() == before
    (tmp_path / "lstm.cu").write_text("")
    assert gpu_check.kernel_hash() != before


def test_the_ways_are_those_of_a_device_that_is_taken_for_less(monkeypatch):
    class Gpu:
        chip = Chip(90, 132, 232_448)

    monkeypatch.setattr(gpu_check, "get_backend", lambda name: SimpleNamespace(gpu=Gpu()))
    seen = []
    for chip in gpu_check.ways(None).values():
        with gpu_check.taken_for(chip):
            plan = placed(Gpu().chip, LSTM.recurrence, 32, 128, 4)
            seen.append(plan and ("clusters" if plan.is_cluster else "grid"))
    assert seen == ["clusters", "grid", None]
    assert Gpu.chip.capability == 90


def test_gradients_are_checked_of_every_net(monkeypatch):
    monkeypatch.setattr(gpu_check, "use_backend", lambda name: tg.use_backend("numpy"))
    assert gpu_check.gradients({"as it is": None}) is True
