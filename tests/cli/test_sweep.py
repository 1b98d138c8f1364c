"""`sweep`: every point of a grid is trained once, compared on the held-out text, shown and drawn."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

import pytest

from tinygrad_seq.errors import CheckpointError, ConfigError, FolderInUseError
from tinygrad_seq.train import sweep as sweep_module
from tinygrad_seq.train.lock import held
from tinygrad_seq.train.run import LAST, Run
from tinygrad_seq.train.sweep import RESULTS, Sweep, outcome

Call = Callable[..., Any]
EXAMPLES = Path(__file__).parents[2] / "benchmarks" / "sweeps"
CONFIG = """
text = ["text.txt"]
batch_size = 4
seq_length = 10
steps = 4
eval_every = 2
save_every = 2
hidden_size = 6
[grid]
"""


@pytest.fixture
def config(text: Path, tmp_path: Path) -> Callable[[str], Path]:
    """Write a sweep of that grid."""

    def written(grid: str, shared: str = CONFIG) -> Path:
        (tmp_path / "sweep.toml").write_text(shared + grid)
        return tmp_path / "sweep.toml"

    return written


def test_a_grid_is_every_value_with_every_other_in_the_order_of_the_file(config: Callable[[str], Path]) -> None:
    plan = Sweep.read(config('cell = ["rnn", "gru"]\nlr = [0.1, 0.2]'), "runs")
    assert plan.varied == ("cell", "lr")
    assert list(plan.runs) == ["cell=rnn,lr=0.1", "cell=rnn,lr=0.2", "cell=gru,lr=0.1", "cell=gru,lr=0.2"]
    settings = plan.runs["cell=gru,lr=0.2"]
    assert (settings.cell, settings.lr, settings.hidden_size, settings.text) == ("gru", 0.2, 6, ("text.txt",))
    assert Sweep.read(config("lr = [1]"), "runs", steps=9).runs["lr=1"].steps == 9


@pytest.mark.parametrize(
    ("grid", "words"),
    [
        ("", "varies nothing"),
        ("lr = 0.1", "lr under .grid. is 0.1; expected a list"),
        ("lr = []", "expected a list of different values"),
        ("seed = [1, 1]", "expected a list of different values"),
        ('cell = ["transformer"]', "the setting cell is 'transformer', which cannot be"),
        ("units = [3]", "units is not known"),
        ('text = ["a", "b"]', "text is the same for all runs"),
        ("validation = [0.1, 0.0]", "hold out some of it"),
        ("lr = [", "is no TOML"),
    ],
)
def test_a_grid_that_cannot_be_is_refused(config: Callable[[str], Path], grid: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        Sweep.read(config(grid), "runs")


def test_a_result_is_the_best_of_its_run(config: Callable[[str], Path], tmp_path: Path) -> None:
    plan = Sweep.read(config("seed = [3]"), tmp_path / "runs")
    ((name, folder, asked),) = plan.to_do()
    result = outcome(name, folder, asked)
    lines = [line for line in Run.open(folder).log() if "held_out" in line]
    assert result["held_out"] == min(line["held_out"] for line in lines)
    assert result["weights"] == sum(p.size for p in Run.open(folder).model().parameters())
    again = outcome(name, folder, asked)
    assert again["held_out"] == result["held_out"]
    assert (result["begun_after"], again["begun_after"]) == (0, 4), "a run that is whole is not trained again"
    (Path(folder) / LAST).unlink()
    assert outcome(name, folder, asked)["begun_after"] == 2, "nor what was saved before"


def test_a_result_says_what_it_cost(
    config: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, cpu = iter([100.0, 107.04]), iter([20.0, 23.06])
    monkeypatch.setattr(sweep_module, "perf_counter", lambda: next(clock))
    monkeypatch.setattr(sweep_module, "process_time", lambda: next(cpu))
    monkeypatch.setattr(sweep_module, "fit", lambda *of: iter(()))
    monkeypatch.setattr(Run, "log", lambda run: [{"step": 1, "held_out": 2.5}])
    monkeypatch.setattr(Run, "model", lambda run: run.new_model())
    plan = Sweep.read(config("seed = [3]"), tmp_path / "runs")
    result = outcome(*plan.to_do()[0])
    assert (result["seconds"], result["cpu_seconds"]) == (7.0, 3.1)


def test_what_has_a_result_is_not_done_again(config: Callable[[str], Path], tmp_path: Path) -> None:
    plan = Sweep.read(config("seed = [1, 2, 3]"), tmp_path / "runs")
    plan.add({"run": "seed=2", "settings": plan.runs["seed=2"].to_json(), "failed": "step 1: the loss is nan."})
    with (tmp_path / "runs" / RESULTS).open("a") as file:
        file.write('{"run": "seed=3", "sett')  # the process died in mid-line
    assert [name for name, _, _ in plan.to_do()] == ["seed=1", "seed=3"]
    plan.add({"run": "seed=1", "settings": plan.runs["seed=1"].to_json(), "held_out": 1.0})
    assert list(plan.results()) == ["seed=2", "seed=1"], "the line that was cut off swallows nothing"
    with pytest.raises(ConfigError, match="seed=2 with other settings"):
        Sweep.read(config("seed = [2]"), tmp_path / "runs", steps=5).to_do()


def test_a_result_that_cannot_be_flushed_to_the_disk_is_told_and_those_before_it_stay(
    config: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = Sweep.read(config("seed = [1, 2]"), tmp_path / "runs")
    line = {"run": "seed=1", "settings": plan.runs["seed=1"].to_json(), "held_out": 1.0}
    plan.add(line)

    def no_room(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", no_room)
    with pytest.raises(CheckpointError, match=rf"{RESULTS} cannot be written: No space left"):
        plan.add(line | {"run": "seed=2"})
    assert plan.results() == {"seed=1": json.loads(json.dumps(line))}


def test_a_sweep_trains_all_shows_a_table_and_draws(
    call: Call, config: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("matplotlib")
    monkeypatch.setenv("TINYGRAD_SEQ_NUMBA", "0")  # the other process need not compile
    monkeypatch.setenv("NUMBA_NUM_THREADS", "1")
    grid = 'cell = ["rnn", "gru"]\nhidden_size = [4, 5]'
    file = config(grid, CONFIG.replace("hidden_size = 6\n", 'optimizer = "sgd"\n'))
    done = call("sweep", file, "--processes", 1, "--plot", "picture.svg")
    assert done.code == 0, done
    assert "4 runs, 0 of them done." in done.out
    lines = [json.loads(line) for line in Path("runs/sweep", RESULTS).read_text().splitlines()]
    assert {line["run"] for line in lines} == {
        f"cell={cell},hidden_size={size}" for cell in ("rnn", "gru") for size in (4, 5)
    }
    best = min(lines, key=lambda line: line["held_out"])
    (row,) = (row.split() for row in done.out.splitlines() if row.rstrip().endswith(" best"))
    assert row[:2] == [best["settings"]["cell"], str(best["settings"]["hidden_size"])]
    for line in lines:
        assert f"{line['held_out']:.3f}" in done.out
        assert f"{line['weights']:,}" in done.out
    assert Path("picture.svg").read_text().lstrip().startswith("<?xml")
    again = call("sweep", file, "--processes", 1)
    assert "4 runs, 4 of them done." in again.out
    assert len(Path("runs/sweep", RESULTS).read_text().splitlines()) == 4


@pytest.mark.parametrize(("lr", "words"), [("1e300", "step "), ("inf", "lr must be 0 or more, and finite")])
def test_a_run_that_cannot_be_trained_has_its_error_for_a_result(
    config: Callable[[str], Path], tmp_path: Path, lr: str, words: str
) -> None:
    plan = Sweep.read(config(f'optimizer = ["sgd"]\nlr = [{lr}]'), tmp_path / "runs")
    result = outcome(*plan.to_do()[0])
    assert words in result["failed"]
    assert "held_out" not in result
    plan.add(result)
    assert not plan.to_do(), "it would not go better"


def test_a_worker_that_dies_while_runs_are_handed_out_is_explained_too(
    call: Call, config: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*of: object) -> None:
        raise BrokenProcessPool("A child process terminated abruptly, the process pool is not usable anymore")

    monkeypatch.setattr(ProcessPoolExecutor, "submit", broken)
    done = call("sweep", config("seed = [1]"))
    assert done.code == 1
    assert "a process of this sweep has died or was killed" in done.err
    assert "bug" not in done.err


def test_what_came_from_elsewhere_is_no_result(
    config: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = Sweep.read(config("seed = [1]"), tmp_path / "runs")
    monkeypatch.setattr(sweep_module, "PATIENCE", 0.0)
    arguments = plan.to_do()[0]
    with held(tmp_path / "runs" / "seed=1"), pytest.raises(FolderInUseError):
        outcome(*arguments)

    def no_room(*of: object) -> Iterator[None]:
        raise CheckpointError("last.safetensors cannot be written: No space left on device.")

    with monkeypatch.context() as patch:
        patch.setattr(sweep_module, "fit", no_room)
        with pytest.raises(CheckpointError):
            outcome(*arguments)
    assert "held_out" in outcome(*arguments)


@pytest.mark.mpi
def test_under_a_launcher_the_first_hands_runs_to_the_others(config: Callable[[str], Path], tmp_path: Path) -> None:
    done = subprocess.run(
        ["mpiexec", "-n", "3", sys.executable, "-m", "tinygrad_seq", "sweep", config("seed = [1, 2, 3]")],
        check=False,
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "TINYGRAD_SEQ_NUMBA": "0"},
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("3 runs, 0 of them done.") == done.stdout.count("seed=2: ") == 1
    assert len((tmp_path / "runs" / "sweep" / RESULTS).read_text().splitlines()) == 3


@pytest.mark.parametrize(("name", "count"), [("cells", 12), ("cells_full", 36)])
def test_the_examples_can_be_read(name: str, count: int) -> None:
    plan = Sweep.read(EXAMPLES / f"{name}.toml", "runs")
    assert len(plan.runs) == count
    assert plan.varied == ("cell", "num_layers", "hidden_size")
