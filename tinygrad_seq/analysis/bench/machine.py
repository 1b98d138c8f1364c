"""What numbers of a benchmark depend on: a number without its machine says nothing."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from ...train.environment import environment

__all__ = ["commit", "kernel_hash", "machine", "package_of"]

HERE = Path(__file__).parent


def machine() -> dict[str, Any]:
    """Return versions, platform, BLAS and its threads, the commit where there is one, and the date."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return {**environment(), "commit": commit(), "date": now}


def commit() -> str | None:
    """Return the commit of this package, `-dirty` if files differ from it; None outside a git checkout of its own."""
    if not (HERE.parents[2] / ".git").exists():
        return None
    command = ["git", "describe", "--always", "--dirty", "--exclude=*"]
    try:
        done = subprocess.run(command, cwd=HERE, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()


def package_of(backend: Any) -> Path:
    """Return the folder of the package, or the file of the module, that a backend's class is from."""
    top = sys.modules[type(backend).__module__.partition(".")[0]]
    path = Path(str(top.__file__))
    return path.parent if path.name == "__init__.py" else path


def kernel_hash(path: Path) -> str:
    """Return the SHA-256 of a file, or of all files below a folder but what Python has compiled."""
    digest = sha256()
    files = [path] if path.is_file() else sorted(p for p in path.rglob("*") if p.is_file() and p.suffix != ".pyc")
    for file in files:
        name = file.relative_to(path).as_posix() if file != path else file.name
        digest.update(name.encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()
