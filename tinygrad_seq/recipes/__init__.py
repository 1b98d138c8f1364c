"""Recipes: a task for each shape of sequence model, with its floors, its net and settings that reach the figure."""

from .catalogue import RECIPES
from .course import Course
from .recipe import Example, Recipe, Settings, Task

__all__ = ["RECIPES", "Course", "Example", "Recipe", "Settings", "Task"]
