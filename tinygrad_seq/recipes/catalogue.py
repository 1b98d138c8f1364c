"""All recipes, by their names, in the order of the lecture's shapes."""

from __future__ import annotations

from .addition import ADDITION
from .captions import CAPTIONS
from .characters import CHARACTERS
from .dates import DATES
from .digits import DIGITS
from .numbers import NUMBERS
from .recipe import Recipe
from .sentiment import SENTIMENT

__all__ = ["RECIPES"]

RECIPES: dict[str, Recipe] = {
    recipe.name: recipe for recipe in (DIGITS, CAPTIONS, SENTIMENT, DATES, NUMBERS, ADDITION, CHARACTERS)
}
