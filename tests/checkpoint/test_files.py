"""Safetensors files: what comes back is what was given, damage is noticed, and a failed write leaves the old file."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tinygrad_seq import errors
from tinygrad_seq.checkpoint import HASH, load, save

pytestmark = pytest.mark.host("files")

DTYPES = (
    "bool",
    "int8",
    "int16",
    "int32",
    "int64",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
    "float16",
    "float32",
    "float64",
)
CUBE = np.arange(24.0).reshape(2, 3, 4)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "weights.safetensors"


@pytest.mark.parametrize(
    "array",
    [
        CUBE.T,
        CUBE[:, ::2],
        CUBE[::-1],
        CUBE[..., 1],
        np.asfortranarray(CUBE),
        CUBE.swapaxes(0, 1),
        np.broadcast_to(np.arange(4.0), (3, 4)),
        CUBE[:, :1],
        CUBE.astype(">f8"),
        np.float64(3.5),
        np.zeros((0, 3)),
        np.array(True),
    ],
    ids=[
        *("transposed", "strided", "reversed", "sliced", "Fortran", "swapped", "broadcast", "thin", "big-endian"),
        *("a NumPy scalar", "empty", "of no axes"),
    ],
)
def test_arrays_of_any_layout_come_back_in_order(path: Path, array: Any) -> None:
    save(path, {"W": array})
    loaded = load(path)[0]["W"]
    assert loaded.shape == np.shape(array)
    np.testing.assert_array_equal(loaded, array)


@given(st.data())
def test_every_array_comes_back(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    dtype = data.draw(st.sampled_from(DTYPES))
    array = data.draw(hnp.arrays(dtype, hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4)))
    axes = data.draw(st.permutations(range(array.ndim)))
    path = tmp_path_factory.getbasetemp() / "any.safetensors"
    save(path, {"x": array.transpose(axes)})
    loaded = load(path)[0]["x"]
    assert loaded.dtype == array.dtype
    np.testing.assert_array_equal(loaded, array.transpose(axes))


def test_metadata_comes_back_without_the_hash(path: Path) -> None:
    save(path, {"W": CUBE}, {"step": "7", "text": "naïve \n\0"})
    assert load(path)[1] == {"step": "7", "text": "naïve \n\0"}


def test_a_loaded_array_can_be_written_to(path: Path) -> None:
    save(path, {"W": CUBE})
    load(path)[0]["W"][:] = 0


@pytest.mark.parametrize(
    "array", [np.array(["a"]), np.array([1j]), np.array([None]), np.zeros(1, np.longdouble)], ids=str
)
def test_a_type_without_a_place_in_the_format_is_refused_by_name(path: Path, array: np.ndarray) -> None:
    with pytest.raises(errors.CheckpointError, match=rf"W is {array.dtype}"):
        save(path, {"fine": CUBE, "W": array})
    assert not path.exists()


def test_every_flipped_bit_is_noticed(path: Path) -> None:
    save(path, {"W": np.arange(5, dtype=np.float32), "b": np.ones(2)}, {"step": "7"})
    content = path.read_bytes()
    name_of_the_hash = range(content.index(HASH.encode()), content.index(HASH.encode()) + len(HASH))
    for position in set(range(len(content))) - set(name_of_the_hash):
        damaged = bytearray(content)
        damaged[position] ^= 1
        path.write_bytes(damaged)
        with pytest.raises(errors.CheckpointError, match=r"weights\.safetensors .*\."):
            load(path)


def test_every_truncation_is_noticed(path: Path) -> None:
    save(path, {"W": np.arange(5, dtype=np.float32)}, {"step": "7"})
    content = path.read_bytes()
    for length in range(len(content)):
        path.write_bytes(content[:length])
        with pytest.raises(errors.CheckpointError, match="is damaged"):
            load(path)


def test_a_header_that_claims_more_than_the_file_has_is_refused_unread(path: Path) -> None:
    path.write_bytes((2**40).to_bytes(8, "little") + b"{}")
    with pytest.raises(
        errors.CheckpointError, match=r"its header should take 1,099,511,627,776 bytes, and it has 10\."
    ):
        load(path)


@pytest.mark.parametrize(
    "header",
    [
        {"W": {"dtype": "F32", "shape": [2**62, 4], "data_offsets": [0, 8]}},
        {"W": {"dtype": "F32", "shape": [3], "data_offsets": [0, 8]}},
        {"W": {"dtype": "F32", "shape": [-2], "data_offsets": [0, 8]}},
        {"W": {"dtype": "F77", "shape": [2], "data_offsets": [0, 8]}},
        {"W": {"dtype": "F32", "shape": [1], "data_offsets": [4, 8]}},
        {"W": 5},
        [],
    ],
    ids=["huge", "too long", "negative", "unknown type", "a hole", "a number", "a list"],
)
def test_a_header_that_lies_is_refused(path: Path, header: object) -> None:
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + bytes(8))
    with pytest.raises(errors.CheckpointError, match="is damaged"):
        load(path)


def test_a_pickle_is_never_loaded(path: Path) -> None:
    path.write_bytes(b"PK\x03\x04" + bytes(100))
    with pytest.raises(errors.CheckpointError, match="loading one runs the code in it"):
        load(path)


def test_a_header_whose_length_looks_like_a_pickle_is_none(path: Path) -> None:
    begun = set()
    for padding in range(0, 2000, 8):
        save(path, {"W": CUBE}, {"padding": "x" * padding})
        begun.add(path.read_bytes()[:2])
        load(path)
    assert begun >= {b"\x80\x02", b"\x80\x04", b"\x80\x05"}


@pytest.mark.parametrize("start", [b"PK\x03\x04", b"\x80\x02}q\x00", b"\x80\x04\x95\x00", b"\x80\x05\x95\x00"])
def test_no_pickle_of_any_protocol_is_loaded(path: Path, start: bytes) -> None:
    path.write_bytes(start + bytes(2000))
    with pytest.raises(errors.CheckpointError, match="is a pickle"):
        load(path)


def test_a_missing_file_is_named(path: Path) -> None:
    with pytest.raises(errors.CheckpointError, match=r"There is no file .*weights\.safetensors"):
        load(path)


def test_a_folder_in_place_of_the_file_is_named(path: Path) -> None:
    path.mkdir()
    with pytest.raises(errors.CheckpointError, match=r"weights\.safetensors cannot be read"):
        load(path)


def test_a_folder_that_is_none_is_an_error_with_a_cure(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(errors.CheckpointError, match=r"cannot be written: .* choose another folder \(--out\)"):
        save(tmp_path / "file" / "weights.safetensors", {"W": CUBE})


@pytest.mark.parametrize("call", ["replace", "fsync", "write"])
def test_a_write_that_fails_leaves_the_old_file(path: Path, call: str, monkeypatch: pytest.MonkeyPatch) -> None:
    save(path, {"W": CUBE})

    def fail(*args: object, **kwargs: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        if call == "replace":
            patch.setattr(Path, "replace", fail)
        elif call == "fsync":
            patch.setattr(os, "fsync", fail)
        else:
            patch.setattr(Path, "open", fail)
        with pytest.raises(
            errors.CheckpointError,
            match=r"No space left on device\. There is the old one still, or the new one",
        ):
            save(path, {"W": CUBE + 1})
    np.testing.assert_array_equal(load(path)[0]["W"], CUBE)
    assert [p.name for p in path.parent.iterdir()] == [path.name]


@pytest.mark.skipif(sys.platform == "win32", reason="resource limits are Unix's")
def test_a_disk_that_fills_up_midway_leaves_the_old_file(path: Path) -> None:
    save(path, {"W": CUBE})
    program = f"""
