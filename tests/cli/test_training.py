"""`train`: what it writes, how it goes on, and what Ctrl-C leaves."""

from __future__ import annotations
