"""Draw what ran: a record, the graph behind a tensor, or a call made while it is watched."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args
from warnings import warn

from ..autograd import enable_grad
from ..engine.walk import walk
from ..errors import ConfigError, RenderError
from ..record import Record, record
from ..tensor import Tensor
from .dot import digraph
from .layered import layered
from .outline import Collapse, Outline, outline
from .render import HOW_TO_GET_GRAPHVIZ, render
from .wording import Show

if TYPE_CHECKING:
    from graphviz import Digraph

__all__ = ["Graph", "graph"]

FORMATS = (".svg", ".png", ".pdf", ".dot", ".gv")
MANY = 5_000  # nodes: dot takes some ten seconds, and four times as long for twice as many


class Graph:
    """A picture of a graph; Jupyter shows it, `save` writes it, `digraph` is for Graphviz's own settings."""

    def __init__(self, outline: Outline, show: Show) -> None:
        self.outline = outline
        self.show = show
        self.digraph: Digraph = digraph(outline, show)

    @property
    def dot(self) -> str:
        """The picture as DOT, Graphviz's language."""
        return self.digraph.source

    def svg(self) -> str:
        """Return the picture as SVG: by Graphviz, and where there is none by a simpler drawing that says so.

        Of more than 5,000 nodes a warning says beforehand that it takes long, and how to fold them; a notebook shows
        it in place of the picture.
        """
        try:
            return self.rendered("svg").decode()
        except RenderError:
            return layered(self.outline, self.show, f"Drawn without Graphviz. To get it: {HOW_TO_GET_GRAPHVIZ}.").svg

    def rendered(self, format: str) -> bytes:  # noqa: A002
        """Return the picture in a format that Graphviz knows."""
        if self.too_many():
            warn(self.too_many(), stacklevel=3)
        return render(self.dot, format)

    def too_many(self) -> str:
        """Return what to do about so many nodes, "" if they are not too many."""
        n = len(self.outline.boxes)
        if n <= MANY:
            return ""
        return f'dot takes minutes for {n:,} nodes: fold the middle, graph(..., steps=8), or draw collapse="cell".'

    def save(self, path: str | Path) -> Path:
        """Write the picture as .svg, .png, .pdf or .dot and return the path; the .dot file is always written beside it.

        Raises ConfigError for a name that ends otherwise, RenderError for .png and .pdf without Graphviz.
        """
        path = Path(path)
        if path.suffix not in FORMATS:
            raise ConfigError(f"{path}: a graph is written as {', '.join(FORMATS)}.")
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".gv":
            path.write_text(self.dot, encoding="utf-8", newline="\n")
            return path
        path.with_suffix(".dot").write_text(self.dot, encoding="utf-8", newline="\n")
        if path.suffix == ".svg":
            path.write_text(self.svg(), encoding="utf-8", newline="\n")
        elif path.suffix != ".dot":
            path.write_bytes(self.rendered(path.suffix[1:]))
        return path

    def _repr_mimebundle_(self, **ignored: Any) -> dict[str, str]:
        """Return what a notebook shows. It never raises: a cell that drew nothing should not lose its result."""
        if self.too_many():
            return {"text/plain": f"{self!r}: {self.too_many()}"}
        try:
            return {"image/svg+xml": self.svg(), "text/plain": repr(self)}
        except Exception as e:  # noqa: BLE001
            return {"text/plain": f"{self!r}: it cannot be drawn here: {e}"}

    def _repr_svg_(self) -> str | None:
        return self._repr_mimebundle_().get("image/svg+xml")

    def __repr__(self) -> str:
        return f"<Graph of {len(self.outline.boxes)} nodes and {len(self.outline.links)} edges>"


def graph(
    what: Record | Tensor | Callable[[], Any],
    *,
    collapse: Collapse = "op",
    show: Show = "shape",
    steps: int | None = None,
    expand: bool = False,
) -> Graph:
    """Draw a record, the graph that a tensor is on, or what a function without arguments computes.

    Time runs to the right, each step is a cluster with the modules inside; parameters stand once, in blue. Where
    gradients are known, colour and width of the links are their log10 |gradient|. A function is called while it is
    watched, and if it returns a scalar its gradient is followed back; `.grad` stays as it is. `expand` draws what is
    inside its fused operations.

    `collapse="cell"` makes the operations of a place and step one box, "layer" those of all steps. `show` is what boxes
    say: "shape", "value" (a single number, else the array's length) or "grad". More than `steps` time steps are folded
    in the middle.

    Raises ConfigError for settings that do not fit, GraphFreedError and GradientError for a tensor without its graph.

    >>> import tinygrad_seq as tg
    >>> a, b = tg.tensor(2.0, requires_grad=True), tg.tensor(-3.0, requires_grad=True)
    >>> graph(lambda: tg.tanh(a * b + 5.0), show="value")
    <Graph of 6 nodes and 5 edges>
    """
    for name, given, known in (("collapse", collapse, Collapse), ("show", show, Show)):
        if given not in get_args(known):
            raise ConfigError(f"{name}={given!r}: expected one of {', '.join(get_args(known))}.")
    if collapse == "layer" and steps is not None:
        raise ConfigError(f'steps={steps} and collapse="layer": there each step is drawn by the same boxes.')
    tape = recorded(what, expand)
    if show != "shape" and all(getattr(e, {"grad": "gradient"}.get(show, show)) is None for e in tape.nodes):
        raise ConfigError(
            f'show="{show}": this graph has none. Draw a function, graph(lambda: ...), or a record:'
            "\n    with tg.record() as tape: loss = ...; loss.backward()"
        )
    return Graph(outline(tape, collapse, steps), show)


def recorded(what: Any, expand: bool) -> Record:
    """Return the record to draw."""
    if callable(what):
        with enable_grad(), record(expand=expand) as tape:
            result = what()
            if isinstance(result, Tensor) and result.node is not None and not result.shape:
                walk([result], [None], None, create_graph=False, retain_graph=True)
        return tape
    if expand:
        raise ConfigError(
            "expand=True is for a function: what ran fused is over."
            "\n    graph(lambda: ..., expand=True), or with tg.record(expand=True) as tape: ..."
        )
    if isinstance(what, Record):
        return what
    if isinstance(what, Tensor):
        return Record.of(what)
    raise ConfigError(f"graph() draws a record, a tensor or a function without arguments; got {type(what).__name__}.")
