"""What is shipped: packages, entry points, versions; and what `import tinygrad_seq` costs."""

from __future__ import annotations

import importlib.metadata
import json
import pkgutil
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import tinygrad_seq

ROOT = Path(__file__).resolve().parent.parent
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
PROJECT = PYPROJECT["project"]
BACKENDS = sorted(init.parent.name for init in ROOT.glob("backends/*/__init__.py"))
PACKAGES = ["tinygrad_seq", *(f"backends/{name}" for name in BACKENDS)]

OPTIONAL = (
    *("cupy", "graphviz", "jinja2", "matplotlib", "mpi4py", "numba", "pygraphviz", "rich"),
    *("safetensors", "scipy", "sklearn", "torch", "typer"),
)


def test_import_loads_no_optional_package() -> None:
    program = f"""
import json, sys
sys.path[:] = {sys.path!r}
import tinygrad_seq
print(json.dumps([name.partition(".")[0] for name in sys.modules]))
"""
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    loaded = set(json.loads(done.stdout))
    assert "tinygrad_seq" in loaded
    assert loaded.isdisjoint(OPTIONAL), f"import tinygrad_seq loads {sorted(loaded.intersection(OPTIONAL))}"


@pytest.mark.parametrize("first", ["tinygrad_seq_numpy", "tinygrad_seq_numpy.kernels", "tinygrad_seq_cupy"])
def test_a_backends_package_may_be_imported_before_the_library(first: str) -> None:
    program = f"""
import sys
sys.path[:] = {sys.path!r}
import {first}
import tinygrad_seq as tg, tinygrad_seq_numpy
assert type(tg.get_backend("numpy")) is tinygrad_seq_numpy.NumpyBackend
assert (tg.ones(2) + 1).tolist() == [2, 2]
"""
    done = subprocess.run([sys.executable, "-c", program], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_version_is_that_of_the_project() -> None:
    assert tinygrad_seq.__version__ == PROJECT["version"]


def test_installed_metadata_is_that_of_the_project() -> None:
    try:
        installed = importlib.metadata.distribution("tinygrad_seq")
    except importlib.metadata.PackageNotFoundError:
        pytest.skip("tinygrad_seq is not installed here")
    assert installed.version == PROJECT["version"]
    registered = {entry.name: entry.value for entry in installed.entry_points.select(group="tinygrad_seq.backends")}
    assert registered == PROJECT["entry-points"]["tinygrad_seq.backends"]


@pytest.mark.parametrize("name", PROJECT["entry-points"]["tinygrad_seq.backends"])
def test_backend_entry_point_leads_to_a_backend_of_that_name(name: str) -> None:
    backend = pkgutil.resolve_name(PROJECT["entry-points"]["tinygrad_seq.backends"][name])
    assert backend.name == name


@pytest.mark.parametrize("command", PROJECT["scripts"])
def test_command_leads_to_a_function(command: str) -> None:
    assert callable(pkgutil.resolve_name(PROJECT["scripts"][command]))


def test_every_package_in_the_tree_is_shipped_and_every_backend_registered() -> None:
    assert sorted(PYPROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]) == sorted(PACKAGES)
    registered = PROJECT["entry-points"]["tinygrad_seq.backends"].values()
    assert sorted(value.partition(":")[0] for value in registered) == BACKENDS


@pytest.mark.parametrize("package", PACKAGES)
def test_package_says_that_it_is_typed(package: str) -> None:
    assert (ROOT / package / "py.typed").is_file()


def test_backends_is_a_folder_and_not_a_package() -> None:
    assert not (ROOT / "backends" / "__init__.py").exists()


def test_links_in_markdown_lead_to_files() -> None:
    pages = {*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("tutorials/**/*.md")}
    pages -= {ROOT / "docs" / "index.md"}  # leads to pages that the site makes; its strict build looks at them
    broken = [
        f"{page.relative_to(ROOT)}: {target}"
        for page in pages
        for target in re.findall(r"\]\(([^)\s#]+)", page.read_text("utf-8"))
        if "://" not in target and not target.startswith("mailto:") and not (page.parent / target).exists()
    ]
    assert not broken, "links to nothing: " + ", ".join(broken)
