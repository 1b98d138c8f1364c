"""One recurrent cell as a picture with its numbers, and as a page that goes through it gate by gate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from xml.etree import ElementTree as ET

from .html import escaped, policy, rendered, script
from .page import Page
from .svg import Picture, drawing, finished, put

__all__ = ["Moment", "cell_page", "cell_picture"]

WIDTH, HEIGHT = 760, 380
HIGHWAY, SHOWN, GATES, BUS = 84, 190, 256, 330
"""How far down: the state that is handed on, what is shown of it, the gates, and what all gates read."""

Point = tuple[float, float]


class Moment(NamedTuple):
    """One line of the cell's equations at one time step.

    `name` is what it computes, `equation` the line in letters, `numbers` the same line with numbers, `values` all that
    is known by then.
    """

    t: int
    name: str
    meaning: str
    equation: str
    numbers: str
    values: Mapping[str, float]


class Box(NamedTuple):
    """Something that has a value, or an operation on its way: `shows` is empty where there is no number to show."""

    name: str
    text: str
    at: Point
    of: str  # the line of the equations that it belongs to; empty for what comes in
    shows: bool = True


class Way(NamedTuple):
    """A line through points, lit together with the line of the equations that reads it."""

    points: Sequence[Point]
    of: str


class Plan(NamedTuple):
    """Where everything in the picture of a cell stands."""

    boxes: Sequence[Box]
    ways: Sequence[Way]
    top: float = 40


def inputs() -> list[Box]:
    """What comes in: both go along one line."""
    return [Box("x_t", "x_t", (60, BUS + 22), ""), Box("h_prev", "h_prev", (60, BUS - 34), "")]


def both(of: str, *points: Point) -> list[Way]:
    """From both inputs to somewhere; h_prev comes down onto the line of x_t."""
    return [Way([(96, BUS + 22), *points], of), Way([(96, BUS - 34), (118, BUS - 34), (118, BUS + 22)], of)]


def up(x: float, of: str) -> list[Way]:
    """From both inputs into a gate."""
    return both(of, (x, BUS + 22), (x, GATES + 24))


def plan_rnn() -> Plan:
    boxes = [
        *inputs(),
        Box("squash", "tanh", (380, BUS + 22), "h_t", shows=False),
        Box("h_t", "h_t", (700, BUS + 22), "h_t"),
    ]
    return Plan(boxes, [*both("h_t", (358, BUS + 22)), Way([(402, BUS + 22), (664, BUS + 22)], "h_t")], top=230)


def plan_lstm() -> Plan:
    boxes = [
        *inputs(),
        Box("c_prev", "c_prev", (60, HIGHWAY), ""),
        Box("f_t", "σ  f_t", (190, GATES), "f_t"),
        Box("i_t", "σ  i_t", (310, GATES), "i_t"),
        Box("g_t", "tanh  g_t", (430, GATES), "g_t"),
        Box("o_t", "σ  o_t", (550, GATES), "o_t"),
        Box("keep", "×", (190, HIGHWAY), "c_t", shows=False),
        Box("write", "×", (370, SHOWN - 12), "c_t", shows=False),
        Box("sum", "+", (370, HIGHWAY), "c_t", shows=False),
        Box("c_t", "c_t", (700, HIGHWAY), "c_t"),
        Box("squash", "tanh", (610, HIGHWAY + 52), "h_t", shows=False),
        Box("show", "×", (610, SHOWN), "h_t", shows=False),
        Box("h_t", "h_t", (700, SHOWN), "h_t"),
    ]
    ways = [
        *(way for name, x in (("i_t", 310), ("f_t", 190), ("g_t", 430), ("o_t", 550)) for way in up(x, name)),
        Way([(96, HIGHWAY), (174, HIGHWAY)], "c_t"),
        Way([(190, GATES - 24), (190, HIGHWAY + 16)], "c_t"),
        Way([(206, HIGHWAY), (354, HIGHWAY)], "c_t"),
        Way([(310, GATES - 24), (310, SHOWN - 12), (354, SHOWN - 12)], "c_t"),
        Way([(430, GATES - 24), (430, SHOWN - 12), (386, SHOWN - 12)], "c_t"),
        Way([(370, SHOWN - 28), (370, HIGHWAY + 16)], "c_t"),
        Way([(386, HIGHWAY), (664, HIGHWAY)], "c_t"),
        Way([(610, HIGHWAY), (610, HIGHWAY + 36)], "h_t"),
        Way([(610, HIGHWAY + 68), (610, SHOWN - 16)], "h_t"),
        Way([(550, GATES - 24), (550, SHOWN), (594, SHOWN)], "h_t"),
        Way([(626, SHOWN), (664, SHOWN)], "h_t"),
    ]
    return Plan(boxes, ways)


def plan_gru() -> Plan:
    boxes = [
        *inputs(),
        Box("r_t", "σ  r_t", (200, GATES), "r_t"),
        Box("z_t", "σ  z_t", (340, GATES), "z_t"),
        Box("n_t", "tanh  n_t", (510, GATES), "n_t"),
        Box("reset", "×", (270, SHOWN), "n_t", shows=False),
        Box("keep", "×", (340, HIGHWAY), "h_t", shows=False),
        Box("write", "×", (510, SHOWN - 20), "h_t", shows=False),
        Box("rest", "1 −", (420, SHOWN - 20), "h_t", shows=False),
        Box("sum", "+", (600, HIGHWAY), "h_t", shows=False),
        Box("h_t", "h_t", (700, HIGHWAY), "h_t"),
    ]
    ways = [
        *(way for name, x in (("r_t", 200), ("z_t", 340)) for way in up(x, name)),
        Way([(96, BUS + 36), (510, BUS + 36), (510, GATES + 24)], "n_t"),
        Way([(200, GATES - 24), (200, SHOWN), (254, SHOWN)], "n_t"),
        Way([(84, BUS - 58), (84, SHOWN - 44), (270, SHOWN - 44), (270, SHOWN - 16)], "n_t"),
        Way([(270, SHOWN + 16), (270, SHOWN + 24), (440, SHOWN + 24), (440, GATES), (462, GATES)], "n_t"),
        Way([(44, BUS - 58), (44, HIGHWAY), (324, HIGHWAY)], "h_t"),
        Way([(340, GATES - 24), (340, HIGHWAY + 16)], "h_t"),
        Way([(340, SHOWN - 20), (404, SHOWN - 20)], "h_t"),
        Way([(436, SHOWN - 20), (494, SHOWN - 20)], "h_t"),
        Way([(510, GATES - 24), (510, SHOWN - 4)], "h_t"),
        Way([(526, SHOWN - 20), (600, SHOWN - 20), (600, HIGHWAY + 16)], "h_t"),
        Way([(356, HIGHWAY), (584, HIGHWAY)], "h_t"),
        Way([(616, HIGHWAY), (664, HIGHWAY)], "h_t"),
    ]
    return Plan(boxes, ways)


PLANS = {"rnn": plan_rnn, "lstm": plan_lstm, "gru": plan_gru}


def cell_picture(kind: str, moment: Moment, title: str) -> Picture:
    """Return the picture of a cell with all the numbers that are known at a moment."""
    plan = PLANS[kind]()
    root = drawing(WIDTH, HEIGHT - plan.top, title)
    root.set("viewBox", f"0 {plan.top:g} {WIDTH} {HEIGHT - plan.top:g}")
    for way in plan.ways:
        draw_way(root, way)
    for box in plan.boxes:
        draw_box(root, box, moment.values)
    return finished(root, title)


def draw_way(root: ET.Element, way: Way) -> None:
    """Draw a line with a head at its end."""
    group = put(root, "g")
    group.set("data-of", way.of)
    points = " ".join(f"{x:g},{y:g}" for x, y in way.points)
    put(group, "polyline", points=points, fill="none", stroke="var(--soft)", stroke_width=1.6)
    (x_0, y_0), (x, y) = way.points[-2:]
    dx, dy = (x > x_0) - (x < x_0), (y > y_0) - (y < y_0)
    back = f"{x - 8 * dx - 4 * dy},{y - 8 * dy - 4 * dx} {x - 8 * dx + 4 * dy},{y - 8 * dy + 4 * dx}"
    put(group, "polygon", points=f"{x},{y} {back}", fill="var(--soft)")


def draw_box(root: ET.Element, box: Box, values: Mapping[str, float]) -> None:
    """Draw a state or a gate as a box with its number, an operation as a circle."""
    x, y = box.at
    group = put(root, "g")
    group.set("data-of", box.of)
    if not box.shows:
        width = 44 if box.text == "tanh" else 32
        corner: dict[str, Any] = {"x": x - width / 2, "y": y - 16, "width": width, "height": 32, "rx": 16}
        put(group, "rect", **corner, fill="var(--paper)", stroke="var(--soft)")
        put(group, "text", box.text, x=x, y=y + 5, text_anchor="middle")
        return
    wide = 48 if "  " in box.text else 36
    fill = "var(--ice)" if "  " not in box.text else "var(--wash)"
    corner = {"x": x - wide, "y": y - 24, "width": 2 * wide, "height": 48, "rx": 8}
    put(group, "rect", **corner, fill=fill, stroke="var(--soft)")
    put(group, "text", box.text, x=x, y=y - 5, text_anchor="middle")
    number = put(group, "text", f"{values[box.name]:.3f}", x=x, y=y + 14, text_anchor="middle", class_="hot symbol")
    number.set("data-value", box.name)


def cell_page(kind: str, moments: Sequence[Moment], title: str) -> Page:
    """Return the page that goes through all moments, forwards and backwards."""
    program = script("dom", "playing", "cell")
    return Page(
        rendered(
            "cell.html",
            title=title,
            svg=cell_picture(kind, moments[-1], title).svg,
            moments=len(moments),
            policy=policy(program),
            data=escaped([moment._asdict() for moment in moments]),
            program=program,
        )
    )
