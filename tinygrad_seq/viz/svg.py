"""Building SVG with the standard library's XML tree, which escapes what it is given."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as ET

from ..errors import ConfigError
from .palette import DARK, LIGHT
from .text import visible

__all__ = ["Picture", "drawing", "finished", "put"]

STYLE = (
    ".tg { font: 13px system-ui, sans-serif; background: var(--paper); " + LIGHT + " }\n"
    "@media (prefers-color-scheme: dark) { .tg { " + DARK + " } }\n"
    ".tg text { fill: var(--ink); }\n"
    ".tg .soft { fill: var(--soft); }\n"
    ".tg .hot { fill: var(--hot); }\n"
    ".tg .symbol { font-family: ui-monospace, monospace; }\n"
)


class Picture:
    """An SVG picture; Jupyter shows it, `save` writes it."""

    def __init__(self, svg: str, title: str) -> None:
        self.svg = svg
        self.title = title

    def _repr_svg_(self) -> str:
        return self.svg

    def save(self, path: str | Path) -> Path:
        """Write the picture as .svg, or as a page of its own (.html), and return the path.

        Raises ConfigError for a name that ends in anything else.
        """
        path = Path(path)
        if path.suffix == ".svg":
            text = self.svg
        elif path.suffix == ".html":
            from .html import rendered

            text = rendered("picture.html", title=self.title, svg=self.svg)
        else:
            raise ConfigError(f"{path}: a picture is written as .svg or .html.")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
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
    named = {name.rstrip("_").replace("_", "-"): value for name, value in attributes.items()}
    written = {name: f"{round(v, 2):g}" if isinstance(v, float) else str(v) for name, v in named.items()}
    element = ET.SubElement(parent, tag, written)
    if title:
        ET.SubElement(element, "title").text = visible(title)
    if content:
        element.text = visible(content)
    return element


def finished(root: ET.Element, title: str) -> Picture:
    """Return a drawing as a picture."""
    return Picture(ET.tostring(root, encoding="unicode"), title)
