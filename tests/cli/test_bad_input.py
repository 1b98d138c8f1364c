"""What goes wrong is one clear line on stderr, with the cure, and an exit code; nothing already written is lost."""

from __future__ import annotations

import errno
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tinygrad_seq_cupy.probe import driver

from tinygrad_seq.checkpoint import load
from tinygrad_seq.models import CharLM
from tinygrad_seq.train.run import Run

Call = Callable[..., Any]


def failed(done: Any, *needed: str, code: int = 1) -> None:
    """Check that a command failed as it should: with the code, with these words, and without a traceback."""
    assert done.code == code, done
    assert done.err.startswith("Error: "), done
    assert "Traceback" not in done.err
    for words in needed:
        assert words in done.err


def test_an_empty_file(call: Call, tmp_path: Path) -> None:
    (tmp_path / "empty.txt").touch()
    failed(call("train", "empty.txt"), "empty.txt is empty", "Give a file with text in it")


def test_a_missing_file(call: Call) -> None:
    failed(call("train", "nowhere.txt"), "There is no file 'nowhere.txt'")


def test_a_text_shorter_than_one_sequence(call: Call, tmp_path: Path) -> None:
    (tmp_path / "short.txt").write_text("to be or not")
    failed(call("train", "short.txt", "--batch-size", 1), "--seq-length")
    assert not Path("runs").exists()


def test_a_file_that_is_not_utf_8(call: Call, tmp_path: Path) -> None:
    (tmp_path / "latin.txt").write_bytes("naïve\n".encode("latin-1") * 1000)
    failed(call("train", "latin.txt"), "latin.txt is not UTF-8", "line 1", "--vocab bytes")


def test_a_symbol_that_the_model_does_not_know(call: Call, trained: Path) -> None:
    failed(call("sample", trained, "--prime", "Ω"), "'Ω'", "--vocab bytes")


def test_a_text_with_symbols_that_the_model_does_not_know(call: Call, trained: Path, tmp_path: Path) -> None:
    (tmp_path / "greek.txt").write_text("Ω to be")
    failed(call("eval", trained, "greek.txt"), "'Ω' (first at character 0)")


def test_a_loss_that_is_not_a_number(train: Call) -> None:
    done = train("--optimizer", "sgd", "--lr", "1e38", "--clip", 0, "--save-every", 1)
    failed(done, "step ", "Lower the learning rate", "run keeps last.safetensors")
    assert load("run/last.safetensors")[0]


def test_a_folder_that_cannot_be_made(train: Call, text: Path) -> None:
    failed(train("--out", text / "run"), "text.txt", "Not a directory", "Choose another folder (--out)")


def test_a_disk_that_is_full(train: Call, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    train()
    before = Path("run/last.safetensors").read_bytes()

    def full(*args: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", full)
        failed(call("train", "--resume", "run", "--steps", 12), "No space left on device", "Make room")
    assert Path("run/last.safetensors").read_bytes() == before
    assert call("train", "--resume", "run", "--steps", 12).code == 0


def test_a_folder_that_holds_no_run(call: Call, tmp_path: Path) -> None:
    for command in (["sample"], ["train", "--resume"]):
        failed(call(*command, tmp_path), "There is no run in", "tinygrad-seq train")
    failed(call("eval", tmp_path, "text.txt"), "There is no run in")


def test_a_checkpoint_of_another_vocabulary(call: Call, trained: Path, tmp_path: Path) -> None:
    shutil.copytree(trained, tmp_path / "run")
    Path("run/vocab.json").write_text(json.dumps({"kind": "chars", "code_points": [97, 98], "has_unknown": False}))
    failed(call("sample", "run"), "another vocabulary", "vocab.json")


def test_a_damaged_checkpoint(call: Call, trained: Path, tmp_path: Path) -> None:
    shutil.copytree(trained, tmp_path / "run")
    content = bytearray(Path("run/best.safetensors").read_bytes())
    content[-1] ^= 1
    Path("run/best.safetensors").write_bytes(content)
    failed(call("sample", "run"), "best.safetensors is damaged", "Use another copy")


def test_a_damaged_checkpoint_is_named_and_the_one_before_goes_on(train: Call, call: Call) -> None:
    train("--save-every", 2)
    content = bytearray(Path("run/last.safetensors").read_bytes())
    content[-1] ^= 1
    Path("run/last.safetensors").write_bytes(content)
    done = call("train", "--resume", "run", "--steps", 8)
    assert done.code == 0, done
    assert "last.safetensors is damaged" in done.out
    assert "The one before it is used now: previous.safetensors.\nGoing on after step 4 of 8" in done.out


@pytest.mark.skipif(driver() > 0, reason="there is an NVIDIA driver, and perhaps all that the backend needs")
def test_a_backend_that_cannot_run_here(train: Call) -> None:
    for name in ("cupy", "cupy:1"):
        failed(train("--backend", name), "there is no NVIDIA driver", "With an NVIDIA GPU")


@pytest.mark.parametrize("name", ["cuda", "cupy:", "cupy:one", "numpy:0", ""])
def test_a_name_that_no_backend_has(train: Call, name: str) -> None:
    done = train("--backend", name)
    assert done.code == 2, done
    assert "is none of auto, numpy, cupy, or cupy:0" in " ".join(done.err.replace("│", " ").split())


@pytest.mark.parametrize(
    "arguments",
    [
        ["train"],
        ["train", "text.txt", "--steps", 5, "--epochs", 1],
        ["train", "text.txt", "--cell", "transformer"],
        ["train", "text.txt", "--hidden", 0],
        ["train", "text.txt", "--wings", 2],
        ["sample"],
        ["sample", "run", "--top-p", 2],
        ["fly"],
    ],
    ids=lambda arguments: " ".join(map(str, arguments)),
)
def test_a_wrong_call_is_exit_code_2(call: Call, arguments: list[object]) -> None:
    done = call(*arguments)
    assert done.code == 2
    assert "Usage: tinygrad-seq" in done.err
    assert "Traceback" not in done.err


def test_settings_that_contradict_each_other(train: Call) -> None:
    failed(train("--decay", 0.5), "takes no decay")


def test_ctrl_c_anywhere_else(call: Call, trained: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*args: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Run, "model", interrupted)
    done = call("sample", trained)
    assert (done.code, done.err) == (130, "Interrupted.\n")


@pytest.mark.skipif(sys.platform == "win32", reason="pipes that break are Unix's")
def test_a_reader_that_goes_away(start: Callable[..., subprocess.Popen[str]], trained: Path) -> None:
    process = start("sample", trained, "--length", 1_000_000)
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.read(10)
    process.stdout.close()
    assert process.stderr.read() == "Stopped: nobody reads the output any more.\n"
    assert process.wait(timeout=60) == 1


def test_a_bug_is_one_line_too_and_debug_shows_where_it_is(
    call: Call, trained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def wrong(*args: object, **options: object) -> None:
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr(CharLM, "stream", wrong)
    failed(call("sample", trained), "ZeroDivisionError", "--debug")
    assert isinstance(call("sample", trained, "--debug").error, ZeroDivisionError)
