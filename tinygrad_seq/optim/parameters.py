"""What an optimizer updates: parameters with the names they came with, each once, in groups with their settings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from ..errors import ConfigError
from ..tensor import Tensor

__all__ = ["Groups", "Parameters", "grouped", "named"]


class HasParameters(Protocol):
    """All that `optim` knows of a module."""

    def named_parameters(self) -> Iterable[tuple[str, Tensor]]:
        """Return every parameter with its name."""


Parameters = HasParameters | Iterable[Tensor] | Iterable[tuple[str, Tensor]]
Groups = Iterable[Mapping[str, Any]]

FORMS = "a module, a list of parameters, or (name, parameter) pairs"


def named(source: Any, who: str) -> list[tuple[str | None, Tensor]]:
    """Return the parameters with the names that came with them, a tied one once, under its first name.

    A frozen parameter of a module is among them. Raises ConfigError for what cannot be trained, and for nothing at all.
    """
    items = source.named_parameters() if hasattr(source, "named_parameters") else source
    if isinstance(items, Tensor) or not isinstance(items, Iterable):
        raise ConfigError(f"{who} takes {FORMS}, and got one {type(source).__name__}.\n    Put it in a list: [w].")
    unique: dict[int, tuple[str | None, Tensor]] = {}
    for item in items:
        name, parameter = item if isinstance(item, tuple) else (None, item)
        check_trainable(parameter, name, who)
        unique.setdefault(id(parameter), (name, parameter))
    if not unique:
        raise ConfigError(
            f"{who} got no parameters."
            "\n    A generator such as model.parameters() can be read only once: pass the model itself, or a list."
        )
    return list(unique.values())


def check_trainable(parameter: object, name: str | None, who: str) -> None:
    """Raise ConfigError unless this is a leaf; a plain tensor must require a gradient, a module's may be frozen."""
    if not isinstance(parameter, Tensor):
        hint = "\n    Of a dict of parameters pass .items()." if isinstance(parameter, str) else ""
        raise ConfigError(f"{who} takes {FORMS}, and found {type(parameter).__name__} among them.{hint}")
    label = f"'{name}'" if name else f"the tensor of shape {parameter.shape}"
    if not parameter.is_leaf:
        raise ConfigError(
            f"{who}: {label} is the result of {parameter.node.op.name}, and only leaves can be updated."
            "\n    Compute first, then ask for the gradient: w = (tg.randn(3) * 0.1).requires_grad_()."
        )
    if type(parameter) is Tensor and not parameter.requires_grad:
        raise ConfigError(
            f"{who}: {label} has requires_grad=False, so it would never change."
            "\n    Make it with requires_grad=True, or leave it out."
        )


def grouped(params: Parameters | Groups, defaults: Mapping[str, Any], who: str) -> list[dict[str, Any]]:
    """Return groups of parameters with their names and all their settings; parameters given without groups form one.

    A parameter that came without a name is called by its position among all.
    """
    groups: list[dict[str, Any]] = []
    group_of: dict[int, int] = {}
    taken: set[str] = set()
    for i, source in enumerate(as_groups(params, who)):
        if "params" not in source:
            raise ConfigError(f"{who}: parameter group {i} has no 'params'.")
        settings = {name: value for name, value in source.items() if name != "params"}
        check_settings_known(settings, defaults, f"{who}, parameter group {i}")
        group: dict[str, Any] = {"params": [], "names": [], **defaults, **settings}
        for given, parameter in named(source["params"], who):
            name = str(len(taken)) if given is None else given
            if group_of.setdefault(id(parameter), i) != i:
                raise ConfigError(
                    f"{who}: parameter '{name}' is in group {group_of[id(parameter)]} and again in group {i}."
                    "\n    Its settings can only be those of one: leave it out of the other."
                )
            if name in taken:
                raise ConfigError(f"{who}: two parameters are called '{name}', and state is kept by name.")
            taken.add(name)
            group["params"].append(parameter)
            group["names"].append(name)
        groups.append(group)
    return groups


def as_groups(params: Any, who: str) -> list[Any]:
    if isinstance(params, Mapping):
        raise ConfigError(
            f"{who} takes {FORMS}, or a list of groups, and got one dict."
            "\n    Of a dict of parameters pass .items(); put a group in a list."
        )
    if hasattr(params, "named_parameters") or isinstance(params, Tensor) or not isinstance(params, Iterable):
        return [{"params": params}]
    items = list(params)
    return items if items and all(isinstance(item, Mapping) for item in items) else [{"params": items}]


def check_settings_known(settings: Mapping[str, Any], defaults: Mapping[str, Any], who: str) -> None:
    unknown = [name for name in settings if name not in defaults]
    if unknown:
        raise ConfigError(f"{who}: there is no setting '{unknown[0]}'. There are {', '.join(defaults)}.")
