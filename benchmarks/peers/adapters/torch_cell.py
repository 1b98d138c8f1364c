"""PyTorch's `nn.LSTMCell`, one call a step."""

import torch

from ..workloads import H, lstm_arrays
from .torch import case

DISTRIBUTION = "torch"


def lstm(T):
    (W_x, W_h, b), xs, zeros = lstm_arrays(T)
    cell = torch.nn.LSTMCell(H, H)
    arrays = {"weight_ih": W_x.T, "weight_hh": W_h.T, "bias_ih": b, "bias_hh": 0 * b}
    cell.load_state_dict({name: torch.tensor(array) for name, array in arrays.items()})
    xs, zeros = [torch.tensor(x_t) for x_t in xs], torch.tensor(zeros)

    def forward():
        state = (zeros, zeros)
        for x_t in xs:
            state = cell(x_t, state)
        return state[0].sum()

    return case(forward, list(cell.parameters()))
