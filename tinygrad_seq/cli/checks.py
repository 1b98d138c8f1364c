"""What `doctor` looks at: packages, the GPU's driver, Graphviz. No check imports what it looks for."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from importlib.metadata import PackageNotFoundError, distribution, version
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

__all__ = ["Finding", "Requirement", "cupy", "dot", "extras", "package", "requirements"]

PACKAGE = "tinygrad_seq"
SECONDS = 60

ASK_CUPY = """
from tinygrad_seq.backend import get_backend
from tinygrad_seq.errors import BackendUnavailableError
try:
    cupy = get_backend("cupy").cupy
except BackendUnavailableError as error:
    raise SystemExit(str(error))
runtime = cupy.cuda.runtime
names = [runtime.getDeviceProperties(i)["name"].decode() for i in range(runtime.getDeviceCount())]
print("CuPy", cupy.__version__, "on", ", ".join(names), "with CUDA", runtime.runtimeGetVersion())
"""


class Finding(NamedTuple):
    """What was looked at, how it is, and the command that mends it; `is_broken` where nothing runs as it is."""

    what: str
    state: str
    cure: str = ""
    is_broken: bool = False


class Requirement(NamedTuple):
    """A package that ours needs, always or for one of its extras."""

    name: str
    extra: str

    @property
    def installed(self) -> str:
        """The version that is installed, empty where none is."""
        try:
            return version(self.name)
        except PackageNotFoundError:
            return ""


def requirements() -> list[Requirement]:
    """Return what the installed package says that it needs; nothing where it runs from a plain folder."""
    try:
        lines = distribution(PACKAGE).requires or []
    except PackageNotFoundError:
        return []
    found = []
    for line in lines:
        name = re.match(r"[\w.-]+", line)
        extra = re.search(r"extra\s*==\s*['\"]([\w-]+)", line)
        if name is not None and name[0].replace("-", "_") != PACKAGE:
            found.append(Requirement(name[0], extra[1] if extra else ""))
    return found


def package() -> Finding:
    """Look at this package and what it cannot do without."""
    from .. import __version__

    here = Path(__file__).parents[2]
    needed = [requirement for requirement in requirements() if not requirement.extra]
    if not needed:
        return Finding(PACKAGE, f"{__version__}, not installed: it runs from {here}", pip("--editable", str(here)))
    missing = [requirement.name for requirement in needed if not requirement.installed]
    if missing:
        return Finding(PACKAGE, f"{__version__}, without {', '.join(missing)}", pip(*missing), is_broken=True)
    return Finding(PACKAGE, f"{__version__}, with {', '.join(f'{r.name} {r.installed}' for r in needed)}")


def extras(needed: Sequence[Requirement]) -> Iterator[Finding]:
    """Look at the packages of each extra; CuPy's have a check of their own."""
    for extra in dict.fromkeys(requirement.extra for requirement in needed):
        if not extra or extra.startswith("cuda"):
            continue
        packages = [requirement for requirement in needed if requirement.extra == extra]
        missing = [requirement.name for requirement in packages if not requirement.installed]
        there = [f"{requirement.name} {requirement.installed}" for requirement in packages if requirement.installed]
        state = "; ".join([", ".join(there)] * bool(there) + [f"without {', '.join(missing)}"] * bool(missing))
        yield Finding(f"extra [{extra}]", state, install(extra) if missing else "")


def cupy() -> Finding:
    """Look at CuPy in a process of its own, which may crash."""
    works, answer = asked([sys.executable, "-c", f"import sys; sys.path[:] = {sys.path!r}\n{ASK_CUPY}"])
    if works:
        return Finding("CuPy", answer[-1])
    told = [line for line, cure in pairwise(answer) if cure.startswith("    ")]
    if told:
        return Finding("CuPy", told[0], answer[-1].strip())
    return Finding("CuPy", f"installed, but it does not work ({answer[-1]})")


def dot() -> Finding:
    """Look for Graphviz's program, and what draws without it."""
    path = shutil.which("dot")
    if path is not None:
        works, answer = output([path, "-V"])
        return Finding("Graphviz", answer if works else f"{path} does not run ({answer})", "" if works else get_dot())
    if find_spec("pygraphviz") is not None:
        return Finding("Graphviz", f"no dot, but pygraphviz {version('pygraphviz')} draws as well")
    return Finding("Graphviz", "no dot: pictures are drawn as our own SVG grid, which needs nothing", get_dot())


def get_dot() -> str:
    """Return the command that installs Graphviz on this system."""
    managers = {
        "apt-get": "sudo apt-get install graphviz",
        "dnf": "sudo dnf install graphviz",
        "pacman": "sudo pacman -S graphviz",
        "brew": "brew install graphviz",
        "winget": "winget install graphviz",
        "choco": "choco install graphviz",
    }
    return next((command for name, command in managers.items() if shutil.which(name)), install("viz"))


def output(command: list[str]) -> tuple[bool, str]:
    """Return whether a program ran well, and the last line that it printed."""
    works, lines = asked(command)
    return works, lines[-1].strip()


def asked(command: list[str]) -> tuple[bool, list[str]]:
    """Return whether a program ran well, and the lines that it printed, at least one."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return False, [str(error)]
    return done.returncode == 0, (done.stdout + done.stderr).rstrip().splitlines() or [f"exit code {done.returncode}"]


def install(extra: str) -> str:
    """Return the command that brings an extra."""
    try:
        source = json.loads(distribution(PACKAGE).read_text("direct_url.json") or "{}")
    except PackageNotFoundError:
        source = {}
    if source.get("dir_info", {}).get("editable"):
        return pip("--editable", f"{Path(__file__).parents[2]}[{extra}]")
    return pip(f"{PACKAGE}[{extra}]")


def pip(*arguments: str, command: str = "install") -> str:
    """Return a command line of pip for this very interpreter; uv's environments have no pip of their own."""
    start = (
        [sys.executable, "-m", "pip", command]
        if find_spec("pip")
        else ["uv", "pip", command, "--python", sys.executable]
    )
    words = [*start, *arguments]
    return " ".join(f'"{word}"' if re.search(r"[\s\[\]]", word) else word for word in words)
