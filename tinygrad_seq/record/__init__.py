"""The one record of a run: what pictures, pages and analyses are made from, live or from a graph that stands."""

from .entries import Entry, Sent, Walk
from .recorder import record
from .summary import Summary
from .tape import Record

__all__ = ["Entry", "Record", "Sent", "Summary", "Walk", "record"]
