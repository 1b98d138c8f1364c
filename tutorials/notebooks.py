"""Write the notebook of every tutorial beside it, or check that each is up to date.

    python tutorials/notebooks.py            # write
    python tutorials/notebooks.py --check    # exit 1 and name those that differ from their tutorial

The tutorial is the source; a notebook holds no outputs, and its cells are numbered, so that the same tutorial always
gives the same file.
"""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}


def tutorials() -> list[Path]:
    """Return the tutorials in the order of the lecture."""
    return sorted(HERE.glob("[0-9][0-9]_*.py"))


def notebook(tutorial: Path) -> str:
    """Return the notebook of a tutorial as text."""
    import jupytext

    book = jupytext.read(tutorial)
    book.metadata = {"kernelspec": KERNEL, "language_info": {"name": "python"}}
    for number, cell in enumerate(book.cells):
        cell["id"] = f"cell-{number}"
    return jupytext.writes(book, fmt="ipynb") + "\n"


def main() -> None:
    stale = [path for path in tutorials() if written(path.with_suffix(".ipynb")) != notebook(path)]
    if "--check" in sys.argv[1:]:
        names = ", ".join(path.with_suffix(".ipynb").name for path in stale)
        sys.exit(f"Not what the tutorial says: {names}. Run: python tutorials/notebooks.py" if stale else 0)
    for path in stale:
        path.with_suffix(".ipynb").write_text(notebook(path), encoding="utf-8", newline="\n")
        print("wrote", path.with_suffix(".ipynb").name)


def written(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


if __name__ == "__main__":
    main()
