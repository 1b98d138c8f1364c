"""Pages: one file each, no network, no script; all text is escaped by the template engine."""

from __future__ import annotations

from typing import Any

__all__ = ["page"]


def page(template: str, **values: Any) -> str:
    """Return a page made from a template of this package; values named `svg` and `chart` are markup of our own."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("tinygrad_seq.viz"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(template).render(**values)
