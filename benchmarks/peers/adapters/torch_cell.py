"""PyTorch's cells, one call a step."""

import torch
from torch import nn

from ..workloads import WRITER, H, lstm_arrays
from .torch import Net, case, training, writing

DISTRIBUTION = "torch"

CELLS = {"lstm": nn.LSTMCell, "gru": nn.GRUCell, "rnn": nn.RNNCell}


def lstm(T):
    (W_x, W_h, b), xs, zeros = lstm_arrays(T)
    cell = nn.LSTMCell(H, H)
    arrays = {"weight_ih": W_x.T, "weight_hh": W_h.T, "bias_ih": b, "bias_hh": 0 * b}
    cell.load_state_dict({name: torch.tensor(array) for name, array in arrays.items()})
    xs, zeros = [torch.tensor(x_t) for x_t in xs], torch.tensor(zeros)

    def forward():
        state = (zeros, zeros)
        for x_t in xs:
            state = cell(x_t, state)
        return state[0].sum()

    return case(forward, list(cell.parameters()))


class Loop(nn.ModuleList):
    """One cell a layer, over time by a loop in Python."""

    def forward(self, xs, states=None):
        states = [None] * len(self) if states is None else states
        outputs = []
        for h_t in xs:
            for k, cell in enumerate(self):
                states[k] = cell(h_t, states[k])
                h_t = states[k][0] if isinstance(cell, nn.LSTMCell) else states[k]
            outputs.append(h_t)
        return torch.stack(outputs), states


def loop(task):
    sizes = [task.features] + [task.H] * (task.layers - 1)
    return Net(task, Loop(CELLS[task.cell](size, task.H) for size in sizes))


def train(task):
    return training(task, loop(task))


def write():
    return writing(loop(WRITER))
