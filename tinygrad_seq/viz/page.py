"""Pages: one file each, no network, no script; all text is escaped by the template engine."""

from __future__ import annotations

from typing import Any

from .palette import DARK, LIGHT
from .text import visible

__all__ = ["page"]


def page(template: str, **values: Any) -> str:
    """Return a page made from a template of this package; values named `svg` and `chart` are markup of our own."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("tinygrad_seq.viz"),
        autoescape=True,
        finalize=printable,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(template).render(light=LIGHT, dark=DARK, **values)


def printable(value: Any) -> Any:
    """Return text as it can stand in a page; markup, which is of another type, as it is."""
    return visible(value, keep="\n\t") if type(value) is str else value
