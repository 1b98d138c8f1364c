"""Every kernel is compiled for every kind of GPU that it is meant for, without a GPU; nothing spills."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import tinygrad_seq_cupy.kernels
from tinygrad_seq_cupy.kernels import clip
from tinygrad_seq_cupy.kernels.device import OPTIONS, THREADS
from tinygrad_seq_cupy.kernels.placement import TILE, WIDTH, Plan
from tinygrad_seq_cupy.kernels.program import written_out
from tinygrad_seq_cupy.kernels.sources import function, whole

import tinygrad_seq as tg
from benchmarks.gpu_constants import BARRIERS
from tinygrad_seq.optim import Adam
from tinygrad_seq.optim.in_place import traced

from .on_cpu import signatures

HERE = Path(tinygrad_seq_cupy.kernels.__file__).parent
FILES = sorted(path.stem for path in HERE.glob("*.cu"))
ARCHITECTURES = (75, 80, 90, 100)
REALS = ("float", "double")
BENCHMARK = "benchmark, barriers"
KINDS = {
    file: file.removesuffix(", clusters") for file in [*FILES, *(f"{f}, clusters" for f in FILES if "sequence" in f)]
}
ALL = [*KINDS, "adam, written out", "clip_squares, written out", "clip_scale, written out", BENCHMARK]


def adams_kernel() -> str:
    """The text of one that is written out at run time."""
    optimizer = Adam([tg.tensor([1.0], requires_grad=True)], amsgrad=True, weight_decay=0.1)
    settings = optimizer.settings(optimizer.param_groups[0])
    program = traced(optimizer.update, 3, list(optimizer.slots(settings)), settings)
    return written_out(program.calls, program.arrays, len(program.constants), program.scratch, 5).source


def text(file: str) -> str:
    if file in KINDS:
        return whole(KINDS[file])
    if file.startswith("clip"):
        return clip.written_out(file.removesuffix(", written out"), 5).source
    return BARRIERS if file == BENCHMARK else adams_kernel()


def architectures(file: str) -> tuple[int, ...]:
    """Clusters begin with compute capability 9.0."""
    return tuple(arch for arch in ARCHITECTURES if arch >= 90) if "clusters" in file else ARCHITECTURES


def options(file: str, real: str) -> list[str]:
    """What the compiler is told: as `Gpu` and `Plan` do, for the largest tile."""
    plan = Plan(is_cluster="clusters" in file, groups=1, blocks=1, rows=TILE, units=1, tile=TILE, slices=1, numbers=1)
    return [*OPTIONS, f"-DREAL={real}", *(plan.options if "sequence" in file else [f"-DTHREADS={THREADS}"])]


def test_the_host_code_names_kernels_that_exist_and_every_kernel_is_launched():
    code = "\n".join(path.read_text() for path in HERE.glob("*.py"))
    asked = set(re.findall(r'(?:function\(|self\.launch(?:_on_chip)?\(\s*)"(\w+)"', code))
    written = {name for file in FILES for name in signatures(whole(file))}
    assert asked == written
    for name in asked:
        assert name in signatures(function(name).source)


@pytest.mark.cuda_compile
@pytest.mark.skipif(shutil.which("nvcc") is None, reason="there is no nvcc")
@pytest.mark.parametrize("real", REALS)
@pytest.mark.parametrize("file", ALL)
def test_with_nvcc(file: str, real: str, tmp_path: Path) -> None:
    path = tmp_path / "kernels.cu"
    path.write_text(text(file))
    targets = [f"-gencode=arch=compute_{arch},code=sm_{arch}" for arch in architectures(file)]
    command = ["nvcc", "-fatbin", *options(file, real), "-Xptxas=-v", "-Werror=all-warnings", *targets]
    command += ["-o", str(tmp_path / "kernels.fatbin"), str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    check(done.stderr, file)


NVRTC = """
import sys
sys.path[:] = {path!r}
from cupy.cuda import nvrtc
for arch in {architectures}:
    made = nvrtc.createProgram(sys.argv[1], "kernels.cu", (), ())
    try:
        nvrtc.compileProgram(made, ({options}, f"-arch=sm_{{arch}}", "--ptxas-options=-v"))
        assert nvrtc.getCUBIN(made)[1:4] == b"ELF"
    finally:
        print(nvrtc.getProgramLog(made))
"""


def nvrtc_is_here() -> bool:
    """As CuPy finds it, in a process of its own."""
    if find_spec("cupy") is None:
        return False
    program = "from cupy.cuda import nvrtc; nvrtc.getVersion()"
    return subprocess.run([sys.executable, "-c", program], capture_output=True, check=False).returncode == 0


@pytest.mark.cuda_compile
@pytest.mark.parametrize("real", REALS)
@pytest.mark.parametrize("file", ALL)
def test_with_nvrtc_as_cupy_does(nvrtc: None, file: str, real: str) -> None:
    told = ", ".join(map(repr, options(file, real)))
    program = NVRTC.format(path=sys.path, architectures=architectures(file), options=told)
    done = subprocess.run([sys.executable, "-c", program, text(file)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    check(done.stdout, file)


@pytest.fixture(scope="module")
def nvrtc() -> None:
    if not nvrtc_is_here():
        pytest.skip("CuPy or NVRTC is not installed: pip install cupy-cuda13x nvidia-cuda-nvrtc")


def check(told: str, file: str) -> None:
    """Read what ptxas says of each kernel: no spills, and registers for all the threads that are to run at once."""
    kernels = 4 + 2 if file == BENCHMARK else len(signatures(text(file))) * len(architectures(file))
    spills = re.findall(r"(\d+) bytes spill stores, (\d+) bytes spill loads", told)
    assert len(spills) == kernels, told
    assert set(spills) == {("0", "0")}, told
    registers = np.array(re.findall(r"Used (\d+) registers", told), int)
    assert len(registers) == kernels
    assert registers.max() <= (65_536 // WIDTH if "sequence" in file else 64), told
