"""The tutorials as pages: their text and code, and what the program printed and drew when it last ran."""

from __future__ import annotations

import json
from pathlib import Path

import jupytext
from mkdocs.exceptions import PluginError

ROOT = Path(__file__).resolve().parents[2]
HERE = ROOT / "tutorials"
KEPT = ROOT / "build" / "tutorials"
LONG = 40
"""Lines of output that are shown unfolded."""


def tutorials() -> list[Path]:
    return sorted(HERE.glob("[0-9][0-9]_*.py"))


def pages() -> dict[str, str]:
    """Return the pages by their place in the site."""
    return {f"tutorials/{path.stem}.md": written(path) for path in tutorials()}


def files() -> dict[str, Path]:
    """Return what the pages show and offer, by its place in the site."""
    drawn = {
        f"tutorials/{path.parent.name}/{path.name}": path for path in KEPT.glob("[0-9]*/*.*") if path.suffix != ".json"
    }
    offered = [*HERE.glob("[0-9][0-9]_*.*"), HERE / "full_run.txt"]
    return drawn | {f"tutorials/{path.name}": path for path in offered}


def written(path: Path) -> str:
    """Return a tutorial as Markdown, with its outputs."""
    found = outputs(path)
    left = iter(found["outputs"])
    cells = jupytext.read(path).cells
    parts = []
    for cell in cells:
        if cell.cell_type == "code":
            parts.append(f"```python\n{cell.source}\n```")
            parts += shown(next(left), path.stem)
        else:
            parts.append(cell.source)
    title, _, rest = parts[0].partition("\n")
    return "\n\n".join([title, preface(path, found), rest.lstrip(), *parts[1:]]) + "\n"


def outputs(path: Path) -> dict:
    """Return what a tutorial gave when it ran; it must have been the tutorial as it is now."""
    kept = KEPT / path.stem / "outputs.json"
    found = json.loads(kept.read_text("utf-8")) if kept.exists() else {}
    if found.get("program") != path.read_text("utf-8"):
        reason = "has changed since it ran" if found else "has not run yet"
        raise PluginError(f"{path.name} {reason}. Run: python tutorials/run.py {path.name[:2]}")
    return found


def preface(path: Path, found: dict) -> str:
    """Say what the outputs are, and where program and notebook can be had."""
    offer = f"[the program]({path.name}){{ download }}, [the notebook]({path.stem}.ipynb){{ download }}"
    if not found["short"]:
        return f'!!! note ""\n    With the outputs of a run of {found["seconds"]:.0f} s on a CPU. To try it: {offer}.'
    return (
        '!!! warning "The outputs are those of a shortened run"\n'
        f"    {found['seconds']:.0f} s, made for this site: it shows that it runs, not what it teaches. What it "
        f"prints when it runs in full is in [full_run.txt](full_run.txt). To try it: {offer}."
    )


def shown(output: dict, stem: str) -> list[str]:
    """Return what a cell printed and drew, as Markdown."""
    parts = []
    text = output["text"].rstrip()
    if text:
        fence = f"```{{ .text .output }}\n{text}\n```"
        lines = text.count("\n") + 1
        folded = '??? info "{} lines of output"\n\n    {}'.format(lines, fence.replace("\n", "\n    "))
        parts.append(folded if lines > LONG else fence)
    for name in output["files"]:
        place = f"{stem}/{name}"
        if name.endswith((".svg", ".png")):
            parts.append(f"![{caption(name)}]({place})")
        elif name.endswith(".html"):
            parts.append(f"[Open the interactive page: {caption(name)}]({place}){{ .md-button }}")
    return parts


def caption(name: str) -> str:
    return Path(name).stem[3:].replace("_", " ")
