"""Along a straight line: warm-up, or decay to zero; then another schedule."""

from __future__ import annotations

from ...errors import ConfigError
from ..optimizer import Optimizer
from .scheduler import ClosedFormLR


class LinearLR(ClosedFormLR):
    """From start_factor to end_factor times the learning rate in total_iters steps; after that `then` takes over.

    ```
    lr_t = lr_0 (start_factor + (end_factor - start_factor) min(t, total_iters) / total_iters)
    lr_t = then's lr_(t - total_iters)                            # t >= total_iters, if there is a `then`
    ```

    Call the `step` of this one only. PyTorch: the same; with `then` it is its
    `SequentialLR([LinearLR(...), then], milestones=[total_iters])`. Warm-up: Goyal et al. 2017, section 2.2.

    >>> import tinygrad_seq as tg
    >>> from tinygrad_seq.optim import SGD
    >>> from tinygrad_seq.optim.lr_scheduler import StepLR
    >>> optimizer = SGD([tg.tensor(1.0, requires_grad=True)], lr=8.0)
    >>> scheduler = LinearLR(optimizer, 0.25, total_iters=3, then=StepLR(optimizer, step_size=2, gamma=0.5))
    >>> rates = [optimizer.param_groups[0]["lr"]]
    >>> for _ in range(6):
    ...     scheduler.step()
    ...     rates += scheduler.get_last_lr()
    >>> rates
    [2.0, 4.0, 6.0, 8.0, 8.0, 4.0, 4.0]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        start_factor: float = 1 / 3,
        end_factor: float = 1.0,
        total_iters: int = 5,
        then: ClosedFormLR | None = None,
    ) -> None:
        if not 0 < start_factor <= 1 or not 0 <= end_factor <= 1 or total_iters < 1:
            raise ConfigError(
                "LinearLR: start_factor must be above 0 and at most 1, end_factor from 0 to 1, total_iters 1 or more;"
                f" got {start_factor}, {end_factor} and {total_iters}."
            )
        if then is not None and then.optimizer is not optimizer:
            raise ConfigError("LinearLR: `then` belongs to another optimizer.")
        self.start_factor = start_factor
        self.end_factor = end_factor
        self.total_iters = total_iters
        self.then = then
        # What `then` began with, since it may have changed the rates when it was made.
        super().__init__(optimizer, list(then.base_lrs) if then else None)

    def lr_at(self, t: int, base: float) -> float:
        """Return base times the factor reached at t, or what `then` gives."""
        if self.then is not None and t >= self.total_iters:
            return self.then.lr_at(t - self.total_iters, base)
        done = (self.end_factor - self.start_factor) * min(self.total_iters, t) / self.total_iters
        return base * (self.start_factor + done)
