"""What a recipe says, and what it makes: data, floors, a net."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any, NamedTuple

from ..errors import ConfigError
from ..models.cells import CellName
from ..nn import Module

__all__ = ["Example", "Figures", "Recipe", "Settings", "Task"]

Figures = dict[str, float]
"""Names of measures, and what was reached; the first is the one that counts."""


class Example(NamedTuple):
    """A question that the net has not seen, the right answer ("" where there is none), and the net's."""

    given: str
    wanted: str
    said: str


@dataclass(frozen=True)
class Settings:
    """What decides a course; None means that a recipe has no such thing.

    Attributes:
        train, test: how many examples to draw to learn from, and how many to be measured on; 0 takes what there is.
        bidirectional: whether an encoder that is looked at reads both ways.
        data: files of your own in the place of what the recipe draws; "" takes that.
    """

    hidden_size: int
    steps: int
    batch_size: int
    lr: float
    cell: CellName | None = None
    attention: bool | None = None
    bidirectional: bool = False
    train: int = 0
    test: int = 0
    data: str | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("hidden_size", "steps", "batch_size"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name}={getattr(self, name)}: at least 1 is expected.")


class Task(ABC):
    """A recipe laid out: examples, and a net that is to learn them.

    Attributes:
        model: has `loss(batch, state)`.
        unit: what the loss is a mean over.
        units: how many of them a batch has.
    """

    model: Module
    unit: str
    units: int

    @abstractmethod
    def batches(self, steps: int) -> Iterator[Any]:
        """Yield what the model's loss takes, step by step."""

    @abstractmethod
    def floors(self) -> dict[str, Figures]:
        """Return what is reached on the test examples without understanding the task, by the way it is done."""

    @abstractmethod
    def measure(self) -> Figures:
        """Return what the net reaches on the test examples, left to itself."""

    @abstractmethod
    def examples(self) -> list[Example]:
        """Return test examples with the net's answers."""

    @abstractmethod
    def describe(self) -> str:
        """Return in a line what there is to learn from, and to be tested on."""


@dataclass(frozen=True)
class Recipe:
    """A task, and settings that reach its figure.

    Attributes:
        shape: what goes in and comes out, as in "one-to-many".
        about: the task in a few words.
        settings: what it is trained with if nothing else is said.
        make: lays it out.
        less_is_better: whether the figure is a loss.
    """

    name: str
    shape: str
    about: str
    settings: Settings
    make: Callable[[Settings], Task]
    less_is_better: bool = False

    def changed(self, **given: Any) -> Settings:
        """Return the settings with some of them changed. Raises ConfigError for one that this recipe has not."""
        for name in given:
            if asdict(self.settings)[name] is None:
                raise ConfigError(f"the recipe {self.name} has no {name}: leave it out.")
        return replace(self.settings, **given)

    def beats(self, figures: Figures, floors: dict[str, Figures]) -> bool:
        """Tell whether the figure that counts is better than that of every floor."""
        sign = -1 if self.less_is_better else 1
        name = next(iter(figures))
        return all(sign * figures[name] > sign * floor[name] for floor in floors.values())
