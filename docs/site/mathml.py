"""Equations as MathML, which browsers draw by themselves: no script, no font, nothing from elsewhere."""

from __future__ import annotations

import html
import re

from latex2mathml.converter import convert

FOUND = re.compile(r'<(?P<tag>span|div) class="arithmatex">\\[(\[](?P<latex>.*?)\\[)\]]</(?P=tag)>', re.DOTALL)


def with_mathml(page: str) -> str:
    """Return a page's HTML with every equation that arithmatex has marked drawn."""
    return FOUND.sub(lambda found: mathml(html.unescape(found["latex"]), found["tag"] == "div"), page)


def mathml(latex: str, is_block: bool = False) -> str:
    r"""Return an equation as MathML.

    >>> mathml("x_t")[-63:]
    '<msub><mi>x</mi><mi>t</mi></msub></mrow></math>'
    """
    latex = latex.replace("{aligned}", "{align*}")  # the name that latex2mathml knows
    drawn = convert(latex, display="block" if is_block else "inline")
    return f'<div class="equation">{drawn}</div>' if is_block else drawn
