"""Who races: every optimizer of `optim`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from ... import optim
from ...optim import Optimizer
from ...tensor import Tensor

__all__ = ["CONTENDERS", "RATES", "Contender"]

RATES = (1e-3, 3e-3, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0)
"""The learning rates among which each finds its own."""


class Contender(NamedTuple):
    """An optimizer in the race: its name there, its class, and its settings but for the learning rate."""

    name: str
    kind: type[Optimizer]
    settings: Mapping[str, Any]

    def optimizer(self, parameters: Mapping[float, Tensor]) -> Optimizer:
        """Return the optimizer of parameters that each have a learning rate of their own."""
        make: Any = self.kind
        return make([{"params": [p], "lr": lr} for lr, p in parameters.items()], **self.settings)


CONTENDERS = (
    Contender("SGD", optim.SGD, {}),
    Contender("momentum", optim.SGD, {"momentum": 0.9}),
    Contender("momentum, lecture's form", optim.SGD, {"momentum": 0.9, "ema": True}),
    Contender("Nesterov", optim.SGD, {"momentum": 0.9, "nesterov": True}),
    Contender("Adagrad", optim.Adagrad, {}),
    Contender("Adadelta", optim.Adadelta, {}),
    Contender("RMSprop", optim.RMSprop, {"alpha": 0.9}),
    Contender("Adam", optim.Adam, {}),
    Contender("AMSGrad", optim.Adam, {"amsgrad": True}),
    Contender("AdamW", optim.AdamW, {"weight_decay": 0.001}),
)
