"""The base of all optimizers: whose turn it is, with which settings, and what is remembered under which name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, NamedTuple

import numpy as np

from ..backend import Array, namespace, owner
from ..errors import BackendError, CheckpointError
from ..tensor import Tensor
from .in_place import traced
from .parameters import Groups, Parameters, grouped
from .settings import checked

__all__ = ["Optimizer", "Slots"]

Slots = dict[str, Array]


class Update(NamedTuple):
    """What one step of a parameter reads."""

    name: str
    parameter: Tensor
    g: Any
    slots: Slots


class Optimizer:
    """Updates parameters from their gradients.

    An optimizer of your own is one pure function, `update(xp, t, p, g, **slots, **settings)`: from the array functions,
    the step number t = 1, 2, ..., a parameter's array, its gradient, what is remembered of it, and the settings, it
    makes the new array and what to remember. `slots` names what is remembered, with the number that fills it at first.

    >>> import tinygrad_seq as tg
    >>> class SignSGD(Optimizer):
    ...     def __init__(self, params, lr=0.1):
    ...         super().__init__(params, lr=lr)
    ...
    ...     @staticmethod
    ...     def update(xp, t, p, g, *, lr):
    ...         return p - lr * xp.sign(g), {}
    >>> w = tg.tensor([1.0, -2.0], requires_grad=True)
    >>> optimizer = SignSGD([w])
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    >>> w
    tensor([ 0.9, -1.9], requires_grad=True)

    Args:
        params: a module, parameters, (name, parameter) pairs, or groups: dicts with `params` in one of these forms and
            the settings in which the group differs. A parameter that occurs twice (tied weights) is updated once; a
            frozen parameter of a module is passed over until it is thawed.
        defaults: the settings of groups that do not say otherwise.

    Attributes:
        param_groups: a dict for each group: `params`, their `names`, and settings, which may be changed at any time.
        state: `state[name][slot]`, arrays on the parameter's backend and of its type. The name is the one that came
            with the parameter; without one, its position among all parameters ("0", "1", ...).
        steps: `steps[name]`, how often that parameter has been updated.

    Raises:
        ConfigError: no parameters, a tensor that is no leaf, a parameter in two groups, or a setting out of range.
    """

    update: ClassVar[Callable[..., tuple[Any, dict[str, Any]]]]

    def __init__(self, params: Parameters | Groups, **defaults: Any) -> None:
        self.param_groups = grouped(params, defaults, type(self).__name__)
        self.state: dict[str, Slots] = {}
        self.steps: dict[str, int] = {}
        for group in self.param_groups:
            self.settings(group)

    def settings(self, group: Mapping[str, Any]) -> dict[str, Any]:
        """Return a group's settings as plain numbers; raises ConfigError for those out of range."""
        own = {name: value for name, value in group.items() if name not in {"params", "names"}}
        return checked(own, type(self).__name__)

    def slots(self, settings: Mapping[str, Any]) -> dict[str, float]:
        """Return what is remembered of a parameter, by name, with the number it starts from."""
        return {}

    def step(self) -> None:
        """Update every parameter that has a gradient; one whose `.grad` is None keeps its value and its step count."""
        for group in self.param_groups:
            settings = self.settings(group)
            starts = self.slots(settings)
            together: dict[Any, list[Update]] = {}  # by all that the text of an update depends on
            for name, parameter in zip(group["names"], group["params"], strict=True):
                if parameter.grad is not None:
                    p, g = parameter.data, parameter.grad.data
                    update = Update(name, parameter, g, self.slots_of(name, p, g, starts))
                    together.setdefault((self.steps.get(name, 0) + 1, namespace(p), p.dtype), []).append(update)
            for (t, _, dtype), updates in together.items():
                self.run(t, dtype, updates, settings)

    def slots_of(self, name: str, p: Any, g: Any, starts: Mapping[str, float]) -> Slots:
        """Return what is remembered of a parameter, filled in where there is nothing yet."""
        slots = self.state.get(name, {})
        check_together(f"{type(self).__name__}.step()", name, p, g, *slots.values())
        if slots.keys() == starts.keys():
            return slots
        full = namespace(p).full
        return {s: slots[s] if s in slots else full(p.shape, x, dtype=p.dtype) for s, x in starts.items()}

    def run(self, t: int, dtype: Any, updates: list[Update], settings: Mapping[str, Any]) -> None:
        """Make step t of some parameters of one type and backend: in place where that can be, else as written."""
        by, names = f"{type(self).__name__}.step()", list(self.slots(settings))
        program = traced(self.update, t, names, settings)
        in_place = program and owner(updates[0].g).in_place(program, dtype)
        done = [False] * len(updates)
        if in_place:
            done = in_place([[parameter.data, g, *[slots[s] for s in names]] for _, parameter, g, slots in updates])
        for (name, parameter, g, slots), is_done in zip(updates, done, strict=True):
            if is_done:
                parameter.written(by)
                self.state[name] = slots
            else:
                p = parameter.data
                p, self.state[name] = self.update(namespace(p), t, p, g, **slots, **settings)
                parameter.assign_(p, by=by)
            self.steps[name] = t

    def zero_grad(self) -> None:
        """Forget the gradients: `.grad` is None afterwards."""
        for parameter in self.parameters().values():
            if parameter.grad is not None:
                parameter.grad = None

    def parameters(self) -> dict[str, Tensor]:
        """Return all parameters by the name that their state is kept under."""
        return {n: p for group in self.param_groups for n, p in zip(group["names"], group["params"], strict=True)}

    def state_dict(self) -> dict[str, Any]:
        """Return everything that the next step depends on, copied.

        Arrays are NumPy's and stand under `state` alone: `["state"][name][slot]`. The rest goes through JSON unchanged:
        `["optimizer"]`, the class; `["groups"]`, each group's `names` and settings; `["steps"][name]`, step counts.
        """
        return {
            "optimizer": type(self).__name__,
            "groups": [{"names": list(group["names"]), **self.settings(group)} for group in self.param_groups],
            "steps": dict(self.steps),
            "state": {
                name: {slot: np.array(owner(a).to_host(a), order="C") for slot, a in slots.items()}
                for name, slots in self.state.items()
            },
        }

    def load_state_dict(self, saved: Mapping[str, Any]) -> None:
        """Go on from a `state_dict()`: parameters are found by name, in any order; settings become the saved ones.

        Raises CheckpointError that names the first parameter in which the two differ; then nothing has been changed.
        """
        kind = type(self).__name__
        if saved.get("optimizer") != kind:
            raise CheckpointError(f"this is not the state of {kind}: it says optimizer={saved.get('optimizer')!r}.")
        own = self.parameters()
        saved_group = {name: i for i, group in enumerate(saved["groups"]) for name in group["names"]}
        check_same_parameters(kind, own, saved_group, saved["state"])
        settings = []
        for group in self.param_groups:
            check_grouped_alike(kind, group["names"], saved_group)
            settings.append(self.settings(saved["groups"][saved_group[group["names"][0]]]))
        self.state = {name: placed(slots, own[name].data) for name, slots in saved["state"].items()}
        self.steps = {name: int(t) for name, t in saved["steps"].items()}
        for group, own_settings in zip(self.param_groups, settings, strict=True):
            group.update(own_settings)

    def __repr__(self) -> str:
        groups = [
            f"{len(group['params'])} parameters: " + ", ".join(f"{k}={v}" for k, v in self.settings(group).items())
            for group in self.param_groups
        ]
        return f"{type(self).__name__}({'; '.join(groups)})"


