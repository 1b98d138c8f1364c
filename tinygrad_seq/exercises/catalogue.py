"""All exercises, in the order of the lecture."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from ..errors import ConfigError
from . import gradients, properties
from .answer import Answer
from .expected import compare
from .probes import PROBES

__all__ = ["EXERCISES", "Check", "Exercise", "found"]

VALUES_POINTS, OTHER_POINTS = 6.0, 2.0
"""What the values of an exercise are worth together, and what each of its two other checks is."""


class Check(NamedTuple):
    """One check: what it asks, how many points it is worth, and what raises WrongAnswerError where it does not hold."""

    name: str
    points: float
    run: Callable[[Answer], None]


class Exercise(NamedTuple):
    """An exercise: what it is about, the tutorial before it, and its checks, worth 10 points together.

    6 points are for values on fixed inputs, in equal parts where these are of several functions. 2 are for a gradient
    against differences and 2 for a property; where nothing has a gradient there are two properties.
    `returns` is False where the answer returns nothing and writes into what it was given.
    """

    name: str
    about: str
    tutorial: str
    checks: tuple[Check, ...]
    returns: bool = True


def exercise(
    name: str,
    about: str,
    tutorial: str,
    *others: tuple[str, Callable[[Answer], None]],
    returns: bool = True,
) -> Exercise:
    """Return an exercise: its values by the probes of that name, and its two other checks."""
    share = VALUES_POINTS / len(PROBES[name])
    values = [Check(f"values: {of}", share, partial(compare, name, probe)) for of, probe in PROBES[name].items()]
    return Exercise(
        name, about, tutorial, (*values, *(Check(says, OTHER_POINTS, run) for says, run in others)), returns
    )


EXERCISES = {
    one.name: one
    for one in (
        exercise(
            "topological_backward",
            "gradients through a graph, each node after all that read it",
            "03",
            ("gradient: a graph of products agrees with differences", gradients.graph_agrees),
            ("property: graphs of any depth", properties.deep_graph),
            returns=False,
        ),
        exercise(
            "broadcast_sum",
            "the gradient of what was broadcast",
            "01",
            ("gradient: agrees with differences", gradients.sum_agrees),
            ("property: the operand's shape, and nothing lost", properties.sum_is_kept),
        ),
        exercise(
            "rnn_step",
            "one step of the RNN, forward and backward",
            "03",
            ("gradient: all five agree with differences", gradients.step_agrees),
            ("property: one unit alone answers with its row of the weights", properties.one_unit_alone),
        ),
        exercise(
            "unroll",
            "an RNN over a sequence",
            "03",
            ("gradient: differences agree with our engine", gradients.unroll_agrees),
            ("property: read in two parts it says the same", properties.two_parts),
        ),
        exercise(
            "truncated_bptt",
            "backpropagation through time in chunks",
            "04",
            ("gradient: agrees with our engine, state detached between chunks", gradients.truncated_agrees),
            ("property: an error reaches back to the start of its chunk", properties.reaches_back),
        ),
        exercise(
            "lstm_cell",
            "the LSTM",
            "09",
            ("gradient: differences agree with our engine", gradients.lstm_agrees),
            ("property: gates that are open or shut", properties.gates_alone),
        ),
        exercise(
            "gru_forms",
            "the GRU in both forms",
            "10",
            ("gradient: differences agree with our engine", gradients.gru_agrees),
            ("property: gates that are open or shut", properties.resets_alone),
        ),
        exercise(
            "optimizers",
            "momentum, Adagrad, RMSProp, Adam",
            "11",
            ("property: the steps on a constant gradient", properties.constant_gradient),
            ("property: nothing given is changed", properties.given_is_kept),
        ),
        exercise(
            "masked_loss",
            "the loss of padded sequences",
            "05",
            ("gradient: differences agree with our engine", gradients.loss_agrees),
            ("property: padding, repetition and a constant change nothing", properties.indifferent_loss),
        ),
        exercise(
            "find_a_cell",
            "the unit that knows a label",
            "13",
            ("property: signs and labels turned round", properties.turned_round),
            ("property: how often the label comes is no matter", properties.rare_as_often),
        ),
    )
}


def found(name: str) -> Exercise:
    """Return an exercise by name. Raises ConfigError that lists them."""
    if name not in EXERCISES:
        raise ConfigError(f"There is no exercise {name!r}. There are: {', '.join(EXERCISES)}.")
    return EXERCISES[name]
