"""What the check of a GPU is made of, as far as it runs without one; and that it never guesses."""

from __future__ import annotations

import re

import pytest

import tinygrad_seq as tg
from benchmarks import gpu_check, gpu_steps
from benchmarks.gpu_steps import TASKS, ours, renamed, spread
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


def test_gradients_are_checked_of_every_net(monkeypatch):
    monkeypatch.setattr(gpu_check, "use_backend", lambda name: tg.use_backend("numpy"))
    assert gpu_check.gradients() is True
