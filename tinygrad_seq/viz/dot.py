"""The picture for Graphviz: time runs to the right, a cluster for each step, clusters of modules inside, shared
parameters once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import count, pairwise
from typing import TYPE_CHECKING, Any

from .grid import short
from .outline import Box, Link, Outline
from .palette import DAY, blend
from .text import visible
from .wording import Show, lines

if TYPE_CHECKING:
    from graphviz import Digraph

__all__ = ["digraph"]

FONT = "Helvetica,Arial,sans-serif"
GRAPH = {
    "rankdir": "LR",
    "outputorder": "edgesfirst",
    "nodesep": "0.16",
    "ranksep": "0.28",
    "bgcolor": DAY["paper"],
    "fontname": FONT,
}
NODE = {
    "shape": "box",
    "style": "rounded,filled",
    "fillcolor": DAY["paper"],
    "color": DAY["soft"],
    "fontcolor": DAY["ink"],
    "fontname": FONT,
    "fontsize": "11",
    "height": "0.3",
    "width": "0.4",
    "margin": "0.09,0.05",
    "penwidth": "0.8",
}
EDGE = {"color": DAY["soft"], "arrowsize": "0.6", "penwidth": "0.9", "fontname": FONT, "fontcolor": DAY["soft"]}
KINDS = {
    "parameter": {"color": DAY["cool"], "fillcolor": DAY["ice"], "penwidth": "1.6"},
    "input": {"style": "filled", "color": DAY["line"], "fillcolor": DAY["wash"]},
    "constant": {"shape": "plaintext", "style": "", "fontcolor": DAY["soft"], "height": "0.2", "width": "0.2"},
    "result": {"shape": "ellipse", "style": "filled", "height": "0.2", "margin": "0.04,0.02"},
    "op": {},
}
OUTSIDE = {"style": "invis", "label": ""}  # or it would have the legend, and be as wide
ACROSS = {"constraint": "false"}
ANCHOR = {"shape": "point", "style": "invis", "width": "0.01", "height": "0.01"}
AXIS = {"shape": "box", "label": "", "style": "invis", "width": "0.01", "height": "1.4", "fixedsize": "true"}
LETTER, SIDES = 7.2, 13.0  # points: so wide is a character of a number at most, in an ellipse too; and both margins
STEP = {"style": "rounded", "color": DAY["line"], "bgcolor": DAY["wash"], "fontcolor": DAY["soft"], "fontsize": "12"}
MODULE = {"style": "rounded", "color": DAY["line"], "bgcolor": DAY["paper"], "fontcolor": DAY["soft"], "fontsize": "10"}


def digraph(outline: Outline, show: Show) -> Digraph:
    """Return the outline as a Graphviz graph; nodes are named by their numbers: same record, same bytes."""
    from graphviz import Digraph

    graph = Digraph(graph_attr={**GRAPH, **legend(outline, show)}, node_attr=NODE, edge_attr=EDGE)
    names = map(str, count())
    columns = in_columns(outline)
    timed = any(t is not None for t, _ in columns)
    width = number_width(outline, show)
    column_of: dict[int, int] = {}
    if timed:
        graph.attr(rankdir="BT", splines="line")  # curves would be led around the steps, in loops
        put_axis(graph, len(columns), below(outline), outline, show)
    for k, (t, boxes) in enumerate(columns):
        with graph.subgraph(name=f"cluster_{next(names)}", graph_attr=OUTSIDE if t is None else STEP) as column:
            if timed:
                column.node(f"column {k}", **ANCHOR)
            if t is not None:
                column.attr(label=when(t, outline))
                column.attr("node", width=width)
            place(column, boxes, outline, show, names)
        column_of |= {box.number: k for box in boxes}
        if timed:
            graph.edge(f"axis {k}", f"column {k}", style="invis", weight="10")
    for link in outline.links:
        near = column_of.get(link.source) == column_of.get(link.target)
        graph.edge(str(link.source), str(link.target), **look(link, outline), **({} if near else ACROSS))
    return graph


def when(t: int, outline: Outline) -> str:
    last = f" … {outline.times[outline.folded[-1]]}" if t in outline.folded else ""
    return f"t = {outline.times[t]}{last}"


def put_axis(graph: Any, columns: int, shared: Sequence[Box], outline: Outline, show: Show) -> None:
    """Keep the columns in the order of time: each hangs on a point of an invisible line below, evenly spaced.

    Edges inside one rank order plain nodes and not clusters, hence the points; and edges from one cluster to another do
    not count in the ranking (`constraint=false`), so that all steps have the same shape. What steps share stands on the
    same line, between the points: in a row of its own, or written down after the steps, its edges would take room
    between them. The points are high, to keep the steps off the line.
    """
    with graph.subgraph(name="axis", graph_attr={"rank": "source"}) as axis:
        for box in shared:
            axis.node(str(box.number), label(lines(box, show)), **dress(box, outline))
        for k in range(columns):
            axis.node(f"axis {k}", **AXIS)
        for k in range(columns - 1):
            axis.edge(f"axis {k}", f"axis {k + 1}", style="invis", weight="100")
        for k, box in enumerate(shared):
            here = columns * (2 * k + 1) // (2 * len(shared))
            if here:
                axis.edge(f"axis {here - 1}", str(box.number), style="invis", weight="0")
            axis.edge(str(box.number), f"axis {here}", style="invis")


def number_width(outline: Outline, show: Show) -> str:
    """Return the width of boxes in steps, in inches: that of the longest number in one, so that all steps are alike."""
    if show == "shape":
        return NODE["width"]
    boxes = [box for box in outline.boxes if box.t is not None and not box.folded]
    longest = max((len(line) for box in boxes for line in lines(box, show)[1:]), default=0)
    return f"{max((LETTER * longest + SIDES) / 72, float(NODE['width'])):.2f}"


def below(outline: Outline) -> list[Box]:
    """Return what a state begins as, the leaves outside of steps that steps read, and the views they are read through.

    They belong to no step, and stand below them in one row.
    """
    begin = beginnings(outline)
    wanted = {box.number for box in outline.boxes if box.t is not None}
    sources: dict[int, set[int]] = {}
    for link in outline.links:
        sources.setdefault(link.target, set()).add(link.source)
    read = set().union(*(sources.get(number, ()) for number in wanted))
    found = []
    for box in sorted(outline.boxes, key=lambda box: -box.number):
        leaf = box.entry.kind in ("parameter", "input") or box.entry.view_of is not None
        if box.number in read and box.t is None and leaf:
            found.append(box)
            read |= sources.get(box.number, set())
    return [*begin, *found[::-1]]


def beginnings(outline: Outline) -> list[Box]:
    """Return what a state begins as: inputs of the first step where the second step reads what the first has made.

    Taken out of the first step, they leave it in the shape of the others.
    """
    boxes = {box.number: box for box in outline.boxes}
    read: dict[int, list[Box]] = {}
    for link in outline.links:
        read.setdefault(link.target, []).append(boxes[link.source])
    steps = sorted({box.t for box in outline.boxes if box.t is not None})[:2]
    made = [[read.get(box.number, []) for box in outline.boxes if box.t == t and box.operations] for t in steps]
    found = {
        now.number: now
        for same in zip(*made, strict=False)
        if len(same) == 2
        for now, later in zip(*same, strict=False)
        if now.entry.kind == "input" and now.t == later.t == steps[0] and later.operations
    }
    return list(found.values())


def in_columns(outline: Outline) -> list[tuple[int | None, list[Box]]]:
    """Return the boxes of each step, in the order of time, and those outside: before the steps, between and after."""
    columns: list[tuple[int | None, list[Box]]] = [(None, [])]
    steps: dict[int, list[Box]] = {}
    stepping = False
    shared = {box.number for box in below(outline)}
    for box in outline.boxes:
        if box.number in shared:
            continue
        if box.t is not None:
            t = outline.folded[0] if box.t in outline.folded else box.t
            if t not in steps:
                steps[t] = []
                columns.append((t, steps[t]))
            steps[t].append(box)
            stepping = True
        elif stepping and box.operations:
            columns.append((None, [box]))
            stepping = False
        else:
            next(boxes for t, boxes in reversed(columns) if t is None).append(box)
    return [(t, boxes) for t, boxes in columns if boxes]


def legend(outline: Outline, show: Show) -> dict[str, str]:
    """Return what stands below the picture."""
    scale = outline.scale
    if scale is None:
        return {}
    what = "numbers, colour and width" if show == "grad" else "colour and width"
    said = f"{what}: |gradient|, from {short(scale.low)} (pale) to {short(scale.high)} (strong) by its logarithm"
    return {"label": label([said]), "labelloc": "b", "fontsize": "11", "fontcolor": DAY["soft"]}


def place(graph: Any, boxes: Sequence[Box], outline: Outline, show: Show, names: Iterator[str]) -> None:
    """Add boxes to a graph, those of a module in a cluster of its own, modules in modules."""
    if outline.collapse != "op":
        put(graph, boxes, {}, outline, show, names)  # a box says which module it is
        for left, right in pairwise(box for box in boxes if box.operations):
            graph.edge(str(left.number), str(right.number), style="invis")  # one above the other, at every step
        return
    own, modules = branches((tuple(filter(None, box.entry.path.split("."))), box) for box in boxes)
    put(graph, own, modules, outline, show, names)
    if boxes and boxes[-1].t is not None:
        stack(graph, boxes, outline)


def stack(graph: Any, boxes: Sequence[Box], outline: Outline) -> None:
    """Put the modules of one step, layers of a net, one above the other: the last box of each under the next one's."""
    by_module: dict[str, list[Box]] = {}
    for box in boxes:
        by_module.setdefault(box.entry.path, []).append(box)
    for below, above in pairwise(by_module.values()):
        inside = {box.number for box in above}
        fed = {link.target for link in outline.links if link.source in inside}
        for box in above:
            if box.operations and box.number not in fed:
                graph.edge(str(below[-1].number), str(box.number), style="invis")


