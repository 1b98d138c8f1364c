"""Building SVG with the standard library's XML tree, which escapes what it is given."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as ET

from ..errors import ConfigError
from .text import visible

__all__ = ["Picture", "drawing", "put"]

STYLE = """
.tg { font: 13px system-ui, sans-serif; --ink: #1c2530; --soft: #66727f; --paper: #ffffff; --line: #d5dbe1;
  --hot: #b3450a; }
@media (prefers-color-scheme: dark) {
  .tg { --ink: #e8edf2; --soft: #9aa7b4; --paper: #14191f; --line: #37414c; --hot: #ff9b5e; }
}
.tg text { fill: var(--ink); }
.tg .soft { fill: var(--soft); }
.tg .symbol { font-family: ui-monospace, monospace; }
"""


class Picture:
    """An SVG picture; Jupyter shows it, `save` writes it."""

    def __init__(self, svg: str, title: str) -> None:
        self.svg = svg
        self.title = title

    def _repr_svg_(self) -> str:
        return self.svg

    def save(self, path: str | Path) -> Path:
        """Write the picture as .svg, or as a page of its own (.html), and return the path."""
        path = Path(path)
        if path.suffix == ".svg":
            text = self.svg
        elif path.suffix == ".html":
            from .page import page

            text = page("picture.html", title=self.title, svg=self.svg)
        else:
            raise ConfigError(f"{path}: a picture is written as .svg or .html.")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path


def drawing(width: float, height: float, label: str) -> ET.Element:
    """Return an empty drawing with a label that screen readers speak."""
    root = ET.Element(
        "svg",
        {
            "xmlns": "http://www.w3.org/2000/svg",
            "class": "tg",
            "viewBox": f"0 0 {width:g} {height:g}",
            "width": f"{width:g}",
            "height": f"{height:g}",
            "role": "img",
            "aria-label": visible(label),
        },
    )
    ET.SubElement(root, "style").text = STYLE
    return root


def put(parent: ET.Element, tag: str, content: str = "", *, title: str = "", **attributes: object) -> ET.Element:
    """Add an element; `class_` and `stroke_width` become class and stroke-width, `title` is shown on hovering."""
    names = {name.rstrip("_").replace("_", "-"): value for name, value in attributes.items()}
    element = ET.SubElement(parent, tag, {n: f"{v:.1f}" if isinstance(v, float) else str(v) for n, v in names.items()})
    if title:
        ET.SubElement(element, "title").text = visible(title)
    if content:
        element.text = visible(content)
    return element
