"""Kernels with barriers under ThreadSanitizer: as they are no race is found, and without any one barrier one is."""

from __future__ import annotations

import os
import re
import subprocess
from functools import cache
from itertools import product
from pathlib import Path

import numpy as np
import pytest
import tinygrad_seq_cupy.kernels
from tinygrad_seq_cupy.kernels.clip import written_out
from tinygrad_seq_cupy.kernels.device import Chip
from tinygrad_seq_cupy.kernels.gru import GRU, GRUBefore
from tinygrad_seq_cupy.kernels.lstm import LSTM
from tinygrad_seq_cupy.kernels.placement import placed
from tinygrad_seq_cupy.kernels.rnn import RNN
from tinygrad_seq_cupy.kernels.sources import text, whole

from .on_cpu import THREADS, sanitizer, signatures

HERE = Path(__file__).parent
BARRIER = re.compile(r"__syncthreads\(\);|cluster_barrier\(\);|exchange\.meet\(\);|while \(arrived_at\(.*\{\}")
FILES = {p.stem for p in Path(tinygrad_seq_cupy.kernels.__file__).parent.glob("*.cu") if BARRIER.search(whole(p.stem))}
CELLS = {"rnn_sequence": RNN, "lstm_sequence": LSTM, "gru_sequence": GRU}
CHIPS = {
    "grid": Chip(capability=70, multiprocessors=7, memory=1 << 15),
    "clusters": Chip(capability=90, multiprocessors=17, memory=1 << 15),
}
T, B, H = 3, 3, 9


needs_thread_sanitizer = pytest.mark.skipif(
    sanitizer("libtsan.so") is None, reason="g++ with ThreadSanitizer is not installed"
)


def without_one(text: str, options: tuple[str, ...]) -> tuple[str, list[str]]:
    """What the compiler sees of a text, with barriers that can be left out, by their number; and the line of each."""
    text = subprocess.run(
        ["g++", "-E", "-P", *options, "-"], input=text, capture_output=True, text=True, check=True
    ).stdout
    lines: list[str] = []

    def optional(found: re.Match[str]) -> str:
        lines.append(text[text.rfind("\n", 0, found.start()) : text.find("\n", found.end())].strip())
        return f"if (without != {len(lines) - 1}) {{ {found[0]} }}"

    return "inline int without = -1;\n" + BARRIER.sub(optional, text), lines


def raced(main: str, text: str, folder: Path, *options: str) -> None:
    """Build kernels with a main program, run them on threads, then once more without each of their barriers."""
    options += (f"-DTHREADS={THREADS}", "-DREAL=double")
    kernels, lines = without_one(text, options)
    program = folder / "race.cpp"
    program.write_text("\n".join([(HERE / "cuda_on_cpu.h").read_text(), kernels, main]))
    flags = ["-std=c++20", "-O1", "-g", "-fsanitize=thread", "-Wno-tsan", "-pthread", "-DON_THREADS", *options]
    subprocess.run(["g++", *flags, str(program), "-o", str(folder / "race")], check=True)

    def run(number: int) -> subprocess.CompletedProcess[str]:
        command, environment = [str(folder / "race"), str(number)], os.environ | {"TSAN_OPTIONS": "halt_on_error=1"}
        return subprocess.run(command, capture_output=True, text=True, check=False, env=environment, timeout=60)

    done = run(-1)
    assert done.returncode == 0, done.stdout + done.stderr
    assert lines
    for number, line in enumerate(lines):
        told = run(number).stderr
        assert "ThreadSanitizer: data race" in told or "block that does not run" in told, f"without {line}"


def test_every_file_with_a_barrier_is_run_here():
    assert {"loss", *CELLS} == FILES


@needs_thread_sanitizer
def test_the_loss(tmp_path):
    raced((HERE / "race.cpp").read_text(), whole("loss"), tmp_path)


@needs_thread_sanitizer
def test_clipping(tmp_path):
    both = written_out("clip_squares", 2).source + written_out("clip_scale", 2).source.partition(text("clip.cuh"))[2]
    raced((HERE / "race_clip.cpp").read_text(), both, tmp_path)


@needs_thread_sanitizer
@pytest.mark.parametrize(("file", "kind"), list(product(CELLS, CHIPS)))
def test_whole_sequences(tmp_path, file, kind):
    """With masks and new beginnings, several groups, several blocks each; what is exchanged is the larger way back."""
    source = whole(file)
    if kind == "clusters":  # what stands in meet() is left out; without all of it nobody would read what is written
        source = source.replace("exchange.meet();", "(exchange.meet());")
    raced(main_of(file, kind), source, tmp_path, *options_of(file, kind))


@cache
def plan_of(file, kind, is_back, is_before):
    cell = GRUBefore if is_before else CELLS[file]
    plan = placed(CHIPS[kind], cell.recurrence_back if is_back else cell.recurrence, B, H, np.float64().itemsize)
    assert plan.is_cluster == (kind == "clusters")
    assert plan.groups > 1
    assert plan.blocks > 1
    return plan


def options_of(file, kind):
    plans = [plan_of(file, kind, is_back, False) for is_back in (False, True)]
    assert plans[0].tile == plans[1].tile
    return [option for option in plans[0].options if "THREADS" not in option]


def main_of(file: str, kind: str) -> str:
    """A program that runs each kernel of a file on arrays of any content."""
    lines = ["int main(int, char** arguments)\n{\n    without = std::atoi(arguments[1]);"]
    for name, parameters in signatures(whole(file)).items():
        plan = plan_of(file, kind, "backward" in name, "reset" in name)
        given = {"T": T, "B": B, "H": H, "reverse": 0, "relu": 0}
        given |= {word: getattr(plan, word) for word in ("blocks", "rows", "units", "slices")}
        words = []
        lines.append("    {")
        for word_of, is_pointer, word in parameters:
            if not is_pointer:
                words.append(str(given[word]))
                continue
            kept = "char" if word_of == "bool" else word_of  # a vector of bool is none
            words.append(f"({word_of}*)of_{word}.data()")
            lines.append(f"        std::vector<{kept}> of_{word}({4 * max(T * B * H, H * H)});")
            if word != "arrived":
                value = "i % 3 != 0" if word_of == "bool" else "std::sin(i * 1.7)"
                lines.append(f"        for (size_t i = 0; i < of_{word}.size(); ++i) of_{word}[i] = {value};")
        at_once = plan.blocks if plan.is_cluster else plan.groups * plan.blocks
        sizes = f"{plan.groups * plan.blocks}, [&] {{ {name}({', '.join(words)}); }}, {at_once}, {plan.numbers}"
        lines.append(f"        in_turns({sizes});\n    }}")
    return "\n".join([*lines, "}"])
