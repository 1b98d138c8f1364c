"""Exercises that grade themselves: a stub to fill in, and checks that say in words what they expected."""

from .answer import load
from .catalogue import EXERCISES, Check, Exercise
from .folder import answers
from .grading import Outcome, check, gradescope
from .process import Graded, graded
from .stub import new

__all__ = [
    "EXERCISES",
    "Check",
    "Exercise",
    "Graded",
    "Outcome",
    "answers",
    "check",
    "graded",
    "gradescope",
    "load",
    "new",
]
