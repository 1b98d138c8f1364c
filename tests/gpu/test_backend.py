"""The CuPy backend itself: its names, its devices and streams, and what it asks of CuPy."""

from __future__ import annotations

import ast
import inspect
import subprocess
import sys
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
import tinygrad_seq_cupy

import tinygrad_seq as tg
from tinygrad_seq.backend import XP, XP_NAMES, Memory
from tinygrad_seq.errors import BackendError

HERE = Path(tinygrad_seq_cupy.__file__).parent
CHECK = """
import inspect, json, sys
sys.path[:] = {path!r}
from tinygrad_seq.backend import XP, XP_NAMES
from tinygrad_seq_cupy import namespace
wrong = []
for name in XP_NAMES:
    ours = getattr(XP, name)
    try:
        theirs = inspect.signature(getattr(namespace, name))
    except ValueError:
        continue  # compiled, without a signature to read
    parameters = list(inspect.signature(ours).parameters.values())[1:]
    positional = [0 for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.VAR_POSITIONAL)]
    named = {{p.name: 0 for p in parameters if p.kind == p.KEYWORD_ONLY}}
    try:
        theirs.bind(*positional, **named)
    except TypeError as error:
        wrong.append(f"{{name}}: {{error}}")
print(json.dumps(wrong))
"""


def test_the_namespace_spells_exactly_the_frozen_names():
    tree = ast.parse((HERE / "namespace.py").read_text())
    written = next(n.value for n in tree.body if isinstance(n, ast.Assign) and n.targets[0].id == "__all__")
    assert set(ast.literal_eval(written)) == set(XP_NAMES)


@pytest.mark.skipif(find_spec("cupy") is None, reason="CuPy is not installed")
def test_cupy_has_every_name_and_takes_the_arguments_that_we_pass():
    assert len(inspect.signature(XP.sum).parameters) == 4
    done = subprocess.run(
        [sys.executable, "-c", CHECK.format(path=sys.path)], check=True, capture_output=True, text=True
    )
    assert done.stdout == "[]\n"


class Stream:
    """A stream that writes down what it is told to wait for."""

    def __init__(self, runtime: Any, name: str) -> None:
        self.runtime, self.name = runtime, name

    def record(self) -> str:
        return f"all of {self.name}"

    def wait_event(self, event: str) -> None:
        self.runtime.log.append(f"{self.name} waits for {event}")

    def __enter__(self) -> None:
        self.runtime.current.append(self)

    def __exit__(self, *error: object) -> None:
        assert self.runtime.current.pop() is self


class Pretended:
    """As much of CuPy as the backend's class asks for, with two GPUs."""

    def __init__(self) -> None:
        self.log: list[str] = []
        self.devices = [0]
        self.current = [Stream(self, "theirs")]
        cupy = self

        self.__version__ = "14.0"

        class Device:
            compute_capability = "90"

            def __init__(self, number: int | None) -> None:
                self.id = cupy.devices[-1] if number is None else number

            def __enter__(self) -> Any:
                cupy.devices.append(self.id)
                return self

            def __exit__(self, *error: object) -> None:
                cupy.devices.pop()

            def synchronize(self) -> None:
                cupy.log.append(f"synchronize {self.id}")

            def use(self) -> None:
                cupy.devices[-1] = self.id

        pool = SimpleNamespace(used_bytes=lambda: 3, total_bytes=lambda: 5, get_limit=lambda: 0)
        self.ndarray = np.ndarray
        self.get_default_memory_pool = lambda: pool
        self.cuda = SimpleNamespace(
            Device=Device,
            Stream=lambda non_blocking: Stream(self, f"ours {self.devices[-1]}") if non_blocking else None,
            get_current_stream=lambda: self.current[-1],
            nccl=SimpleNamespace(available=True),
            runtime=SimpleNamespace(
                getDeviceCount=lambda: 2,
                getDeviceProperties=lambda number: {"name": b"GPU %d" % number, "totalGlobalMem": 80e9},
                driverGetVersion=lambda: 13000,
                runtimeGetVersion=lambda: 12090,
            ),
        )

    def array(self, array: np.ndarray) -> tuple[np.ndarray, int]:
        return array, self.devices[-1]