def check_together(by: str, name: str, p: Any, *others: Any) -> None:
    """Raise BackendError unless the gradient and the state of a parameter live where it does."""
    kind, home = type(p), owner(p)
    for other in others:
        if type(other) is not kind and owner(other) is not home:
            raise BackendError(
                f"{by}: parameter '{name}' is on '{home.name}', its gradient or state on '{owner(other).name}'."
                "\n    Move the model before the first step; later, move the state after it:"
                "\n    optimizer.load_state_dict(optimizer.state_dict())."
            )


def check_same_parameters(
    kind: str, own: Mapping[str, Tensor], saved: Mapping[str, int], state: Mapping[str, Mapping[str, Any]]
) -> None:
    """Raise CheckpointError that names the first parameter that only one side has, or that has another shape."""
    for name in dict.fromkeys([*own, *saved, *state]):
        if name not in saved:
            problem = "it is not in the saved state"
        elif name not in own:
            problem = "this model has no such parameter"
        else:
            misfits = [np.shape(a) for a in state.get(name, {}).values() if np.shape(a) != own[name].shape]
            if not misfits:
                continue
            problem = f"its saved state has shape {misfits[0]}, the parameter {own[name].shape}"
        raise CheckpointError(
            f"the saved state of {kind} belongs to another model. The first difference is '{name}': {problem}."
            "\n    Parameters go by name if the optimizer got a module or (name, parameter) pairs, else by position."
        )


def check_grouped_alike(kind: str, names: list[str], saved_group: Mapping[str, int]) -> None:
    """Raise CheckpointError unless one saved group has exactly these parameters."""
    mates = {name for name, i in saved_group.items() if i == saved_group[names[0]]}
    for name in sorted(mates.symmetric_difference(names)):
        raise CheckpointError(f"the saved state of {kind} has '{name}' in another parameter group.")


def placed(slots: Mapping[str, Any], p: Any) -> Slots:
    """Return saved arrays as copies on the backend of `p` and of its type."""
    return {slot: owner(p).from_host(np.array(a, dtype=p.dtype, order="C")) for slot, a in slots.items()}
