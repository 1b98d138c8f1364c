"""Files whose docstrings are not collected, since importing them needs what may not be installed: numba, CuPy."""

from __future__ import annotations

from importlib.util import find_spec

collect_ignore = [f"tinygrad_seq_cupy/{name}.py" for name in ("gpu", "indexing", "namespace")]
if not (find_spec("numba") and find_spec("scipy")):
    collect_ignore.append("tinygrad_seq_numpy/compiled")
