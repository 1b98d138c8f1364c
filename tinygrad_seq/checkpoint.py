"""Arrays in safetensors files: contiguous, hashed, written beside the old file and renamed over it; never pickle."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from .atomic import replace_file
from .errors import CheckpointError

__all__ = ["load", "save"]

HASH = "content_sha256"
DTYPES = frozenset(
    ["bool", *(f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)), "float16", "float32", "float64"]
)
PICKLES = (b"PK\x03\x04", b"\x80\x02", b"\x80\x04", b"\x80\x05")


def save(
    path: str | os.PathLike[str],
    arrays: Mapping[str, Any],
    metadata: Mapping[str, str] | None = None,
    *,
    previous: str | None = None,
) -> None:
    """Write arrays by name, and strings by name, as one safetensors file; PyTorch reads it as it reads its own.

    The file at `path` is the old one or the new one whole, whatever happens in between. Numbers and views of any layout
    are written as the arrays they show. The SHA-256 of the content stands in the metadata, and `load` verifies it.
    With `previous` the old file stays beside the new one under that name.

    Raises:
        CheckpointError: an array's type has no place in the format, or the file cannot be written.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     save(f"{folder}/w.safetensors", {"W": np.arange(6.0).reshape(2, 3).T}, {"step": "7"})
    ...     load(f"{folder}/w.safetensors")
    ({'W': array([[0., 3.],
           [1., 4.],
           [2., 5.]])}, {'step': '7'})
    """
    from safetensors.numpy import save as serialized

    # safetensors 0.8.0 writes strided arrays in the wrong order, without a word (its issue 825).
    contiguous = {name: np.asarray(value, order="C") for name, value in arrays.items()}
    unknown = [f"{name} is {array.dtype}" for name, array in contiguous.items() if array.dtype.name not in DTYPES]
    if unknown:
        raise CheckpointError(
            f"{path} cannot hold {', '.join(unknown)}. Convert to one of {', '.join(sorted(DTYPES))}."
        )
    texts = dict(metadata or {})
    content = serialized(contiguous, {**texts, HASH: content_hash(contiguous, texts)})
    replace_file(path, content, previous=previous)


def load(path: str | os.PathLike[str], *, must_have_hash: bool = False) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """Return the arrays and the metadata of a safetensors file, ours or another program's.

    A file that carries a content hash is verified against it; one from `safetensors.torch.save_file` carries none.
    Where only a file of ours can be meant, `must_have_hash` refuses one without.

    Raises:
        CheckpointError: the file is missing, damaged, of another format, or holds a type that NumPy lacks.
    """
    from safetensors import SafetensorError, safe_open

    check_header(path)
    try:
        with safe_open(path, framework="np") as file:
            metadata = dict(file.metadata() or {})
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  not a mapping
    except (SafetensorError, OSError) as error:
        raise CheckpointError(f"{path} is damaged ({error}). {OTHER_COPY}") from error
    except (TypeError, AttributeError) as error:
        raise CheckpointError(f"{path} holds a number type that NumPy lacks ({error}). Save it as float32.") from error
    expected = metadata.pop(HASH, None)
    if expected is None and must_have_hash:
        raise CheckpointError(f"{path} is damaged: the hash of its content is missing. {OTHER_COPY}")
    if expected is not None and expected != content_hash(arrays, metadata):
        raise CheckpointError(f"{path} is damaged: its content does not match the hash it was saved with. {OTHER_COPY}")
    return arrays, metadata


def content_hash(arrays: Mapping[str, np.ndarray], metadata: Mapping[str, str]) -> str:
    """Return the SHA-256 of names, types, shapes, numbers and metadata, in whatever order they came."""
    digest = hashlib.sha256(json.dumps(dict(metadata), sort_keys=True).encode())
    for name in sorted(arrays):
        array = arrays[name]
        digest.update(json.dumps([name, array.dtype.name, array.shape]).encode())
        digest.update(array.astype(array.dtype.newbyteorder("<"), copy=False).data)
    return digest.hexdigest()


def check_header(path: str | os.PathLike[str]) -> None:
    """Raise CheckpointError unless the file begins like a safetensors file whose header fits into it."""
    try:
        with Path(path).open("rb") as file:
            start, begins = file.read(8), file.read(1)
            size = file.seek(0, os.SEEK_END)
    except FileNotFoundError:
        raise CheckpointError(f"There is no file {path}. Give the path of a .safetensors file.") from None
    except OSError as error:
        raise CheckpointError(f"{path} cannot be read: {error.strerror}.") from error
    if start.startswith(PICKLES) and begins != b"{":  # as a length, these bytes are 640, 1152 and 1408
        raise CheckpointError(
            f"{path} is a pickle, as torch.save writes: loading one runs the code in it, so it is never loaded. "
            "In PyTorch write safetensors.torch.save_file(model.state_dict(), 'weights.safetensors')."
        )
    header = int.from_bytes(start, "little")
    if size < 8 or header > size - 8:
        claim = f"its header should take {header:,} bytes" if size >= 8 else "it has no header"
        raise CheckpointError(
            f"{path} is damaged or not a safetensors file: {claim}, and it has {size:,}. {OTHER_COPY}"
        )


OTHER_COPY = "Use another copy of it; a run folder keeps previous.safetensors beside last.safetensors."
