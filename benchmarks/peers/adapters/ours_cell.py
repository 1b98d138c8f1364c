"""This library, cell by cell: `nn.LSTMCell`, one call a step, and the training step with `path="cell"`."""

import tinygrad_seq as tg
from tinygrad_seq import nn

from ...training_step import TrainingStep
from ..workloads import H, lstm_arrays
from .ours import case

DISTRIBUTION = "tinygrad_seq"


def lstm(T):
    (W_x, W_h, b), xs, zeros = lstm_arrays(T)
    cell = nn.LSTMCell(H, H)
    cell.load_state_dict({"weight_ih": W_x.T, "weight_hh": W_h.T, "bias_ih": b, "bias_hh": 0 * b})
    xs, zeros = [tg.tensor(x_t) for x_t in xs], tg.tensor(zeros)

    def forward():
        state = (zeros, zeros)
        for x_t in xs:
            state = cell(x_t, state)
        return state[0].sum()

    return case(forward, list(cell.parameters()))


def train(task):
    return TrainingStep(task, path="cell")
