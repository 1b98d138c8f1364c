"""How much memory there is: what the machine, the container and the process leave, or what the user says."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

__all__ = ["available", "may_take", "shown"]

GIGABYTE = 10**9
UNITS = ((GIGABYTE, "GB"), (10**6, "MB"), (1000, "kB"))
LARGEST = 1e30  # a hostile file may ask for more than a float can hold

SAID: ContextVar[float | None] = ContextVar("gigabytes", default=None)


@contextmanager
def may_take(gigabytes: float | None) -> Iterator[None]:
    """Inside the `with` block so much memory counts as there, whatever the system tells; None leaves it to that."""
    token = SAID.set(gigabytes)
    try:
        yield
    finally:
        SAID.reset(token)


def available() -> float | None:
    """Return the bytes that this process may still take; None where the system does not tell."""
    said = SAID.get()
    if said is not None:
        return said * GIGABYTE
    told = [free_of_machine(), free_of_container(), free_of_process()]
    return min((bytes_ for bytes_ in told if bytes_ is not None), default=None)


def free_of_machine() -> int | None:
    """Return the free memory; on macOS and Windows, which tell it in other ways, all that the machine has."""
    info = Path("/proc/meminfo")
    if info.exists():
        lines = info.read_text().splitlines()
        return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable")), None)
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return None


def free_of_container() -> int | None:
    """Return what is left of a container's share (cgroup 2)."""
    folder = Path("/sys/fs/cgroup")
    try:
        most = (folder / "memory.max").read_text().strip()
        return None if most == "max" else int(most) - int((folder / "memory.current").read_text())
    except (OSError, ValueError):
        return None


def free_of_process() -> int | None:
    """Return what is left of this process's own limit (ulimit -v)."""
    if sys.platform == "win32":
        return None
    import resource

    most = resource.getrlimit(resource.RLIMIT_AS)[0]
    if most == resource.RLIM_INFINITY or not Path("/proc/self/statm").exists():
        return None
    return most - int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()


def shown(size: float) -> str:
    """Return a number of bytes for people.

    >>> shown(3e9), shown(40e6), shown(1500)
    ('3.0 GB', '40.0 MB', '1.5 kB')
    """
    size = min(size, LARGEST)
    unit, name = next((unit for unit in UNITS if size >= unit[0] / 10), UNITS[-1])
    return f"{size / unit:,.1f} {name}"
