"""Backends against each other: they have to agree, then they are timed, beside what the machine can do."""

from .cases import Case, Size, cases
from .contenders import Contender, contenders
from .machine import machine
from .results import Crossover, Machine, NoRoom, Row, Runner, crossovers, from_json, to_json
from .run import compared, runners
from .timing import WARM, Timing
from .work import Work

__all__ = [
    "WARM", "Case", "Contender", "Crossover", "Machine", "NoRoom", "Row", "Runner", "Size", "Timing", "Work", "cases",
    "compared", "contenders", "crossovers", "from_json", "machine", "runners", "to_json",
]  # fmt: skip