@pytest.fixture
def cupy(monkeypatch: pytest.MonkeyPatch) -> Pretended:
    cupy = Pretended()
    monkeypatch.setattr(tinygrad_seq_cupy, "checked_cupy", lambda: cupy)
    monkeypatch.setitem(sys.modules, "tinygrad_seq_cupy.namespace", SimpleNamespace())
    monkeypatch.setattr(tinygrad_seq_cupy, "namespace", SimpleNamespace(), raising=False)
    monkeypatch.setitem(sys.modules, "tinygrad_seq_cupy.gpu", SimpleNamespace(Gpu=SimpleNamespace))
    return cupy


def test_a_block_computes_on_a_stream_of_ours_and_each_side_waits_for_the_other(cupy):
    backend = tinygrad_seq_cupy.CupyBackend()
    with backend.active():
        assert cupy.current[-1].name == "ours 0"
        with backend.active():  # inside, there is nothing to wait for
            assert cupy.current[-1].name == "ours 0"
    assert cupy.current[-1].name == "theirs"
    assert cupy.log == ["ours 0 waits for all of theirs", "theirs waits for all of ours 0"]


def test_their_stream_waits_also_where_the_block_ends_in_an_error(cupy):
    with pytest.raises(KeyError), tinygrad_seq_cupy.CupyBackend().active():
        raise KeyError
    assert cupy.log[-1] == "theirs waits for all of ours 0"
    assert (len(cupy.current), cupy.devices) == (1, [0])


def test_devices_are_chosen_by_number(cupy):
    whole = tinygrad_seq_cupy.CupyBackend()
    second = whole.on("1")
    assert (whole.name, second.name) == ("cupy", "cupy:1")
    assert whole.from_host(1) == (1, 0)
    assert second.from_host(1) == (1, 1)
    with second.active():
        assert whole.from_host(1) == (1, 1)  # the current one
        second.synchronize()
        assert cupy.current[-1].name == "ours 1"
    assert cupy.devices == [0]
    assert "synchronize 1" in cupy.log
    for name in ("2", "-1", "first", ""):
        with pytest.raises(BackendError, match=r"no device 'cupy:.*This machine has cupy:0 to cupy:1"):
            whole.on(name)


@pytest.mark.parametrize(("precision", "tf32"), [("float32", "off"), ("TF32, because CUPY_TF32 asks for it", "on")])
def test_it_says_which_gpu_driver_and_versions_it_computes_with(cupy, precision, tf32):
    second = tinygrad_seq_cupy.CupyBackend().on("1")
    second.gpu.precision = lambda dtype: precision
    assert second.about() == {
        "device": "GPU 1",
        "compute_capability": "90",
        "memory_GB": "80.0",
        "driver": "13000",
        "cuda": "12090",
        "cupy": "14.0",
        "tf32": tf32,
    }


def test_memory_is_what_the_pool_counts(cupy):
    assert tinygrad_seq_cupy.CupyBackend().memory() == Memory(3, 5, None)


class Recorder:
    """A stream that records: what happens to it, in order, in CuPy's log."""

    def __init__(self, cupy: Pretended, refuses: str = "") -> None:
        self.cupy, self.refuses = cupy, refuses

    def note(self, what: str) -> None:
        self.cupy.log.append(what)
        if what == self.refuses:
            raise RuntimeError(f"{what}: not while the stream is capturing")

    def begin_capture(self) -> None:
        self.note("begin")

    def end_capture(self) -> Any:
        self.note("end")
        return SimpleNamespace(upload=lambda s: self.note("upload"), launch=lambda s: self.note("launch"))

    def wait_event(self, event: str) -> None:
        """What streams wait for is in the tests above."""

    def record(self) -> str:
        return ""

    def __enter__(self) -> None:
        self.cupy.current.append(self)  # type: ignore[arg-type]

    def __exit__(self, *error: object) -> None:
        self.cupy.current.pop()


