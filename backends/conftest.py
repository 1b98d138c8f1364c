"""The compiled kernels can be imported only where numba is installed: elsewhere their docstrings are not collected."""

from __future__ import annotations

from importlib.util import find_spec

collect_ignore = [] if find_spec("numba") and find_spec("scipy") else ["tinygrad_seq_numpy/compiled"]
