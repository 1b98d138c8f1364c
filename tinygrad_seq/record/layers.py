"""The states and gates of a model's recurrent layers, step by step, in memory or streamed to disk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os import PathLike
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from ..errors import ConfigError, ShapeError
from ..scope import Where
from .summary import host

if TYPE_CHECKING:
    from pathlib import Path  # it brings urllib: only who writes to disk waits for that

__all__ = ["Layers"]


class InMemory:
    """Arrays end to end in time, kept until they are asked for."""

    def __init__(self) -> None:
        self.pieces: list[np.ndarray] = []

    def append(self, piece: np.ndarray) -> None:
        self.pieces.append(piece)

    def finished(self) -> np.ndarray:
        return self.pieces[0] if len(self.pieces) == 1 else np.concatenate(self.pieces)


class OnDisk:
    """An `.npy` file that grows in time; its header, written again at the end, has room for the length."""

    def __init__(self, path: Path) -> None:
        self.path, self.file, self.steps = path, path.open("wb"), 0

    def append(self, piece: np.ndarray) -> None:
        if not self.steps:
            self.rest, self.dtype = piece.shape[1:], piece.dtype
            self.write_header(self.file)
        self.file.write(np.ascontiguousarray(piece).data)
        self.steps += len(piece)

    def write_header(self, file: BinaryIO) -> None:
        about = {"descr": self.dtype.str, "fortran_order": False, "shape": (self.steps, *self.rest)}
        np.lib.format.write_array_header_1_0(file, about)

    def finished(self) -> np.ndarray:
        self.file.seek(0)
        self.write_header(self.file)
        self.file.close()
        return np.load(self.path, mmap_mode="r")


class Layers:
    """Collects what kernels hand over for a whole call, and what the loop over cells names step by step."""

    def __init__(self, model: Any, only: Sequence[str] | None, to: str | PathLike[str] | None) -> None:
        known = list(dict.fromkeys(name for module in recurrent(model) for name in module.op.activations))
        if only is not None and not set(only) <= set(known):
            missing = ", ".join(sorted(set(only) - set(known)))
            raise ConfigError(f"record(only={tuple(only)}): this model has no {missing}; it has {', '.join(known)}.")
        self.root = model._name or type(model).__name__
        self.wanted = [name for name in known if only is None or name in only]
        self.folder = None if to is None else made(to)
        self.stores: dict[str, dict[str, InMemory | OnDisk]] = {}
        self.batch: dict[str, tuple[int, ...]] = {}
        self.steps: dict[str, dict[str, dict[int, np.ndarray]]] = {}  # of the call at hand, in the loop over cells

    def layer(self, where: Where) -> str | None:
        """Return a path as the model knows it; None for what is not the model's, or runs in a backward pass."""
        inside = f".{where.path}".partition(f".{self.root}")
        if where.backward or not inside[1] or inside[2][:1] not in ("", "."):
            return None
        return inside[2][1:]

    def add_call(self, where: Where, values: Mapping[str, Any]) -> None:
        """Add a whole call; values are (T, B, H)."""
        layer = self.layer(where)
        if layer is not None:
            for name, value in values.items():
                self.append(layer, name, host(value))

    def add_step(self, where: Where, values: Mapping[str, Any]) -> None:
        """Add values (B, H) of one step; a step that is there already begins a new call."""
        layer = self.layer(where)
        if layer is None or where.t is None:
            return
        steps = self.steps.setdefault(layer, {})
        for name in values.keys() & set(self.wanted):
            if where.t in steps.get(name, {}):
                self.end_call(layer)
            steps.setdefault(name, {})[where.t] = host(values[name])

    def end_call(self, layer: str) -> None:
        """Add the call whose steps have been collected."""
        for name, by_step in self.steps[layer].items():
            self.append(layer, name, np.stack([by_step[t] for t in sorted(by_step)]))
        self.steps[layer].clear()

    def append(self, layer: str, name: str, values: np.ndarray) -> None:
        """Add steps at the end of what is there."""
        if name not in self.wanted:
            return
        if self.batch.setdefault(layer, values.shape[1:]) != values.shape[1:]:
            raise ShapeError(
                f"record(model): '{layer}' ran on (B, H) = {self.batch[layer]} and now runs on {values.shape[1:]}: "
                "these steps cannot stand end to end. Give each its own block."
            )
        stores = self.stores.setdefault(layer, {})
        if name not in stores:
            stores[name] = InMemory() if self.folder is None else OnDisk(self.folder / f"{layer or 'layer'}.{name}.npy")
        stores[name].append(values)

    def finished(self) -> dict[str, dict[str, np.ndarray]]:
        """Return all of it, by layer and name, in the order of the equations."""
        for layer in self.steps:
            self.end_call(layer)
        return {
            layer: {name: stores[name].finished() for name in self.wanted if name in stores}
            for layer, stores in self.stores.items()
        }


def made(folder: str | PathLike[str]) -> Path:
    """Return a folder, made where it is not there yet."""
    from pathlib import Path

    path = Path(folder)
    path.mkdir(parents=True, exist_ok=True)
    return path


def recurrent(model: Any) -> list[Any]:
    """Return the recurrent modules of a model. Raises ConfigError where there are none."""
    found = [module for _, module in getattr(model, "named_modules", list)()]
    found = [module for module in found if hasattr(module, "op") and hasattr(module, "num_layers")]
    if not found:
        raise ConfigError(
            f"record(model) takes a model with recurrent layers; got {type(model).__name__}."
            "\n    Without a model it records operations alone: with tg.record() as tape: ..."
        )
    return found
