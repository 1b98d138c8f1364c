"""What a student begins with."""

from __future__ import annotations

from pathlib import Path

from ..errors import ConfigError
from .catalogue import found

__all__ = ["new"]

STUBS = Path(__file__).parent / "stubs"


def new(name: str, folder: str | Path = ".") -> Path:
    """Copy the stub of an exercise into a folder and return its path. Raises ConfigError where a file is in the way."""
    found(name)
    path = Path(folder) / f"{name}.py"
    if path.exists():
        raise ConfigError(f"{path} is there already. Move it away first: an answer is never overwritten.")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text((STUBS / f"{name}.py").read_text(encoding="utf-8"), encoding="utf-8", newline="\n")
    return path
