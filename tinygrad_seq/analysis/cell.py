"""A recurrent cell gate by gate, with real numbers: of one unit, to check with a pocket calculator."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np

from ..errors import AnomalyError, ConfigError
from ..nn import GRUCell, LSTMCell, RNNCell
from ..record import Entry, record
from ..tensor import Tensor
from ..viz import Picture
from ..viz.cell import Moment, cell_page, cell_picture

__all__ = ["CellKind", "cell"]

CellKind = Literal["rnn", "lstm", "gru"]


class Line(NamedTuple):
    """A line of a cell's equations: what it computes, what that is for, and its right-hand side, names in braces."""

    name: str
    meaning: str
    right: str


class Kind(NamedTuple):
    """A cell: how it is made, its gates in the order of its weights, what its sigmoids and tanhs compute in order."""

    make: type[Any]
    gates: str
    activations: Sequence[str]
    lines: Sequence[Line]


def gate(g: str) -> str:
    return f"{{W_i{g}}} {{x_t}} + {{W_h{g}}} {{h_prev}} + {{b_{g}}}"


KINDS: dict[str, Kind] = {
    "rnn": Kind(RNNCell, "h", ["h_t"], [Line("h_t", "the new state", f"tanh({gate('h')})")]),
    "lstm": Kind(
        LSTMCell,
        "ifgo",
        ["i_t", "f_t", "g_t", "o_t"],
        [
            Line("i_t", "what to write", f"σ({gate('i')})"),
            Line("f_t", "what to keep", f"σ({gate('f')})"),
            Line("g_t", "the candidate", f"tanh({gate('g')})"),
            Line("o_t", "what to show", f"σ({gate('o')})"),
            Line("c_t", "the information highway", "{f_t} × {c_prev} + {i_t} × {g_t}"),
            Line("h_t", "what is shown of it", "{o_t} × tanh({c_t})"),
        ],
    ),
    "gru": Kind(
        GRUCell,
        "rzn",
        ["r_t", "z_t", "n_t"],
        [
            Line("r_t", "what of the past the candidate sees", f"σ({gate('r')})"),
            Line("z_t", "how much of the past stays", f"σ({gate('z')})"),
            Line("n_t", "the candidate", "tanh({W_in} {x_t} + {b_in} + {r_t} × ({W_hn} {h_prev} + {b_hn}))"),
            Line("h_t", "between the candidate and the past", "(1 − {z_t}) × {n_t} + {z_t} × {h_prev}"),
        ],
    ),
}


def cell(
    kind: CellKind,
    x: Sequence[float] = (1.0, -0.5, 0.8, 0.0),
    *,
    module: Any = None,
    to: str | Path | None = None,
) -> Picture:
    """Draw a cell of one unit that reads x_0 .. x_{T-1} from a zero state, with its numbers at the last step.

    `to` writes the picture (.svg), or the page that goes through every line of every step (.html). `module` is an
    `RNNCell`, `LSTMCell` or `GRUCell` of input and hidden size 1, a trained one, say; without it one is made up, always
    the same. The numbers are those that the module computes.
    Raises ConfigError for another kind, an empty x, or a module of another size.

    >>> cell("gru").title
    'A GRU cell, gate by gate'
    """
    if kind not in KINDS:
        raise ConfigError(f"cell({kind!r}): expected one of {', '.join(KINDS)}.")
    if not len(x):
        raise ConfigError("cell(x=[]): at least one number to read.")
    module = example(kind) if module is None else checked(module, kind)
    title = f"{'An' if kind in ('rnn', 'lstm') else 'A'} {kind.upper()} cell, gate by gate"
    moments = list(walked(kind, module, x))
    picture = cell_picture(kind, moments[-1], title)
    if to is not None and Path(to).suffix == ".html":
        cell_page(kind, moments, title).save(to)
    elif to is not None:
        picture.save(to)
    return picture