import resource, signal, sys
sys.path[:] = {sys.path!r}
import numpy as np
from tinygrad_seq.checkpoint import save
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
save({str(path)!r}, {{"W": np.zeros(100_000)}})
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert "CheckpointError" in done.stderr
    assert "File too large" in done.stderr
    np.testing.assert_array_equal(load(path)[0]["W"], CUBE)
    assert [p.name for p in path.parent.iterdir()] == [path.name]


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is Unix's")
def test_a_process_that_is_killed_while_it_saves_leaves_a_whole_file(path: Path) -> None:
    program = f"""
import sys
sys.path[:] = {sys.path!r}
import numpy as np
from tinygrad_seq.checkpoint import save
n = 0
while True:
    n += 1
    save({str(path)!r}, {{"W": np.full(300_000, n)}})
    print(n, flush=True)
"""
    for _ in range(3):
        process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        with process.stdout:
            for _ in range(3):
                process.stdout.readline()
            process.send_signal(signal.SIGKILL)
            process.wait()
        W = load(path)[0]["W"]
        assert (W[0] == W).all()
    save(path, {"W": CUBE})
    assert [p.name for p in path.parent.iterdir()] == [path.name], "what a killed process left is cleaned up"


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    link = tmp_path / "weights.safetensors"
    link.symlink_to(tmp_path / "elsewhere" / "real.safetensors")
    save(link, {"W": CUBE})
    save(link, {"W": CUBE + 1})
    assert link.is_symlink()
    np.testing.assert_array_equal(load(tmp_path / "elsewhere" / "real.safetensors")[0]["W"], CUBE + 1)


@pytest.mark.skipif(sys.platform == "win32", reason="modes are Unix's")
def test_others_may_read_the_file_as_the_umask_says(path: Path) -> None:
    before = os.umask(0o022)
    try:
        save(path, {"W": CUBE})
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o644


@pytest.mark.oracle
def test_torch_reads_ours_and_we_read_torchs(path: Path) -> None:
    torch = pytest.importorskip("torch")
    theirs = pytest.importorskip("safetensors.torch")
    lstm = torch.nn.LSTM(3, 4)
    theirs.save_file(lstm.state_dict(), path)
    weights, metadata = load(path)
    assert metadata == {}
    np.testing.assert_array_equal(weights["weight_ih_l0"], lstm.weight_ih_l0.detach().numpy())

    save(path, {name: W.T for name, W in weights.items()})
    back = theirs.load_file(path)
    assert torch.equal(back["weight_ih_l0"], lstm.weight_ih_l0.detach().T)


@pytest.mark.oracle
def test_a_number_type_that_numpy_lacks_is_named(path: Path) -> None:
    torch = pytest.importorskip("torch")
    pytest.importorskip("safetensors.torch").save_file({"W": torch.ones(2, dtype=torch.bfloat16)}, path)
    with pytest.raises(errors.CheckpointError, match=r"bfloat16.* Save it as float32"):
        load(path)
