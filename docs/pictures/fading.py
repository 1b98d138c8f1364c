"""Draw the README's picture of a gradient that fades along a plain RNN and lives along an LSTM's cell state.

    python docs/pictures/fading.py

Writes fading.svg beside this file. Both nets are as they were initialised, untrained: 16 hidden units, the LSTM with
its forget gate open. The loss is the sum of both nets' last hidden states.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

import tinygrad_seq as tg
from tinygrad_seq import nn, scope, viz

HERE = Path(__file__).parent
T, H = 20, 16
STATES = ("RNN h", "LSTM h", "LSTM c")


def weight(rng: np.random.Generator, *shape: int) -> nn.Parameter:
    return nn.Parameter(rng.uniform(-1, 1, shape) / np.sqrt(H))


class Side(nn.Module):
    """The same inputs through an RNN and an LSTM, each written out, every state made under its own name."""

    def __init__(self) -> None:
        rng = np.random.default_rng(0)
        self.W_rnn, self.W_lstm = weight(rng, H, H), weight(rng, 2 * H, 4 * H)

    def forward(self, xs: list[tg.Tensor]) -> tg.Tensor:
        h = h_lstm = c = tg.zeros((1, H))
        for x_t in scope.steps(xs):
            with scope.module("RNN h"):
                h = tg.tanh(x_t + h @ self.W_rnn)
            i_t, f_t, g_t, o_t = tg.split(tg.concat([x_t, h_lstm], axis=-1) @ self.W_lstm, 4, axis=-1)
            with scope.module("LSTM c"):
                c = tg.sigmoid(f_t + 5.0) * c + tg.sigmoid(i_t) * tg.tanh(g_t)
            with scope.module("LSTM h"):
                h_lstm = tg.sigmoid(o_t) * tg.tanh(c)
        return h.sum() + h_lstm.sum()


def main() -> None:
    rng = np.random.default_rng(1)
    model, xs = Side(), [tg.tensor(rng.standard_normal((1, H))) for _ in range(T)]
    with tg.record() as tape:
        model(xs).backward()
    steps = tape.steps()
    rows = {state: [steps[f"Side.{state}", t][-1].gradient.norm for t in range(T)] for state in STATES}
    picture = viz.fade(rows, "The gradient of the last hidden states on its way back through an RNN and an LSTM")
    print("wrote", picture.save(HERE / "fading.svg"))


if __name__ == "__main__":
    main()