def example(kind: str) -> Any:
    """Return a cell with weights that leave every gate something to do."""
    module = KINDS[kind].make(1, 1, dtype="float64")
    rng = np.random.default_rng(91)
    module.load_state_dict({name: rng.uniform(-2, 2, p.shape).round(2) for name, p in module.named_parameters()})
    return module


def checked(module: Any, kind: str) -> Any:
    """Return a module if it is the cell that was asked for and small enough to be drawn."""
    if not isinstance(module, KINDS[kind].make) or (module.input_size, module.hidden_size) != (1, 1):
        raise ConfigError(
            f"cell({kind!r}, module={module!r}): expected a {KINDS[kind].make.__name__}(1, 1), one input and one unit."
        )
    if kind == "gru" and not module.reset_after:
        raise ConfigError("cell('gru') draws the form with reset_after=True.")
    if getattr(module, "nonlinearity", "tanh") != "tanh":
        raise ConfigError("cell('rnn') draws the form with tanh.")
    return module


def walked(kind: str, module: Any, x: Sequence[float]) -> Iterator[Moment]:
    """Let the module read x, and yield every line of its equations with what it computed."""
    _, gates, activations, lines = KINDS[kind]
    weights = numbers_of(module, gates)
    state = {"h_prev": 0.0} | ({"c_prev": 0.0} if kind == "lstm" else {})
    for t, x_t in enumerate(x):
        parts = [Tensor([[part]], dtype=module.weight_ih.dtype) for part in state.values()]
        with record() as tape:
            result = module(Tensor([[x_t]], dtype=module.weight_ih.dtype), tuple(parts) if len(parts) > 1 else parts[0])
        made = [one(entry) for entry in tape.nodes if entry.op in ("sigmoid", "tanh")]
        after = [part.item() for part in (result if isinstance(result, tuple) else (result,))]
        values = {"x_t": float(x_t), **state, **dict(zip(activations, made, strict=False))}
        values |= dict(zip(("h_t", "c_t"), after, strict=False))
        for line in lines:
            numbers = filled(line.right, weights | values, with_names=False)
            equation = filled(line.right, weights | values, with_names=True)
            yield Moment(t, line.name, line.meaning, equation, f"{numbers} = {number(values[line.name])}", values)
        state = {f"{name[0]}_prev": values[f"{name[0]}_t"] for name in state}


def numbers_of(module: Any, gates: str) -> dict[str, float]:
    """Return every weight of a cell of one unit by its name in the equations; b_g is b_ig + b_hg."""
    found = {}
    for k, g in enumerate(gates):
        b_i, b_h = (b.detach()[k].item() for b in (module.bias_ih, module.bias_hh)) if module.bias else (0.0, 0.0)
        found[f"W_i{g}"], found[f"W_h{g}"] = (w.detach()[k, 0].item() for w in (module.weight_ih, module.weight_hh))
        found[f"b_i{g}"], found[f"b_h{g}"], found[f"b_{g}"] = b_i, b_h, b_i + b_h
    return found


def filled(right: str, values: dict[str, float], *, with_names: bool) -> str:
    """Return the right-hand side of a line in letters, or with a number for every name; products get their sign.

    >>> filled("{a} {b} + {c}", {"a": 0.5, "b": -1.0, "c": 2.0}, with_names=False)
    '0.500 × (−1.000) + 2.000'
    """
    if with_names:
        return right.replace("{", "").replace("}", "")
    right = right.replace("} {", "} × {")
    return re.sub(r"\{(\w+)\}", lambda name: bracketed(values[name[1]]), right)


def bracketed(value: float) -> str:
    return number(value) if value >= 0 else f"({number(value)})"


def number(value: float) -> str:
    return f"{value:.3f}".replace("-", "−")


def one(entry: Entry) -> float:
    """Return the number that an operation made."""
    if entry.value is None or entry.value.max is None:
        raise AnomalyError(f"{entry.op} made a number that is not finite.")
    return entry.value.max
