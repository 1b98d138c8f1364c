"""Learning rates that change in the course of training.

```
scheduler = ExponentialLR(optimizer, gamma=0.97, start=10)  # char-rnn: x 0.97 after epoch 10 and each one that follows
scheduler = LinearLR(optimizer, 0.01, total_iters=100, then=CosineAnnealingLR(optimizer, T_max=1000))  # warm-up
for epoch in ...:
    ...
    scheduler.step()
```

Names and rates are PyTorch's: to the last bit those of its closed forms, from which its step-by-step products drift by
rounding. `t` counts the calls of `step()`, be it one for each batch or one for each epoch.
"""

from __future__ import annotations

from .cosine import CosineAnnealingLR
from .exponential import ExponentialLR
from .linear import LinearLR
from .plateau import ReduceLROnPlateau
from .scheduler import ClosedFormLR, LRScheduler
from .step import StepLR

__all__ = [
    "ClosedFormLR",
    "CosineAnnealingLR",
    "ExponentialLR",
    "LRScheduler",
    "LinearLR",
    "ReduceLROnPlateau",
    "StepLR",
]
