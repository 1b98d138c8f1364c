"""The README keeps its word: its program runs, its error is the one that comes, its commands and files exist."""

from __future__ import annotations

import json
import os
import re
import shlex
from pathlib import Path

import pytest

from tinygrad_seq.errors import GraphFreedError

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


(PROGRAM,) = blocks("python")
COMMANDS = [line[2:].split("  #")[0] for block in blocks("console") for line in block.splitlines() if line[:2] == "$ "]


def run(program):
    exec(compile(program, "README.md", "exec"), {"__name__": "__main__"})  # noqa: S102  the text under test


def test_the_program_has_fifteen_lines():
    assert "## In fifteen lines" in README
    assert len([line for line in PROGRAM.splitlines() if line]) == 15


@pytest.mark.slow
def test_the_program_runs_writes_and_draws(tmp_path, monkeypatch, capsys):
    assert "steps=300" in PROGRAM
    monkeypatch.chdir(tmp_path)
    run(PROGRAM.replace("steps=300", "steps=20") if os.environ.get("TINYGRAD_SEQ_FAST") else PROGRAM)
    written = capsys.readouterr().out
    assert written.startswith("def ")
    assert len(written) == len("def ") + 200 + len("\n")
    page = Path("graph.html").read_text(encoding="utf-8")
    data = json.loads(re.search(r'id="data">(.*?)</script>', page)[1])
    assert data["reads"] == list("if␣x:␣retur")


def test_without_its_detach_it_stops_with_the_error_that_is_shown(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    without = "".join(line for line in PROGRAM.splitlines(keepends=True) if "detach()" not in line)
    with pytest.raises(GraphFreedError) as caught:
        run(without.replace("steps=300", "steps=2"))
    assert f"GraphFreedError: {caught.value}\n" in blocks("text")


@pytest.mark.parametrize("command", [command for command in COMMANDS if command.startswith("tinygrad-seq ")])
def test_a_command_that_is_shown_is_understood(command):
    main = pytest.importorskip("typer.main")
    from tinygrad_seq.cli.app import app

    _, name, *arguments = shlex.split(command)
    main.get_command(app).commands[name].make_context(name, arguments)  # reads the arguments, runs nothing


@pytest.mark.parametrize("target", sorted(set(re.findall(r"[`$] ?make (\w+)", README))))
def test_a_make_target_that_is_named_exists(target):
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)


def test_a_path_that_is_named_exists():
    paths = re.findall(r"`((?:\w+/)+[\w.]*|\w+/)`", README)
    missing = [path for path in paths if not path.startswith("runs/") and not (ROOT / path).exists()]
    assert paths
    assert missing == []
