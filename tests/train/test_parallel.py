"""Ranks that share every batch train what one process trains on the whole of it; the checkpoint is that of one process.

The ranks are real processes under a real `mpiexec`, which run this file.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1] / "fake_device"))
from tinygrad_seq_fake import DeviceArray, FakeBackend

import tinygrad_seq as tg
from tinygrad_seq.backend import get_backend, register
from tinygrad_seq.checkpoint import load
from tinygrad_seq.cli.ranks import assist, hand_out
from tinygrad_seq.data import Corpus
from tinygrad_seq.errors import ConfigError, ShapeError
from tinygrad_seq.random import Rows, here, rows_here
from tinygrad_seq.train.fit import fit
from tinygrad_seq.train.parallel import Alone, Ranks, Share, launched
from tinygrad_seq.train.run import BEST, LAST, Run
from tinygrad_seq.train.settings import Settings

pytestmark = pytest.mark.host("processes of their own")

CORPUS = Corpus.from_text("to be or not to be, that is the question:\n" * 8)
BASE = Settings(hidden_size=6, batch_size=5, seq_length=8, steps=12, eval_every=5, save_every=4, dtype="float64")
CASES = {  # a batch of 5 makes shares of 2 and 3 rows, or of 1, 1, 1 and 2; an epoch has 7 batches
    "lstm": {},
    "dropout": {"cell": "gru", "num_layers": 2, "dropout": 0.4},
    "plateau": {"cell": "mlstm", "schedule": "plateau", "decay_after": 0, "optimizer": "sgd", "lr": 3.0},
    "float32": {"dtype": "float32", "dropout": 0.2},
    "over the host": {"backend": "fake", "dropout": 0.2},
    "between devices": {"backend": "fake", "dropout": 0.2},
    "nothing held out": {"validation": 0.0, "cell": "rnn", "optimizer": "momentum", "clip": 0.1},
}
HALF = 6


def go(folder: Path, name: str, ranks: Alone, until: int = BASE.steps, *, resume: bool = False) -> None:
    """Train on these ranks up to a step."""
    if ranks.rank:
        assist(ranks)
        return
    settings = Settings(**{**BASE.to_json(), **CASES[name]})
    run = Run.open(folder) if resume else Run.create(folder, settings, CORPUS, ranks=ranks.size)
    training, held_out = run.settings.split(CORPUS)
    moment = run.resume(training) if resume else run.begin(training)
    hand_out(ranks, run, moment, training, held_out)
    with closing(fit(run, moment, training, held_out, ranks)) as course:
        for progress in course:
            if ranks.anywhere(progress.step == until) and progress.step < BASE.steps:
                break


class Wired:
    """What NCCL is to CuPy, for the fake device: `backend.Wires`, and the exchange that they make."""

    def __init__(self) -> None:
        from mpi4py import MPI

        self.comm = MPI.COMM_WORLD

    def claim(self, number: int) -> bool:
        assert number == self.comm.Get_rank()
        return True

    def connect(self, rank: int, size: int) -> Wired:
        assert (rank, size) == (self.comm.Get_rank(), self.comm.Get_size())
        return self

    def all_to_all(self, parts: DeviceArray) -> DeviceArray:
        received = np.empty_like(parts._memory)
        self.comm.Alltoall(np.ascontiguousarray(parts._memory), received)
        return DeviceArray(received)

    def all_gather(self, part: DeviceArray) -> DeviceArray:
        whole = np.empty(part.size * self.comm.Get_size(), part.dtype)
        self.comm.Allgather(np.ascontiguousarray(part._memory), whole)
        return DeviceArray(whole)


def main(folder: Path) -> None:
    ranks = launched()
    register(FakeBackend())
    for name in CASES:
        get_backend("fake").wires = Wired() if name == "between devices" and ranks.size > 1 else None
        if isinstance(ranks, Ranks):
            ranks.between_devices = None
        go(folder / name, name, ranks)
        if isinstance(ranks, Ranks):
            assert (ranks.between_devices is not None) == (name == "between devices")
        go(folder / f"{name}, in halves", name, ranks, until=HALF)
        go(folder / f"{name}, in halves", name, ranks, resume=True)
    go(folder / "half", "dropout", ranks, until=HALF)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path]:
    """The folders of all cases, by the number of ranks."""
    folders = {}
    for size in (1, 2, 4):
        folders[size] = tmp_path_factory.mktemp(f"of_{size}")
        launcher = ["mpiexec", "-n", str(size)] if size > 1 else []
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "TINYGRAD_SEQ_NUMBA": "0"}
        command = [*launcher, sys.executable, __file__, folders[size]]
        done = subprocess.run(command, check=False, env=environment, capture_output=True, text=True)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    return folders


def log(folder: Path) -> list[dict[str, float]]:
    return [{name: x for name, x in line.items() if name != "chars_per_s"} for line in Run.open(folder).log()]


def check_same(of_one: Path, of_many: Path, tolerance: float) -> None:
    """Logs and all that checkpoints hold agree."""
    assert len(log(of_one)) == len(log(of_many)) == BASE.steps
    for one, many in zip(log(of_one), log(of_many), strict=True):
        assert many == pytest.approx(one, rel=tolerance)
    for file in (LAST, BEST):
        (one, _), (many, _) = load(of_one / file), load(of_many / file)
        assert one.keys() == many.keys()
        for name in one:
            np.testing.assert_allclose(many[name], one[name], rtol=tolerance, atol=tolerance, err_msg=name)


@pytest.mark.mpi
@pytest.mark.parametrize("size", [2, 4])
@pytest.mark.parametrize("name", CASES)
def test_many_ranks_equal_one_on_the_joined_batch(trained: dict[int, Path], name: str, size: int) -> None:
    check_same(trained[1] / name, trained[size] / name, 1e-4 if name == "float32" else 1e-10)


@pytest.mark.mpi
def test_gradients_go_from_device_to_device_as_they_go_over_the_host(trained: dict[int, Path]) -> None:
    for size in (2, 4):
        assert log(trained[size] / "between devices") == log(trained[size] / "over the host")


class Two:
    """As much of a communicator as the first of two ranks needs that are wired."""

    def Get_rank(self) -> int:
        return 0

    def Get_size(self) -> int:
        return 2


def test_between_devices_nothing_crosses_to_the_host() -> None:
    """The other rank has the same rows: a weighted sum of two halves is each of them."""

    class Mirror:
        def all_to_all(self, parts: DeviceArray) -> DeviceArray:
            mine = parts._memory[0]
            return DeviceArray(np.stack([mine, mine]))

        def all_gather(self, part: DeviceArray) -> DeviceArray:
            return DeviceArray(np.concatenate([part._memory, part._memory]))

    ranks = Ranks(Two())
    ranks.between_devices = Mirror()
    w = tg.tensor([[1.0, 2.0], [4.0, 8.0]], requires_grad=True, backend="fake")
    w.grad = tg.tensor([[3.0, 5.0], [7.0, 9.0]], backend="fake")
    loss = tg.tensor(2.0, backend="fake")
    before = FakeBackend.transfers.copy()
    total = ranks.join(loss, [w], Share(None, Rows(0, 1, 2)))
    assert FakeBackend.transfers == before
    assert type(w.grad.data) is type(total) is DeviceArray
    flat = [3.0, 5.0, 7.0]  # of 3 5 7 9 2 0, this rank's half, which the mirror shows twice
    assert w.grad.numpy().tolist() == [flat[:2], [flat[2], flat[0]]]
    assert get_backend("fake").to_host(total) == flat[1]


@pytest.mark.mpi
@pytest.mark.parametrize("size", [2, 4])
@pytest.mark.parametrize("name", CASES)
def test_resumed_on_as_many_ranks_a_run_is_the_uninterrupted_one_bit_for_bit(
    trained: dict[int, Path], name: str, size: int
) -> None:
    whole, halves = (trained[size] / folder for folder in (name, f"{name}, in halves"))
    assert log(whole) == log(halves)
    (one, about), (two, about_two) = load(whole / LAST), load(halves / LAST)
    assert about == about_two
    assert {n: a.tobytes() for n, a in one.items()} == {n: a.tobytes() for n, a in two.items()}


@pytest.mark.mpi
def test_a_checkpoint_does_not_depend_on_how_many_ranks_wrote_it(trained: dict[int, Path], tmp_path: Path) -> None:
    shutil.copytree(trained[4] / "half", tmp_path / "half")
    go(tmp_path / "half", "dropout", Alone(), resume=True)
    check_same(trained[1] / "dropout", tmp_path / "half", 1e-10)


@pytest.mark.mpi
def test_a_run_says_how_many_ranks_it_began_on(trained: dict[int, Path]) -> None:
    assert [Run.open(trained[size] / "lstm").environment["ranks"] for size in trained] == [1, 2, 4]


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_dropout_masks_of_shares_are_rows_of_the_joined_mask(axis: int, dtype: str) -> None:
    def masks(x: tg.Tensor, rows: Rows | None) -> np.ndarray:
        tg.manual_seed(3)
        with rows_here(rows):
            first = tg.functional.dropout(x, 0.5, batch_axis=axis)
            return first.numpy() + 10 * tg.functional.dropout(x, 0.5, batch_axis=axis).numpy()

    shape, of_share = [4, 4, 4], [4, 4, 4]
    shape[axis], of_share[axis] = 5, 2
    joined = masks(tg.ones(shape, dtype=dtype), None)
    assert len(np.unique(joined)) == 4
    share = masks(tg.ones(of_share, dtype=dtype), Rows(1, 3, 5))
    np.testing.assert_array_equal(share, np.take(joined, [1, 2], axis))
    assert here.get() is None, "only inside the block"


def test_dropout_along_another_axis_than_the_batch_is_told() -> None:
    with rows_here(Rows(0, 2, 4)), pytest.raises(ShapeError, match=r"rows 0 to 2 of a batch of 4: axis 0 .*\n.*axis=1"):
        tg.functional.dropout(tg.ones((3, 2, 5)))


@pytest.mark.parametrize("variables", [{}, {"PMI_SIZE": "1"}, {"OMPI_COMM_WORLD_SIZE": "1"}, {"PMI_SIZE": "many"}])
def test_without_a_launcher_a_process_is_alone(monkeypatch: pytest.MonkeyPatch, variables: dict[str, str]) -> None:
    for name in ("PMI_SIZE", "OMPI_COMM_WORLD_SIZE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert type(launched()) is Alone


@pytest.mark.parametrize("variable", ["PMI_SIZE", "OMPI_COMM_WORLD_SIZE"])
def test_processes_that_cannot_talk_do_not_train_beside_one_another(
    monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, "3")
    monkeypatch.setitem(sys.modules, "mpi4py", None)
    with pytest.raises(ConfigError, match=r"3 processes were started .*\n.*tinygrad_seq\[mpi\]"):
        launched()


@pytest.mark.mpi
def test_the_launcher_of_another_mpi_is_told() -> None:
    program = "from tinygrad_seq.train.parallel import launched; launched()"
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "OMPI_COMM_WORLD_SIZE": "3"}
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, check=False, env=environment, capture_output=True, text=True)
    assert "3 processes were started, and mpi4py sees 1" in done.stderr


if __name__ == "__main__":
    main(Path(sys.argv[1]))
