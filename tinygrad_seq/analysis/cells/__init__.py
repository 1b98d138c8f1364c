"""Cells that mean something: which unit of a model stands for what, scored on text it was never trained on."""

from .activity import Activity, activity
from .find import Findings, find
from .passages import Passage, passages
from .scores import Cell, Finding
from .text import Part, Parts, parts

__all__ = [
    "Activity",
    "Cell",
    "Finding",
    "Findings",
    "Part",
    "Parts",
    "Passage",
    "activity",
    "find",
    "parts",
    "passages",
]
