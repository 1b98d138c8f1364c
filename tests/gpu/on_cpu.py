"""The device of the GPU kernels' host code on a machine without a GPU: NumPy multiplies, and g++ compiles the .cu text.

It is stricter than CuPy, which passes arguments on as they come: their number, their types and their memory are
checked against the kernel's own signature.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from functools import cache
from getpass import getuser
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir
from typing import Any

import numpy as np
import pytest
from tinygrad_seq_cupy.kernels.device import Chip
from tinygrad_seq_cupy.kernels.sources import Function
from tinygrad_seq_fake import DeviceArray
from tinygrad_seq_fake.array import asked

from tinygrad_seq.backend import get_backend

THREADS = 8  # few, so that small arrays already have several blocks, the last of them partly idle
SHIM = Path(__file__).parent / "cuda_on_cpu.h"
TYPES = {"long long": np.int64, "bool": np.bool_, "int": np.int32, "unsigned": np.uint32, "double": np.float64}
REALS = {"float32": "float", "float64": "double"}
SIGNATURE = re.compile(r'extern "C" __global__ void (?:ON_CHIP )?(\w+)\(([^)]*)\)', re.DOTALL)

FLAGS = ["-std=c++20", "-O1", "-ffp-contract=off", "-Wall", "-Werror", "-Wno-unused-function", "-Wno-unknown-pragmas"]

needs_compiler = pytest.mark.skipif(shutil.which("g++") is None, reason="g++ compiles the kernels for the CPU")


def sanitizer(library: str) -> Path | None:
    """Where the library of one of g++'s sanitizers lies, such as libasan.so; None where it is not installed."""
    if shutil.which("g++") is None:
        return None
    said = subprocess.run(["g++", f"-print-file-name={library}"], capture_output=True, text=True, check=True).stdout
    found = Path(said.strip())
    return found if found.is_absolute() else None


def signatures(source: str) -> dict[str, list[tuple[str, bool, str]]]:
    """The parameters of every kernel in a text: type, whether it is a pointer, name."""
    found = {}
    for name, parameters in SIGNATURE.findall(re.sub(r"//.*", "", source)):
        split = [
            re.fullmatch(r"(?:const )?([\w ]+?)(\*?)\s*(?:__restrict__ )?(\w+)", " ".join(p.split()))
            for p in parameters.split(",")
        ]
        found[name] = [(m[1].strip(), bool(m[2]), m[3]) for m in split]
    return found


def program(source: str) -> str:
    """The text of a kernel file as C++, with a function `run_<name>` for every kernel."""
    lines = [source]
    for name, parameters in signatures(source).items():
        declared = ", ".join(f"{kind}{'*' * is_pointer} {word}" for kind, is_pointer, word in parameters)
        words = ", ".join(word for *_, word in parameters)
        lines.append(f'extern "C" void run_{name}(unsigned grid, unsigned at_once, unsigned numbers, {declared}) {{')
        call = f"[=] {{ {name}({words}); }}"
        run = f"in_turns(grid, {call}, at_once, numbers)" if "__syncthreads" in source else f"serially(grid, {call})"
        lines.append(f"    {run};\n}}")
    return "\n".join(lines)


@cache
def compiled(source: str, real: str, *options: str) -> ctypes.CDLL:
    """A kernel file as a library, kept from one test run to the next; the compiler's warnings are errors."""
    flags = [*FLAGS, "-shared", "-fPIC", "-pthread", f"-DREAL={real}", f"-DTHREADS={THREADS}", *options]
    text = SHIM.read_text() + program(source)
    name = hashlib.sha256(" ".join([text, *flags]).encode()).hexdigest()[:24] + ".so"
    folder = Path(gettempdir(), f"tinygrad-seq-kernels-{getuser()}")
    folder.mkdir(mode=0o700, exist_ok=True)
    if not (folder / name).exists():
        with TemporaryDirectory(dir=folder) as scratch:
            (Path(scratch) / "kernels.cpp").write_text(text)
            environment = os.environ.copy()
            environment.pop("LD_PRELOAD", None)  # a sanitizer is for the kernels, not for their compiler
            subprocess.run(["g++", *flags, "kernels.cpp", "-o", name], check=True, cwd=scratch, env=environment)
            (Path(scratch) / name).replace(folder / name)  # another process may have made the same meanwhile
    return ctypes.CDLL(str(folder / name))


NOTHING = Chip(capability=0, multiprocessors=0, memory=0)  # all goes step by step


