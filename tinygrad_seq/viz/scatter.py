"""Points between 0 and 1, as inline SVG."""

from __future__ import annotations

from collections.abc import Sequence

from .svg import Picture, drawing, finished, put

__all__ = ["scatter"]

SIZE, LEFT, TOP, BOTTOM, GAP = 230, 46, 34, 48, 40


def scatter(
    plots: Sequence[tuple[str, Sequence[tuple[float, float, str]]]], x_label: str, y_label: str, title: str
) -> Picture:
    """Draw plots side by side, each with points (x, y, what it is) in the square from 0 to 1, on the same axes."""
    width = LEFT + len(plots) * (SIZE + GAP)
    root = drawing(width, TOP + SIZE + BOTTOM, title)
    for i, (name, points) in enumerate(plots):
        x0 = LEFT + i * (SIZE + GAP)
        put(root, "rect", x=x0, y=TOP, width=SIZE, height=SIZE, fill="none", stroke="var(--line)")
        put(root, "line", x1=x0, y1=TOP, x2=x0 + SIZE, y2=TOP + SIZE, stroke="var(--line)", stroke_dasharray="4 4")
        put(root, "text", name, x=x0 + SIZE / 2, y=TOP - 12, text_anchor="middle")
        for share in (0.0, 0.5, 1.0):
            across = x0 + share * SIZE
            put(
                root,
                "text",
                f"{share:g}",
                x=across,
                y=TOP + SIZE + 17,
                text_anchor="middle",
                class_="soft",
                font_size=12,
            )
            if i == 0:
                up = TOP + (1 - share) * SIZE + 4
                put(root, "text", f"{share:g}", x=x0 - 8, y=up, text_anchor="end", class_="soft", font_size=12)
        below = TOP + SIZE + 38
        put(root, "text", x_label, x=x0 + SIZE / 2, y=below, text_anchor="middle", class_="soft", font_size=12)
        for x, y, what in points:
            put(
                root,
                "circle",
                title=what,
                cx=float(x0 + x * SIZE),
                cy=float(TOP + (1 - y) * SIZE),
                r=3.5,
                fill="var(--hot)",
                fill_opacity=0.45,
            )
    turned = f"rotate(-90 12 {TOP + SIZE / 2:g})"
    put(
        root,
        "text",
        y_label,
        x=12,
        y=TOP + SIZE / 2,
        text_anchor="middle",
        class_="soft",
        font_size=12,
        transform=turned,
    )
    return finished(root, title)