def with_recorder(cupy: Pretended, refuses: str = "") -> Recorder:
    recorder = Recorder(cupy, refuses)
    cupy.cuda.Stream = lambda non_blocking: recorder
    cupy.cuda.MemoryPool = lambda: SimpleNamespace(malloc="private")

    @contextmanager
    def using_allocator(malloc):
        cupy.log.append(f"allocates by {malloc}")
        yield
        cupy.log.append("allocates as before")

    cupy.cuda.using_allocator = using_allocator
    cupy.zeros = lambda n, dtype: SimpleNamespace(fill=lambda step: cupy.log.append(f"step {step}"))
    return recorder


def noted(recorder: Recorder) -> Any:
    def run(weights: list[Any], inputs: list[Any]) -> list[Any]:
        recorder.note("the step")
        return [*weights, *inputs]

    return run


def test_a_step_is_recorded_on_our_stream_in_a_pool_of_its_own_and_launched_each_time(cupy):
    recorder = with_recorder(cupy)
    again = tinygrad_seq_cupy.CupyBackend().capture(noted(recorder), [], [])
    expected = ["allocates by private", "begin", "the step", "end", "allocates as before", "upload"]
    assert [what for what in cupy.log if "waits" not in what] == expected
    again(3)
    again(2**32 + 4)
    replays = ["step 3", "launch", "step 4", "launch"]
    assert [what for what in cupy.log if "waits" not in what] == [*expected, *replays]
    assert len(cupy.current) == 1


@pytest.mark.parametrize("refuses", ["begin", "the step", "end", "upload"])
def test_where_cuda_refuses_to_record_a_warning_says_so_and_the_stream_is_as_before(cupy, refuses):
    recorder = with_recorder(cupy, refuses)
    with pytest.warns(RuntimeWarning, match=f"could not be recorded as a CUDA graph: {refuses}"):
        assert tinygrad_seq_cupy.CupyBackend().capture(noted(recorder), [], []) is None
    assert (len(cupy.current), cupy.devices) == (1, [0])
    assert ("end" in cupy.log) == (refuses != "begin")


def test_a_backend_is_active_in_its_block_and_nowhere_else(monkeypatch):
    log = []

    @contextmanager
    def active():
        log.append("begins")
        yield
        log.append("ends")

    monkeypatch.setattr(tg.get_backend("fake"), "active", active)
    with tg.use_backend("fake"):
        assert log == ["begins"]
    assert log == ["begins", "ends"]


@pytest.mark.parametrize(("number", "own", "device"), [(0, True, 0), (1, True, 1), (2, False, 0), (3, False, 1)])
def test_each_process_takes_the_gpu_of_its_number_where_there_are_as_many(cupy, number, own, device):
    assert tinygrad_seq_cupy.CupyBackend().wires.claim(number) is own
    assert cupy.devices == [device]


def test_without_nccl_no_gpu_is_a_process_s_alone(cupy):
    cupy.cuda.nccl.available = False
    assert tinygrad_seq_cupy.CupyBackend().wires.claim(0) is False


def test_a_gpu_that_is_named_is_that_of_all_processes(cupy):
    assert tinygrad_seq_cupy.CupyBackend().on("1").wires is None


def test_arrays_go_by_nccl_which_mpi_starts(cupy, monkeypatch):
    asked = []

    class Communicator:
        def all_to_all(self, parts, received):
            received[...] = parts[::-1]

        def all_gather(self, part, whole, count):
            assert count == part.size
            whole[...] = np.concatenate([part, -part])

    def started(*given, **named):
        asked.append((given, named))
        return Communicator()

    monkeypatch.setitem(sys.modules, "cupyx", ModuleType("cupyx"))
    distributed = ModuleType("cupyx.distributed")
    distributed.init_process_group = started
    monkeypatch.setitem(sys.modules, "cupyx.distributed", distributed)
    cupy.empty, cupy.empty_like = np.empty, np.empty_like
    exchange = tinygrad_seq_cupy.CupyBackend().wires.connect(1, 2)
    assert asked == [((2, 1), {"backend": "nccl", "use_mpi": True})]
    parts = np.arange(6, dtype=np.float32).reshape(2, 3)
    np.testing.assert_array_equal(exchange.all_to_all(parts), parts[::-1])
    whole = exchange.all_gather(parts[0])
    assert whole.dtype == np.float32
    np.testing.assert_array_equal(whole, [0, 1, 2, 0, -1, -2])