class OnCpu:
    """For arrays of NumPy, or of the fake device: `backend` says which. `launched` counts launches by name."""

    threads = THREADS

    def __init__(self, backend: str, chip: Chip = NOTHING) -> None:
        self.chip = chip
        self.xp = get_backend(backend).xp
        self.is_fake = backend == "fake"
        self.launched: dict[str, int] = {}
        self.products = 0

    @property
    def now(self) -> Any:
        return get_backend("fake").now if self.is_fake else None

    def memory(self, array: Any) -> np.ndarray:
        return array._memory if self.is_fake else array

    def wrap(self, array: np.ndarray) -> Any:
        return DeviceArray(array) if self.is_fake else array

    def empty(self, shape: Any, dtype: Any) -> Any:
        """Filled with what nobody would compute: whoever reads before writing is found out."""
        filled = np.full(shape, np.nan if np.dtype(dtype).kind == "f" else 99, dtype)
        return self.wrap(filled)

    def contiguous(self, array: Any, dtype: Any) -> Any:
        memory = self.memory(array)
        made = np.ascontiguousarray(memory, dtype) if memory.ndim else np.asarray(memory, dtype)
        if made is memory:
            return array
        self.asked(lambda: np.copyto(made, memory))
        return self.wrap(made)

    def asked(self, f: Callable[[], Any]) -> None:
        """Do what writes into memory, so that a recording of the fake device has it too."""
        if self.is_fake:
            asked(f)
        else:
            f()

    def matmul(self, a: Any, b: Any, out: Any, *, a_T: bool = False, b_T: bool = False, add: bool = False) -> None:
        self.products += 1
        a, b, out = (self.memory(x) for x in (a, b, out))
        for x in (a, b, out):
            assert x.ndim == 2
            assert x.dtype == out.dtype
            assert not x.size or x.shape[1] < 2 or x.strides[1] == x.itemsize, "the rows of a matrix are contiguous"
        a, b = a.T if a_T else a, b.T if b_T else b
        assert (a.shape[0], b.shape[1]) == out.shape
        self.asked(lambda: np.copyto(out, out + a @ b if add else a @ b))

    def launch(self, kernel: Function, dtype: Any, n: int, *arguments: Any, rows: bool = False) -> None:
        self.run(kernel, dtype, n if rows else -(-n // THREADS), 1, 0, arguments)

    def launch_on_chip(self, kernel: Function, dtype: Any, blocks: int, numbers: int, *arguments: Any) -> None:
        clusters = [int(option.removeprefix("-DCLUSTER=")) for option in kernel.options if "CLUSTER" in option]
        at_once = clusters[0] if clusters else blocks
        assert blocks % at_once == 0, "a grid is made of whole clusters"
        assert at_once <= self.chip.multiprocessors, "blocks that meet run at once"
        assert numbers * np.dtype(dtype).itemsize <= self.chip.memory
        self.run(kernel, dtype, blocks, at_once, numbers, arguments)

    def run(self, kernel: Function, dtype: Any, blocks: int, at_once: int, numbers: int, arguments: Any) -> None:
        self.launched[kernel.name] = self.launched.get(kernel.name, 0) + 1
        if not blocks:
            return
        parameters = signatures(kernel.source)[kernel.name]
        assert len(arguments) == len(parameters), f"{kernel.name} takes {[name for *_, name in parameters]}"
        given = [self.argument(kernel.name, p, x, np.dtype(dtype)) for p, x in zip(parameters, arguments, strict=True)]
        options = [*(["-DTILE=2"] if kernel.options else []), *(o for o in kernel.options if "CLUSTER" in o)]
        function = compiled(kernel.source, REALS[np.dtype(dtype).name], *options)[f"run_{kernel.name}"]
        sizes = [ctypes.c_uint(n) for n in (blocks, at_once, numbers)]
        memories = [self.memory(x) for x in arguments if not isinstance(x, int | np.generic | None)]
        self.asked(lambda memories=memories: function(*sizes, *given))

    def argument(self, kernel: str, parameter: tuple[str, bool, str], x: Any, dtype: Any) -> Any:
        kind, is_pointer, name = parameter
        expected = dtype if kind == "real" else np.dtype(TYPES[kind])
        said = f"{kernel}, {name}: {kind}{'*' * is_pointer} is not {type(x).__name__} {getattr(x, 'dtype', '')}"
        if not is_pointer:
            if kind == "int":
                assert type(x) is int, said
                return ctypes.c_int(x)
            assert isinstance(x, np.generic), said
            assert x.dtype == expected, said
            return np.ctypeslib.as_ctypes_type(expected)(x.item())
        if x is None:
            return ctypes.c_void_p(None)
        memory = self.memory(x)
        assert memory.dtype == expected, said
        assert memory.flags.c_contiguous, f"{kernel}, {name}: not in C order"
        return ctypes.c_void_p(memory.ctypes.data)