Branch = tuple[list[Box], dict[str, "Branch"]]


def branches(placed: Iterable[tuple[tuple[str, ...], Box]]) -> Branch:
    """Return boxes by module: those that stand here, and the branches below by name."""
    own: list[Box] = []
    below: dict[str, Any] = {}
    for path, box in placed:
        if path:
            below.setdefault(path[0], []).append((path[1:], box))
        else:
            own.append(box)
    return own, {name: branches(inside) for name, inside in below.items()}


def put(
    graph: Any,
    own: Sequence[Box],
    modules: dict[str, Any],
    outline: Outline,
    show: Show,
    names: Iterator[str],
) -> None:
    """Write boxes, then a cluster for each module; one that holds nothing but another is named in one with it."""
    for box in own:
        graph.node(str(box.number), label(lines(box, show)), **dress(box, outline))
    for name, (inside, below) in modules.items():
        while not inside and len(below) == 1:
            ((inner, (inside, below)),) = below.items()
            name = f"{name}.{inner}"
        with graph.subgraph(name=f"cluster_{next(names)}", graph_attr=MODULE) as module:
            module.attr(label=label([name]))
            put(module, inside, below, outline, show, names)


def dress(box: Box, outline: Outline) -> dict[str, str]:
    """Return how a box differs from the others."""
    style = dict(KINDS[box.entry.kind])
    if box.folded:
        style["style"] = "rounded,filled,dashed"
    if box.entry.backward:
        style |= {"style": style.get("style", "rounded,filled") + ",dashed", "color": DAY["hot"]}
    if outline.scale is not None and box.gradient:
        style["fillcolor"] = blend(outline.scale.heat(box.gradient))
    return style


def look(link: Link, outline: Outline) -> dict[str, str]:
    """Return how a link differs from the others."""
    style = {"style": "dashed", "label": label(["next step"]), "fontsize": "10"} if link.later else {}
    if outline.scale is None:
        return style
    if not link.gradient:  # forward only
        return {**style, "color": blend(0.3, DAY["line"], DAY["soft"]), "penwidth": "0.7"}
    share = outline.scale.share(link.gradient)
    return {**style, "color": blend(0.35 + 0.65 * share), "penwidth": f"{0.8 + 3.2 * share:.2f}"}


def label(text: Iterable[str]) -> str:
    r"""Return lines as a label that Graphviz prints as they are.

    Control characters become symbols, backslashes (`\\N` is a node's name to Graphviz) and entities are escaped, and a
    text in angle brackets is no HTML.
    """
    from graphviz import escape, nohtml

    return nohtml(r"\n".join(str(escape(visible(line))).replace("&", "&amp;") for line in text))
