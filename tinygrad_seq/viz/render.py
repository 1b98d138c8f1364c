"""Graphviz, by whichever way it is there: the `dot` command, or the libraries inside pygraphviz's wheel."""

from __future__ import annotations

import subprocess
from shutil import which

from ..errors import RenderError

__all__ = ["HOW_TO_GET_GRAPHVIZ", "render"]

HOW_TO_GET_GRAPHVIZ = (
    'pip install "tinygrad_seq[viz]", which brings it along, or its dot command: '
    "apt install graphviz, brew install graphviz, choco install graphviz"
)


def render(source: str, format: str) -> bytes:  # noqa: A002
    """Return a DOT text as a picture in a format that Graphviz knows: svg, png, pdf.

    Raises RenderError, which says how to get Graphviz, where there is none, or what it said where it failed.
    """
    said = []
    for way in (by_command, by_library):
        try:
            return way(source, format)
        except (OSError, ImportError):
            continue  # not here
        except subprocess.CalledProcessError as e:
            said.append(e.stderr.decode(errors="replace").strip())
        except Exception as e:  # noqa: BLE001  whatever the library raises, the picture is not there
            said.append(f"{type(e).__name__}: {e}")
    if said:
        raise RenderError("Graphviz failed:\n    " + "\n    ".join(said))
    raise RenderError(f"a picture as {format} needs Graphviz, which is not here.\n    Get it: {HOW_TO_GET_GRAPHVIZ}.")


def by_command(source: str, format: str) -> bytes:  # noqa: A002
    """By the dot command: no shell, no file; the text goes in and the picture comes out."""
    dot = which("dot")
    if dot is None:
        raise FileNotFoundError("dot")
    return subprocess.run([dot, f"-T{format}"], input=source.encode(), capture_output=True, check=True).stdout


def by_library(source: str, format: str) -> bytes:  # noqa: A002
    """By pygraphviz, whose wheels hold Graphviz's libraries."""
    from pygraphviz import AGraph

    picture: bytes = AGraph(string=source).draw(format=format, prog="dot")
    return picture
