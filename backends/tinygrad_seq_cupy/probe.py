"""Why CuPy cannot run here, if it cannot, and the one thing to do about it.

What can be known without importing CuPy is asked first: an import takes a third of a second, and a damaged one crashes.
"""

from __future__ import annotations

import re
import sys
from ctypes import CDLL, byref, c_int
from importlib.metadata import distributions
from importlib.util import find_spec
from typing import Any

from tinygrad_seq.errors import BackendUnavailableError

__all__ = ["checked_cupy"]

WHEEL = re.compile(r"cupy(-(cuda|rocm)[\w.-]*)?")
OLDEST, NEWEST = 12, 13  # the major versions of CUDA that CuPy has wheels for
DRIVERS = "https://www.nvidia.com/drivers"
NO_DEVICE = 100  # cudaErrorNoDevice


def checked_cupy() -> Any:
    """Return the module CuPy. Raises BackendUnavailableError: what is wrong, and on the next line the cure."""
    knows = driver()
    if find_spec("cupy") is None:
        raise BackendUnavailableError(not_installed(knows))
    wheels = installed()
    problem = doubled(wheels) or no_driver(knows)
    if problem:
        raise BackendUnavailableError(problem)
    try:
        import cupy
    except Exception as error:
        raise BackendUnavailableError(
            f"importing CuPy fails ({type(error).__name__}: {error})."
            f"\n    pip install --force-reinstall {wheels[0] if wheels else wheel_for(knows)}"
        ) from error
    problem = no_device(cupy, knows, wheels) or no_libraries(cupy)
    if problem:
        raise BackendUnavailableError(problem)
    return cupy


def installed() -> list[str]:
    """Return the names of the packages that bring CuPy."""
    return sorted({name for d in distributions() if WHEEL.fullmatch(name := (d.name or "").lower())})


def driver() -> int:
    """Return the newest CUDA that the NVIDIA driver knows, as 1000 major + 10 minor; 0 where there is no driver."""
    library = {"win32": "nvcuda.dll", "linux": "libcuda.so.1"}.get(sys.platform, "")
    known = c_int(0)
    try:
        CDLL(library or "no such library").cuDriverGetVersion(byref(known))
    except (OSError, AttributeError):
        return 0
    return known.value


def wheel_for(knows: int) -> str:
    """Return the wheel for a driver, with the CUDA libraries that it needs."""
    major = min(max(knows // 1000, OLDEST), NEWEST) if knows else NEWEST
    return f"'cupy-cuda{major}x[ctk]'"


def not_installed(knows: int) -> str:
    """Say that CuPy is not there, and which one would fit."""
    gpu = f"the NVIDIA driver knows CUDA {version(knows)}" if knows else "there is no NVIDIA driver either"
    return f"CuPy is not installed, and {gpu}.\n    With an NVIDIA GPU: pip install {wheel_for(knows)}"


def doubled(wheels: list[str]) -> str:
    """Return what is wrong where several wheels have written into one folder, else nothing."""
    if len(wheels) < 2:
        return ""
    return (
        f"{len(wheels)} packages bring CuPy and overwrite each other: {', '.join(wheels)}."
        f"\n    Keep one: pip uninstall -y {' '.join(wheels)} && pip install '{wheels[-1]}[ctk]'"
    )


def no_driver(knows: int) -> str:
    """Return what is wrong where no driver answers, else nothing."""
    if knows:
        return ""
    return f"CuPy is installed, but there is no NVIDIA driver.\n    With an NVIDIA GPU, install the driver: {DRIVERS}"


def no_device(cupy: Any, knows: int, wheels: list[str]) -> str:
    """Return what is wrong where the driver is too old for this CuPy, or has no GPU; else nothing."""
    runtime = cupy.cuda.runtime
    needs = runtime.runtimeGetVersion()
    try:
        count = runtime.getDeviceCount()
    except runtime.CUDARuntimeError as error:
        if knows < needs and error.status != NO_DEVICE:
            return too_old(cupy, knows, needs, wheels)
        if error.status != NO_DEVICE:
            return f"CuPy {cupy.__version__} and a driver are there, but no GPU answers ({error}).\n    Run nvidia-smi."
        count = 0
    if not count:
        return (
            f"CuPy {cupy.__version__} and the NVIDIA driver are installed, but they see no GPU."
            "\n    Is one hidden by CUDA_VISIBLE_DEVICES? nvidia-smi lists them all."
        )
    return ""


def too_old(cupy: Any, knows: int, needs: int, wheels: list[str]) -> str:
    """Say that the driver does not know the CUDA that CuPy was built for."""
    cure = f"Update the driver ({DRIVERS})"
    if OLDEST <= knows // 1000 < needs // 1000:
        other = " ".join(wheels) or f"cupy-cuda{needs // 1000}x"
        cure += f", or take the wheel for it: pip uninstall -y {other} && pip install {wheel_for(knows)}"
    return (
        f"CuPy {cupy.__version__} was built for CUDA {version(needs)}, and the NVIDIA driver knows CUDA "
        f"{version(knows)} only.\n    {cure}"
    )


def no_libraries(cupy: Any) -> str:
    """Return what is wrong where CUDA's compiler or cuBLAS is missing, found out by using both once; else nothing."""
    try:
        square = cupy.ones((2, 2), dtype="float32") + 1
        (square @ square).sum()
    except cupy.cuda.runtime.CUDARuntimeError:
        raise  # a fault of the GPU, which says itself what it is
    except Exception as error:  # noqa: BLE001  each CuPy has a type of its own for a library that it does not find
        lines = str(error).strip().splitlines() or [type(error).__name__]
        return (
            f"CuPy {cupy.__version__} finds a GPU, but not the CUDA libraries that it compiles and multiplies with "
            f"({lines[0]}).\n    pip install {wheel_for(cupy.cuda.runtime.runtimeGetVersion())}"
        )
    return ""


def version(number: int) -> str:
    """Return CUDA's number of a version as people write it: 12040 is 12.4."""
    return f"{number // 1000}.{number % 1000 // 10}"
