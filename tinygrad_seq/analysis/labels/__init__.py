"""Exact labels of texts, character by character: what a cell might stand for."""

from .c import C, CText
from .choice import chosen, known, usual
from .label import Label, matching
from .lines import ANY_TEXT, SPEAKER
from .python import PYTHON, PythonText

__all__ = ["ANY_TEXT", "C", "PYTHON", "SPEAKER", "CText", "Label", "PythonText", "chosen", "known", "matching", "usual"]
