"""All exercises, in the order of the lecture."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np

from ..errors import ConfigError
from . import probes, properties

__all__ = ["EXERCISES", "Exercise", "found"]


class Exercise(NamedTuple):
    """An exercise: what it is about, the tutorial before it, what is asked of an answer, and what must hold of it.

    `probe` calls the student's functions on fixed inputs and returns what they said, by case; `property` raises
    WrongAnswerError.
    """

    name: str
    about: str
    tutorial: str
    probe: Callable[[ModuleType], Mapping[str, np.ndarray]]
    property_says: str
    property: Callable[[Any], None]


EXERCISES = {
    exercise.name: exercise
    for exercise in (
        Exercise(
            "topological_backward",
            "gradients through a graph, each node after all that read it",
            "03",
            probes.topological_backward,
            "graphs of any depth",
            properties.deep_graph,
        ),
        Exercise(
            "broadcast_sum",
            "the gradient of what was broadcast",
            "01",
            probes.broadcast_sum,
            "the gradient agrees with differences",
            properties.sum_agrees_with_differences,
        ),
        Exercise(
            "rnn_step",
            "one step of the RNN, forward and backward",
            "03",
            probes.rnn_step,
            "the gradients agree with differences",
            properties.step_agrees_with_differences,
        ),
        Exercise("unroll", "an RNN over a sequence", "03", probes.unroll, "the past alone counts", properties.causal),
        Exercise(
            "truncated_bptt",
            "backpropagation through time in chunks",
            "04",
            probes.truncated_bptt,
            "one chunk as long as the sequence gives the full gradient",
            properties.one_chunk_agrees_with_differences,
        ),
        Exercise(
            "lstm_cell", "the LSTM", "09", probes.lstm_cell, "rows of a batch are independent", properties.lstm_rows
        ),
        Exercise(
            "gru_forms",
            "the GRU in both forms",
            "10",
            probes.gru_forms,
            "the state stays between -1 and 1",
            properties.gru_bounded,
        ),
        Exercise(
            "optimizers",
            "momentum, Adagrad, RMSProp, Adam",
            "11",
            probes.optimizers,
            "nothing given is changed",
            properties.pure_steps,
        ),
        Exercise(
            "masked_loss",
            "the loss of padded sequences",
            "05",
            probes.masked_loss,
            "large scores do no harm",
            properties.large_scores,
        ),
        Exercise(
            "find_a_cell",
            "the unit that knows a label",
            "13",
            probes.find_a_cell,
            "a planted unit is found",
            properties.planted_unit,
        ),
    )
}


def found(name: str) -> Exercise:
    """Return an exercise by name. Raises ConfigError that lists them."""
    if name not in EXERCISES:
        raise ConfigError(f"There is no exercise {name!r}. There are: {', '.join(EXERCISES)}.")
    return EXERCISES[name]
