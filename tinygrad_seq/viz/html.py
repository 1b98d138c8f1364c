"""Pages: one file each, no network; all text is escaped by the template engine, all data by ours."""

from __future__ import annotations

import json
from base64 import b64encode
from hashlib import sha256
from pathlib import Path
from typing import Any

from .palette import DARK, LIGHT
from .text import visible

__all__ = ["escaped", "policy", "rendered", "script"]

SCRIPTS = Path(__file__).parent / "scripts"


def rendered(template: str, **values: Any) -> str:
    """Return a page made from a template of this package; what it marks as safe is markup of our own."""
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


def script(*names: str) -> str:
    """Return scripts of this package as one, in the order given, in a scope of their own."""
    parts = [(SCRIPTS / f"{name}.js").read_text(encoding="utf-8") for name in names]
    return '"use strict";\n{\n' + "\n".join(parts) + "}\n"


def policy(script: str) -> str:
    """Return the Content-Security-Policy that allows this one script, by its hash, and no network."""
    digest = b64encode(sha256(script.encode()).digest()).decode()
    return f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"


def escaped(data: Any) -> str:
    r"""Return data as JSON that can stand in a script element: no text in it can end the element.

    >>> print(escaped({"text": "</script>&"}))
    {"text":"\u003c/script\u003e\u0026"}
    """
    text = json.dumps(data, separators=(",", ":"), allow_nan=False)
    return text.replace("<", r"\u003c").replace(">", r"\u003e").replace("&", r"\u0026")
