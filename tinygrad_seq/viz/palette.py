"""The colours of pictures and pages, by day and by night."""

from __future__ import annotations

__all__ = ["DARK", "LIGHT"]

# Text in --ink is readable on --heat and --cold of any opacity over --paper: WCAG asks for a contrast of 4.5, and a
# test does.
LIGHT = """--ink: #1c2530; --soft: #5b6773; --paper: #ffffff; --wash: #f3f5f7; --line: #d5dbe1; --hot: #b3450a;
  --heat: #ec7a2b; --cold: #5b9bd5;"""
DARK = """--ink: #e8edf2; --soft: #9aa7b4; --paper: #14191f; --wash: #1c232b; --line: #37414c; --hot: #ff9b5e;
  --heat: #a84f1a; --cold: #2f6496;"""
