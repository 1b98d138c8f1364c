"""Where CuPy cannot run, the error says which of the reasons it is, and the one command that mends it."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import distributions
from importlib.util import find_spec
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import tinygrad_seq_cupy
from tinygrad_seq_cupy import probe

import tinygrad_seq as tg
from tinygrad_seq.errors import BackendError, BackendUnavailableError

needs_cupy = pytest.mark.skipif(find_spec("cupy") is None, reason="CuPy is not installed")
no_driver_here = pytest.mark.skipif(probe.driver() > 0, reason="there is an NVIDIA driver")


class CUDARuntimeError(RuntimeError):
    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def pretended(count: Any = 1, needs: int = 13000, works: Any = None) -> Any:
    """A CuPy that answers as one does on a machine of that kind."""

    def answer(value: Any) -> Any:
        if isinstance(value, Exception):
            raise value
        return value

    runtime = SimpleNamespace(
        CUDARuntimeError=CUDARuntimeError, getDeviceCount=lambda: answer(count), runtimeGetVersion=lambda: needs
    )

    def ones(shape: tuple[int, ...], dtype: str) -> np.ndarray:
        answer(works)
        return np.ones(shape, dtype)

    return SimpleNamespace(__version__="14.2.0", cuda=SimpleNamespace(runtime=runtime), ones=ones)


def refusal(
    monkeypatch: pytest.MonkeyPatch,
    cupy: Any = None,
    driver: int = 13000,
    wheels: tuple[str, ...] = ("cupy-cuda13x",),
) -> str:
    """What is said where the machine and its CuPy are so; nothing where the backend can be made."""
    monkeypatch.setattr(probe, "find_spec", lambda name: None if cupy is None else True)
    monkeypatch.setattr(probe, "distributions", lambda: [SimpleNamespace(name=name) for name in wheels])
    monkeypatch.setattr(probe, "driver", lambda: driver)
    monkeypatch.setitem(sys.modules, "cupy", cupy)
    try:
        probe.checked_cupy()
    except BackendUnavailableError as error:
        return str(error)
    return ""


INSUFFICIENT = CUDARuntimeError(35, "cudaErrorInsufficientDriver: CUDA driver version is insufficient")


def test_a_machine_that_has_all(monkeypatch):
    assert refusal(monkeypatch, pretended()) == ""


@pytest.mark.parametrize(
    ("driver", "expected"),
    [
        (0, "there is no NVIDIA driver either.\n    With an NVIDIA GPU: pip install 'cupy-cuda13x[ctk]'"),
        (12040, "the NVIDIA driver knows CUDA 12.4.\n    With an NVIDIA GPU: pip install 'cupy-cuda12x[ctk]'"),
        (13020, "the NVIDIA driver knows CUDA 13.2.\n    With an NVIDIA GPU: pip install 'cupy-cuda13x[ctk]'"),
        (14000, "the NVIDIA driver knows CUDA 14.0.\n    With an NVIDIA GPU: pip install 'cupy-cuda13x[ctk]'"),
    ],
)
def test_not_installed(monkeypatch, driver, expected):
    assert refusal(monkeypatch, driver=driver) == f"CuPy is not installed, and {expected}"


def test_no_driver(monkeypatch):
    assert refusal(monkeypatch, pretended(), driver=0) == (
        "CuPy is installed, but there is no NVIDIA driver."
        "\n    With an NVIDIA GPU, install the driver: https://www.nvidia.com/drivers"
    )


def test_a_driver_without_a_gpu(monkeypatch):
    expected = (
        "CuPy 14.2.0 and the NVIDIA driver are installed, but they see no GPU."
        "\n    Is one hidden by CUDA_VISIBLE_DEVICES? nvidia-smi lists them all."
    )
    for count in (0, CUDARuntimeError(100, "cudaErrorNoDevice")):
        assert refusal(monkeypatch, pretended(count)) == expected


def test_a_driver_that_is_too_old(monkeypatch):
    assert refusal(monkeypatch, pretended(INSUFFICIENT), driver=12020) == (
        "CuPy 14.2.0 was built for CUDA 13.0, and the NVIDIA driver knows CUDA 12.2 only."
        "\n    Update the driver (https://www.nvidia.com/drivers), or take the wheel for it: "
        "pip uninstall -y cupy-cuda13x && pip install 'cupy-cuda12x[ctk]'"
    )
    oldest = refusal(monkeypatch, pretended(INSUFFICIENT, needs=12000), driver=11040, wheels=("cupy-cuda12x",))
    assert oldest == (
        "CuPy 14.2.0 was built for CUDA 12.0, and the NVIDIA driver knows CUDA 11.4 only."
        "\n    Update the driver (https://www.nvidia.com/drivers)"
    )


def test_a_gpu_that_does_not_answer(monkeypatch):
    said = refusal(monkeypatch, pretended(CUDARuntimeError(46, "cudaErrorDevicesUnavailable: busy")))
    assert said == (
        "CuPy 14.2.0 and a driver are there, but no GPU answers (cudaErrorDevicesUnavailable: busy)."
        "\n    Run nvidia-smi."
    )


@pytest.mark.parametrize("error", [ImportError("no libcublas"), RuntimeError("no libcublas"), OSError("no libcublas")])
def test_no_cuda_libraries(monkeypatch, error):
    assert refusal(monkeypatch, pretended(works=error, needs=12090)) == (
        "CuPy 14.2.0 finds a GPU, but not the CUDA libraries that it compiles and multiplies with (no libcublas)."
        "\n    pip install 'cupy-cuda12x[ctk]'"
    )


def test_a_fault_of_the_gpu_is_not_taken_for_a_missing_library(monkeypatch):
    with pytest.raises(CUDARuntimeError):
        refusal(monkeypatch, pretended(works=CUDARuntimeError(2, "cudaErrorMemoryAllocation")))


def test_two_wheels(monkeypatch):
    assert refusal(monkeypatch, pretended(), wheels=("numpy", "CuPy-cuda13x", "cupy-cuda12x", "cupyx-tools")) == (
        "2 packages bring CuPy and overwrite each other: cupy-cuda12x, cupy-cuda13x."
        "\n    Keep one: pip uninstall -y cupy-cuda12x cupy-cuda13x && pip install 'cupy-cuda13x[ctk]'"
    )


def test_a_damaged_installation(monkeypatch, tmp_path):
    (tmp_path / "cupy.py").write_text("raise ImportError('half of it is missing')")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "cupy", raising=False)
    monkeypatch.setattr(probe, "driver", lambda: 13000)
    monkeypatch.setattr(probe, "distributions", lambda: [SimpleNamespace(name="cupy-cuda13x")])
    with pytest.raises(BackendUnavailableError) as caught:
        probe.checked_cupy()
    assert str(caught.value) == (
        "importing CuPy fails (ImportError: half of it is missing).\n    pip install --force-reinstall cupy-cuda13x"
    )


@no_driver_here
@needs_cupy
@pytest.mark.skipif(len(probe.installed()) > 1, reason="several packages bring CuPy")
def test_the_true_cupy_without_a_driver():
    with pytest.raises(BackendUnavailableError, match=r"^CuPy is installed, but there is no NVIDIA driver"):
        tg.get_backend("cupy")
    assert "cupy" not in sys.modules


@no_driver_here
@needs_cupy
def test_the_true_cupy_answers_as_the_pretended_one_does(monkeypatch):
    """With a driver said to be there, its own refusal is read: an old driver, by the status of its error."""
    program = f"""
