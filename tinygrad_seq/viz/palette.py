"""The colours of pictures and pages, by day and by night."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["DARK", "DAY", "LIGHT", "blend"]

# Text in --ink is readable on --heat and --cold of any opacity over --paper: WCAG asks for a contrast of 4.5, and a
# test does.
DAY = {
    "ink": "#1c2530",
    "soft": "#5b6773",
    "paper": "#ffffff",
    "wash": "#f3f5f7",
    "line": "#d5dbe1",
    "hot": "#b3450a",
    "heat": "#ec7a2b",
    "cold": "#5b9bd5",
    "cool": "#2b6a99",
    "ice": "#e3eef6",
}
NIGHT = {
    "ink": "#e8edf2",
    "soft": "#9aa7b4",
    "paper": "#14191f",
    "wash": "#1c232b",
    "line": "#37414c",
    "hot": "#ff9b5e",
    "heat": "#a84f1a",
    "cold": "#2f6496",
    "cool": "#7db8e0",
    "ice": "#1d3040",
}


def css(colours: Mapping[str, str]) -> str:
    """Return colours as custom properties of CSS."""
    return " ".join(f"--{name}: {value};" for name, value in colours.items())


def blend(share: float, low: str = DAY["paper"], high: str = DAY["heat"]) -> str:
    """Return the colour between two, `low` for share 0 and `high` for 1.

    >>> blend(0.0), blend(0.5, "#000000", "#ffffff"), blend(1.0)
    ('#ffffff', '#808080', '#ec7a2b')
    """
    pairs = ((int(low[i : i + 2], 16), int(high[i : i + 2], 16)) for i in (1, 3, 5))
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in pairs)


LIGHT, DARK = css(DAY), css(NIGHT)