import sys
sys.path[:] = {sys.path!r}
from tinygrad_seq_cupy import probe
probe.driver = lambda: 12000
probe.distributions = lambda: []
try:
    probe.checked_cupy()
except Exception as error:
    print(type(error).__name__, str(error).splitlines()[0])
"""
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert done.stdout.startswith("BackendUnavailableError CuPy "), done
    assert "the NVIDIA driver knows CUDA 12.0 only." in done.stdout


@pytest.mark.skipif(find_spec("cupy") is not None, reason="CuPy is installed")
def test_without_cupy_the_backend_is_listed_and_says_what_is_missing():
    assert "cupy" in tg.available_backends()
    for name in ("cupy", "cupy:1"):
        with pytest.raises(BackendUnavailableError, match=r"^CuPy is not installed"):
            tg.get_backend(name)
    with pytest.raises(BackendUnavailableError), tg.use_backend("cupy"):
        pass


def test_importing_the_package_imports_no_cupy():
    program = (
        f"import sys; sys.path[:] = {sys.path!r}; import {tinygrad_seq_cupy.__name__}; print('cupy' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert done.stdout == "False\n"


def test_wheels_are_found_by_their_names():
    found = {name for d in distributions() if (name := (d.name or "").lower()).startswith(("cupy-cuda", "cupy-rocm"))}
    assert set(probe.installed()) >= found


def test_devices_of_a_backend_have_numbers():
    with pytest.raises(BackendError, match="NumPy has one device"):
        tg.get_backend("numpy:0")
    assert tg.get_backend("fake:0") is tg.get_backend("fake")
    with pytest.raises(BackendError, match="no device 'fake:1'"):
        tg.get_backend("fake:1")
